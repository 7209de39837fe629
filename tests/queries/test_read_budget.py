"""How much is looked through before a page has to be shown."""

from itertools import pairwise

import pytest

from wxadmin.queries.read_budget import ReadBudget


class Clock:
    """Shows the time that `windows` have taken."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def looked(budget: ReadBudget, clock: Clock, *, rows_a_second: float, most: int = 50_000) -> list[int]:
    found = []
    for window in budget.windows(most):
        found.append(window)
        clock.now += window / rows_a_second
    return found


def test_windows_grow_and_end_before_the_budget_does() -> None:
    clock = Clock()

    *windows, _ = looked(ReadBudget(0.08, clock), clock, rows_a_second=200_000)

    assert all(later == 2 * earlier for earlier, later in pairwise(windows))
    assert len(windows) > 3
    assert clock.now <= 100.08


@pytest.mark.parametrize("rows_a_second", [60_000, 100_000, 130_000, 190_000, 250_000])
def test_whatever_the_speed_the_last_window_is_cut_to_what_is_left(rows_a_second: int) -> None:
    clock = Clock()

    *windows, last = looked(ReadBudget(0.08, clock), clock, rows_a_second=rows_a_second)

    assert 500 <= last < 2 * windows[-1]
    assert 100.06 <= clock.now <= 100.08


def test_a_budget_that_others_have_used_up_grants_one_window() -> None:
    clock = Clock()

    assert looked(ReadBudget(-1, clock), clock, rows_a_second=200_000) == [500]


def test_a_slow_database_is_asked_for_one_window_all_the_same() -> None:
    clock = Clock()

    assert looked(ReadBudget(0.08, clock), clock, rows_a_second=1_000) == [500]


def test_a_quick_one_is_not_asked_for_more_than_the_most() -> None:
    clock = Clock()

    windows = looked(ReadBudget(0.08, clock), clock, rows_a_second=1e9, most=4_000)

    assert windows == [500, 1_000, 2_000, 500]


def test_what_a_page_reads_next_has_what_is_left() -> None:
    clock = Clock()
    budget = ReadBudget(0.08, clock)

    page = looked(budget, clock, rows_a_second=200_000)
    count = looked(budget, clock, rows_a_second=200_000)

    assert len(page) > len(count) > 1
    assert clock.now <= 100.08
