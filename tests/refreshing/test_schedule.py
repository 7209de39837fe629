"""When tokens are refreshed: spread by chance, and never too late."""

from datetime import timedelta

import pytest

from wxadmin.clock import utcnow
from wxadmin.refreshing import schedule


@pytest.mark.parametrize(("lifetime_s", "ahead_s", "latest_s"), [(7_200, 900, 6_300), (60, 900, 36), (10, 0, 10)])
def test_a_new_token_is_refreshed_at_a_random_moment_of_its_life_but_never_too_late(
    lifetime_s: int, ahead_s: int, latest_s: int
) -> None:
    issued, lifetime, ahead = utcnow(), timedelta(seconds=lifetime_s), timedelta(seconds=ahead_s)

    moments = {schedule.first_refresh_at(issued, lifetime, ahead) for _ in range(200)}

    assert len(moments) > 150
    assert min(moments) > issued
    assert max(moments) <= issued + timedelta(seconds=latest_s)


@pytest.mark.parametrize(("lifetime_s", "ahead_s", "latest_s"), [(7_200, 900, 6_300), (60, 900, 36), (10, 0, 10)])
def test_tokens_that_were_refreshed_together_drift_apart_but_are_never_too_late(
    lifetime_s: int, ahead_s: int, latest_s: int
) -> None:
    refreshed, lifetime, ahead = utcnow(), timedelta(seconds=lifetime_s), timedelta(seconds=ahead_s)

    moments = {schedule.next_refresh_at(refreshed, lifetime, ahead) for _ in range(200)}

    assert len(moments) > 150
    assert min(moments) >= refreshed + timedelta(seconds=latest_s) * 0.85
    assert max(moments) <= refreshed + timedelta(seconds=latest_s)


def test_a_token_takes_some_fourteen_calls_a_day() -> None:
    ahead = timedelta(seconds=900)

    calls = [schedule.calls_a_day(tokens, ahead) for tokens in (0, 1_000, 1_000_000)]

    assert calls[0] == 0
    assert 14_000 < calls[1] < 15_500
    assert calls[2] // 1_000 == calls[1]
