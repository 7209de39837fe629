"""A support code survives being read out over the phone, and says so when it did not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxadmin import support_codes

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _completed(random_signs: str) -> str:
    """The code that begins so: of the 32 signs that may end it, one fits."""
    [code] = [random_signs + sign for sign in SIGNS if support_codes.read(random_signs + sign)]
    return code


codes = st.text(SIGNS, min_size=7, max_size=7).map(_completed)


@given(codes)
def test_a_code_is_read_as_it_is_stored_and_as_it_is_shown(code: str) -> None:
    shown = support_codes.show(code)

    assert support_codes.read(code) == support_codes.read(shown) == code


def test_a_code_that_was_made_is_one_that_can_be_read() -> None:
    made = [support_codes.make() for _ in range(500)]

    read = [support_codes.read(code) for code in made]

    assert read == made


def test_a_code_is_shown_in_two_halves() -> None:
    code = "K7M2Q9XD"

    shown = support_codes.show(code)

    assert shown == "K7M2-Q9XD"


@given(codes, st.integers(0, 7), st.sampled_from(SIGNS))
def test_any_one_wrong_sign_is_noticed(code: str, place: int, sign: str) -> None:
    wrong = code[:place] + sign + code[place + 1 :]

    read = support_codes.read(wrong)

    assert read == (code if sign == code[place] else None)


@given(codes, st.integers(0, 7), st.integers(0, 7))
def test_any_two_signs_swapped_are_noticed(code: str, one: int, other: int) -> None:
    signs = list(code)
    signs[one], signs[other] = signs[other], signs[one]

    read = support_codes.read("".join(signs))

    assert read == (code if signs == list(code) else None)


@given(codes, st.data())
def test_what_people_make_of_a_code_is_forgiven(code: str, data: st.DataObject) -> None:
    misread = {"0": "0oO", "1": "1iIlL"}
    signs = [data.draw(st.sampled_from(misread.get(sign, sign + sign.lower()))) for sign in code]
    gaps = data.draw(st.lists(st.sampled_from(["", " ", "-", "\u2013", "  "]), min_size=8, max_size=8))

    typed = "".join(gap + sign for gap, sign in zip(gaps, signs, strict=True)) + " \n"

    read = support_codes.read(typed)

    assert read == code


@pytest.mark.parametrize(
    "typed", ["", "-", "K7M2", "K7M2Q9XDD", "K7M2Q9X!", "问题编号在此处吗呢", "U7M2Q9XD", "K7M2\x00Q9X"]
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    read = support_codes.read(typed)

    assert read is None


@pytest.mark.parametrize("written", ["编号：{}", "{}。", "“{}”", "您的问题编号 {} ，谢谢"])
@given(code=codes)
def test_a_code_is_found_among_chinese_words_and_marks(written: str, code: str) -> None:
    read = support_codes.read(written.format(support_codes.show(code)))

    assert read == code


@given(codes, st.sampled_from(["——", "—", "－", "−", "　", "·"]))
def test_a_code_typed_on_a_chinese_keyboard_is_read(code: str, dash: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)

    read = support_codes.read(wide[:4] + dash + wide[4:])

    assert read == code


def test_codes_are_drawn_at_random() -> None:
    drawn = {support_codes.make() for _ in range(1_000)}

    firsts = {code[0] for code in drawn}

    assert len(drawn) == 1_000
    assert len(firsts) == 32


@given(codes, st.integers(0, 7))
def test_a_sign_misread_for_one_that_is_like_it_brings_the_code_back(code: str, at: int) -> None:
    for pair in ("5S", "2Z", "8B", "17", "0D", "6G"):
        if code[at] in pair:
            typed = code[:at] + pair.replace(code[at], "") + code[at + 1 :]

            assert code in support_codes.near(typed)


@pytest.mark.parametrize("typed", ["", "K7M2-Q9X", "K7M2-Q9XDX", "编号", "\0" * 8])
def test_what_is_no_code_is_near_to_none(typed: str) -> None:
    assert support_codes.near(typed) == []


@pytest.mark.parametrize(
    ("typed", "is_short"), [("K7M2-Q9X", True), ("k7m2 q9x", True), ("K7M2-Q9XD", False), ("", False)]
)
def test_a_code_of_seven_signs_is_one_short(typed: str, *, is_short: bool) -> None:
    assert support_codes.is_one_short(typed) is is_short
