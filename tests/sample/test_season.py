"""When the visits of a sample come: enough of them today, at whatever time of the day a demo starts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from wxadmin.sample.moments import DAY, HOUR, MINUTE, from_datetime
from wxadmin.sample.season import Season

_BEIJING = timezone(timedelta(hours=8))
_MIDNIGHT = datetime(2026, 11, 20, tzinfo=_BEIJING)
_HOURS = [timedelta(minutes=5), timedelta(hours=4, minutes=30), timedelta(hours=12), timedelta(hours=23, minutes=59)]


def _told_between(season: Season, start: int, end: int) -> float:
    """The share of all visits that comes between two moments at which slots end."""
    told = {season.start: 0.0} | {slot.end: slot.told for slot in season.slots()}
    return told[end] - told[start]


@pytest.mark.parametrize("time_of_day", _HOURS)
def test_the_first_minutes_of_today_have_visits_for_a_page_to_show(time_of_day: timedelta) -> None:
    midnight = from_datetime(_MIDNIGHT)
    season = Season.leading_to(from_datetime(_MIDNIGHT + time_of_day))
    last = season.slots()[-1].end

    share = _told_between(season, midnight, min(midnight + 6 * MINUTE, last))

    assert share * 6000 > 15


@pytest.mark.parametrize("time_of_day", _HOURS)
def test_the_outage_has_visits_even_at_night(time_of_day: timedelta) -> None:
    season = Season.leading_to(from_datetime(_MIDNIGHT + time_of_day))

    share = _told_between(season, season.outage.start, season.slots()[-1].end)

    assert 20 < share * 6000 < 150


def test_the_evening_with_the_wrong_secret_is_among_the_days_that_pages_show_first() -> None:
    season = Season.leading_to(from_datetime(_MIDNIGHT))

    began = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=season.incident.start)

    assert began.astimezone(_BEIJING) == datetime(2026, 11, 15, 20, 5, tzinfo=_BEIJING)


@pytest.mark.parametrize("make", [Season.ending, Season.leading_to])
def test_slots_follow_each_other_and_tell_of_everything(make: Callable[[int], Season]) -> None:
    season = make(from_datetime(_MIDNIGHT + timedelta(hours=9, minutes=17)))

    slots = season.slots()

    assert slots[0].start == season.start
    assert all(one.end == next_one.start for one, next_one in pairwise(slots))
    assert all(0 < slot.end - slot.start <= HOUR for slot in slots)
    assert slots[-1].told == pytest.approx(1)
    assert season.start + season.days * DAY > season.until
