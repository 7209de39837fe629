"""The schedule of refreshes: tokens that were issued within one hour make no busy minute, and from the third hour on
the load by minute is flat."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.soak.scale import scaled
from wxadmin.refreshing import schedule
from wxadmin.refreshing.schedule import ACCESS_TOKEN_LIFETIME, first_refresh_at, next_refresh_at
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

TOKENS = scaled(1_000_000, least=100_000)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
HOURS = 8
FLAT_FROM = 2 * 60
WITHIN = 0.2
BEGAN = datetime(2026, 5, 1, tzinfo=UTC)
AHEAD = timedelta(seconds=Settings.model_fields["refresh_ahead"].default)
CHART_WIDTH = 60
MINUTES_A_LINE = 10


def planned() -> list[int]:
    """Refreshes by minute, from the first token on, each refreshed when it is due."""
    loads: Counter[int] = Counter()
    until = BEGAN + HOURS * HOUR
    for number in range(TOKENS):
        issued = BEGAN + HOUR * (number / TOKENS)
        due = first_refresh_at(issued, ACCESS_TOKEN_LIFETIME, AHEAD)
        while due < until:
            loads[(due - BEGAN) // MINUTE] += 1
            due = next_refresh_at(due, ACCESS_TOKEN_LIFETIME, AHEAD)
    return [loads[minute] for minute in range(HOURS * 60)]


def chart(loads: list[int]) -> str:
    """A bar for every ten minutes, as long as their load, with the least and the greatest minute of the ten."""
    lines = []
    for first in range(0, len(loads), MINUTES_A_LINE):
        ten = loads[first : first + MINUTES_A_LINE]
        mean = sum(ten) / len(ten)
        bar = "█" * round(CHART_WIDTH * mean / max(loads))
        lines.append(f"{first // 60}:{first % 60:02} {bar:{CHART_WIDTH}} {mean:8,.0f} ({min(ten):,} to {max(ten):,})")
    return "\n".join(lines)


def unevenness(loads: list[int]) -> tuple[float, float]:
    """The least and the greatest minute, as shares of the mean, from the third hour on."""
    flat = loads[FLAT_FROM:]
    mean = sum(flat) / len(flat)
    return min(flat) / mean, max(flat) / mean


def test_the_load_of_one_busy_hour_is_flat_from_the_third_hour_on() -> None:
    loads = planned()
    least, most = unevenness(loads)
    print(f"\n{TOKENS:,} tokens issued within one hour, refreshes by minute:\n{chart(loads)}")
    print(f"from the third hour on, {least:.1%} to {most:.1%} of the mean")

    assert least >= 1 - WITHIN
    assert most <= 1 + WITHIN


def test_without_chance_it_would_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "_FIRST", (1.0, 1.0))
    monkeypatch.setattr(schedule, "_NEXT", (1.0, 1.0))

    least, most = unevenness(planned())
    print(f"\nwithout chance, from the third hour on, {least:.1%} to {most:.1%} of the mean")

    assert most > 1 + WITHIN
