"""No account makes more calls in any minute than its quota, however many processes take of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxadmin.refreshing import budgets

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# A call is made up to so much later than it was taken.
LATENESS = timedelta(seconds=5)
QUOTAS = [1, 2, 7, 60, 1_000, 50_000]


@pytest.mark.parametrize("quota", QUOTAS)
def test_whoever_takes_all_there_is_again_and_again_stays_within_the_quota(quota: int) -> None:
    taken: list[tuple[datetime, int]] = []
    until = None
    for step in range(3_000):
        now = NOW + step * timedelta(milliseconds=50)
        calls = budgets.allowance(quota, until, now)
        if calls:
            until = budgets.taken(quota, until, now, calls)
            taken.append((now, calls))

    assert _most_in_a_minute(taken) <= quota
    assert sum(calls for _, calls in taken) >= 2 * quota * 0.7


@given(st.sampled_from(QUOTAS), st.lists(st.tuples(st.floats(0, 30), st.integers(0, 60_000)), max_size=40))
def test_no_way_of_taking_gets_more_than_the_quota(quota: int, steps: list[tuple[float, int]]) -> None:
    taken: list[tuple[datetime, int]] = []
    now, until = NOW, None
    for pause, wanted in steps:
        now += timedelta(seconds=pause)
        calls = min(wanted, budgets.allowance(quota, until, now))
        until = budgets.taken(quota, until, now, calls)
        taken.append((now, calls))

    assert _most_in_a_minute(taken) <= quota


def _most_in_a_minute(taken: list[tuple[datetime, int]]) -> int:
    """The most calls that can fall within one minute, if some are made at once and others as late as may be."""
    return max(
        (sum(calls for at, calls in taken if start <= at < start + MINUTE + LATENESS) for start, _ in taken), default=0
    )


@pytest.mark.parametrize("quota", QUOTAS)
def test_an_account_that_was_quiet_may_make_a_call_at_once(quota: int) -> None:
    assert budgets.allowance(quota, None, NOW) >= 1
    assert budgets.allowance(quota, NOW - timedelta(days=9), NOW) == budgets.allowance(quota, None, NOW)


@pytest.mark.parametrize("quota", QUOTAS)
def test_after_the_wait_there_is_what_was_waited_for(quota: int) -> None:
    until = budgets.taken(quota, None, NOW, budgets.allowance(quota, None, NOW))
    wanted = max(1, quota // 60)

    wait = budgets.wait_for(quota, until, NOW, wanted)

    assert budgets.allowance(quota, until, NOW + wait - timedelta(milliseconds=1)) < wanted
    assert budgets.allowance(quota, until, NOW + wait) >= wanted


def test_nobody_waits_for_more_than_may_ever_be_taken_at_once() -> None:
    assert budgets.wait_for(60, None, NOW, 1_000) == timedelta()
