"""An errcode has one colour on every page, and no two codes of a chart share one."""

from hypothesis import given
from hypothesis import strategies as st

from wxadmin.handlers.admin import code_colours
from wxadmin.handlers.admin.code_colours import COLOURED
from wxadmin.wechat import errcodes

CODES = sorted({entry.code for entry in errcodes.all_entries()} | {"98765"})
sets = st.lists(st.sampled_from(CODES), unique=True, max_size=COLOURED)


@given(sets)
def test_no_two_codes_share_a_colour(codes: list[str]) -> None:
    given_colours = code_colours.of(codes)

    assert set(given_colours) == set(codes)
    assert len(set(given_colours.values())) == len(codes)
    assert set(given_colours.values()) <= set(range(1, COLOURED + 1))


@given(sets, st.randoms())
def test_how_often_a_code_is_met_changes_no_colour(codes: list[str], dice: object) -> None:
    shuffled = list(codes)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]

    assert code_colours.of(shuffled) == code_colours.of(codes)


def test_the_usual_codes_keep_theirs_whatever_stands_beside_them() -> None:
    assert code_colours.of(["40029"])["40029"] == code_colours.of(["40163", "40029", "10003", "98765"])["40029"]
