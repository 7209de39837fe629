"""Sites' own numbers for people: every ordinary one may be kept, phone and identity numbers may not."""

import string
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wxadmin.clock import utcnow
from wxadmin.security import refs

# Of the standard's own example (GB 11643), and made up.
IDENTITY = "11010519491231002X"
TODAY = utcnow().date()
PLACES = st.sampled_from(["110105", "310115", "440305", "659001", "710000", "810000", "911124"])
WEIGHTS = [2**power % 11 for power in range(17, 0, -1)]


def checked(digits: str) -> str:
    """With the sign that makes all of it, weighed by powers of two, leave 1 when divided by 11."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True))
    return digits + next(sign for sign in "0123456789X" if (total + (10 if sign == "X" else int(sign))) % 11 == 1)


@pytest.mark.parametrize(
    "ref",
    [
        "13812345678",
        "+8613812345678",
        "+86 138 1234 5678",
        "+86-138-1234-5678",
        "0086 13812345678",
        "008619912345678",
        "86 166-1234-5678",
        "8613812345678",
        "(+86) 138.1234.5678",
        " 13812345678 ",
        "１３８１２３４５６７８",
        "＋８６ １３８－１２３４－５６７８",
        "138–1234–5678",
    ],
)
def test_a_mobile_number_is_refused_however_it_is_written(ref: str) -> None:
    problem = refs.problem(ref)

    assert problem
    assert "looks like a mobile number" in problem
    assert "the site's own number" in problem
    assert ref.strip() not in problem


@pytest.mark.parametrize(
    "ref",
    [IDENTITY, IDENTITY.lower(), "110105 19491231 002X", "１１０１０５１９４９１２３１００２Ｘ", "110105491231002"],
)
def test_an_identity_number_is_refused_however_it_is_written(ref: str) -> None:
    problem = refs.problem(ref)

    assert problem
    assert "looks like an ID-card number" in problem


@given(PLACES, st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999))
def test_every_identity_number_is_refused(place: str, birthday: date, number: int) -> None:
    assert refs.problem(checked(f"{place}{birthday:%Y%m%d}{number:03}"))


@given(PLACES, st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 999))
def test_every_identity_number_of_the_last_century_is_refused(place: str, birthday: date, number: int) -> None:
    assert refs.problem(f"{place}{birthday:%y%m%d}{number:03}")


@given(PLACES, st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999), st.sampled_from("0123456789X"))
def test_a_wrong_check_sign_is_no_identity_number(place: str, birthday: date, number: int, sign: str) -> None:
    right = checked(f"{place}{birthday:%Y%m%d}{number:03}")
    assume(sign != right[-1])

    assert refs.problem(right[:-1] + sign) is None


@pytest.mark.parametrize(
    "digits",
    [
        "11010519490231002",
        "11010518991231002",
        "11010530450101002",
        "00010519491231002",
        "99010519491231002",
    ],
)
def test_nobody_is_born_on_a_day_or_at_a_place_that_is_none(digits: str) -> None:
    assert refs.problem(checked(digits)) is None


def test_nobody_is_born_after_tomorrow() -> None:
    day_after = utcnow() + timedelta(days=2)

    assert refs.problem(checked(f"110105{day_after:%Y%m%d}002")) is None


@pytest.mark.parametrize(
    "ref",
    [
        "1",
        "42",
        "10001",
        "12345678901",
        "20261113001",
        "1998-0405-777",
        "138123456789",
        "1381234567",
        "0013812345678",
        "117217304562894848",
        "1700000000000",
        "6901234567892",
        "6222021234567890123",
        "M13812345678",
        "13812345678a",
        "member-7",
        "会员 42",
        "table 7, 138 1234 567",
        "3f2b8c1e-8f6d-4f0e-9f3e-0d8c5d1f2a3b",
        "oLin5Kp0zXc1vB7nM2qW8eR4tY6u",
        "user@example.com",
        "𠮷🍵",
    ],
)
def test_an_ordinary_number_may_be_kept(ref: str) -> None:
    assert refs.problem(ref) is None


@given(st.integers(0, 10**12 - 1))
def test_a_number_of_digits_is_refused_only_where_it_could_be_dialled(number: int) -> None:
    could_be_dialled = len(str(number)) == 11 and "13" <= str(number)[:2] <= "19"

    assert (refs.problem(str(number)) is not None) is could_be_dialled


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=64))
def test_a_number_with_a_letter_in_it_may_always_be_kept(ref: str) -> None:
    assume(any(letter in string.ascii_letters for letter in ref[:-1]))

    assert refs.problem(ref) is None


@given(st.text(st.sampled_from("0123456789"), min_size=16, max_size=64))
def test_a_long_number_is_refused_only_where_it_could_be_somebodys_identity(ref: str) -> None:
    assume(len(ref) != 18 or checked(ref[:17]) != ref)

    assert refs.problem(ref) is None


@pytest.mark.parametrize("ref", ["r" * 65, "a\nb", "\0", "\u200b1", "\u202e42"])
def test_what_cannot_be_printed_or_is_too_long_is_told_so(ref: str) -> None:
    assert refs.problem(ref) == "ref must be up to 64 printable characters"
