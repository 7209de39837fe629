"""The weeks that a sample tells of: busy evenings, a campaign, an evening with a wrong AppSecret; a demo's lead up to
something that is wrong right now."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from wxadmin.sample.moments import BEIJING, DAY, HOUR, MINUTE

_LENGTH = 90 * DAY
# Nothing that takes its time, such as a consent, must reach beyond the end.
_QUIET_END = 2 * MINUTE
# Visits by the hour of Beijing's day: a small peak at noon, a high one in the evening.
_DAY_CURVE = (8, 5, 3, 2, 2, 4, 10, 22, 34, 38, 40, 46, 58, 52, 42, 40, 42, 46, 56, 78, 100, 98, 66, 26)
_WEEK_CURVE = (1.0, 0.95, 0.95, 1.0, 1.15, 1.35, 1.3)
_CAMPAIGN_DAYS_AGO, _CAMPAIGN_CURVE = 34, (1.8, 3.2, 2.4, 1.5)
_INCIDENT_DAYS_AGO = 9
# Whoever is refused tries again, so an incident is busier than a usual evening.
_INCIDENT_RUSH = 1.5

_DEMO_LENGTH = 42 * DAY
# Still on, so that it is seen in the newest rows, and a little busier each day, so that today compares well.
_DEMO_CAMPAIGN_DAYS_AGO, _DEMO_CAMPAIGN_CURVE = 3, (1.3, 1.5, 1.7, 1.9)
# Within the seven days that pages show first.
_DEMO_INCIDENT_DAYS_AGO = 5
# The campaign's draw opens at midnight, so that a day has its first visitors in its first minutes.
_RUSH, _RUSH_WEIGHT = 6 * MINUTE, 2500
_OUTAGE = 50 * MINUTE
# However late at night, the last hour is busier than an evening, or there would be nothing to see of the outage.
_LEAST_WEIGHT_OF_OUTAGE = 200


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour or a part of one, and the share of all visits until its end."""

    start: int
    end: int
    told: float


@dataclass(frozen=True, slots=True)
class Season:
    """Moments in microseconds, and spans that a moment is in or not.

    `incident` is the evening with a wrong AppSecret, `rushes` the first minutes of days on which a draw opens, `outage`
    the time since which an AppSecret is frozen.
    """

    start: int
    until: int
    campaign: range
    campaign_curve: tuple[float, ...]
    incident: range
    rushes: tuple[range, ...] = ()
    outage: range = range(0)

    @classmethod
    def ending(cls, until: int) -> "Season":
        """Ninety days up to this moment."""
        today = _midnight(until)
        campaign = today - _CAMPAIGN_DAYS_AGO * DAY
        return cls(
            start=(until - _LENGTH) // HOUR * HOUR,
            until=until,
            campaign=range(campaign, campaign + len(_CAMPAIGN_CURVE) * DAY),
            campaign_curve=_CAMPAIGN_CURVE,
            incident=_evening(today, _INCIDENT_DAYS_AGO),
        )

    @classmethod
    def leading_to(cls, until: int) -> "Season":
        """Six weeks that have something to show at this moment, at whatever time of the day it is."""
        today = _midnight(until)
        days = range(today - _DEMO_CAMPAIGN_DAYS_AGO * DAY, until, DAY)
        return cls(
            start=(until - _DEMO_LENGTH) // HOUR * HOUR,
            until=until,
            campaign=range(days.start, until),
            campaign_curve=_DEMO_CAMPAIGN_CURVE,
            incident=_evening(today, _DEMO_INCIDENT_DAYS_AGO),
            rushes=tuple(range(day, day + _RUSH) for day in days),
            outage=range(until - _OUTAGE, until),
        )

    @property
    def days(self) -> int:
        """How many days of Beijing the season touches, at most."""
        return (self.until - self.start) // DAY + 2

    def is_rush(self, at: int) -> bool:
        return any(at in rush for rush in self.rushes)

    def slots(self) -> list[Slot]:
        """The parts of the season in order: within each, visits come evenly."""
        last = self.until - _QUIET_END
        turns = (turn for rush in (*self.rushes, self.outage) for turn in (rush.start, rush.stop))
        cuts = sorted({*range(self.start, last, HOUR), *_between(self.start, turns, last), last})
        spans = list(pairwise(cuts))
        weights = [self._weight(start) * (end - start) for start, end in spans]
        total, told, slots = sum(weights), 0.0, []
        for (start, end), weight in zip(spans, weights, strict=True):
            told += weight
            slots.append(Slot(start, end, told / total))
        return slots

    def _weight(self, at: int) -> float:
        day, time_of_day = divmod(at + BEIJING, DAY)
        # The first of January 1970 was a Thursday.
        weight = _DAY_CURVE[time_of_day // HOUR] * _WEEK_CURVE[(day + 3) % 7]
        weight *= 0.7 + 0.3 * (at - self.start) / (self.until - self.start)
        if at in self.campaign:
            weight *= self.campaign_curve[(at - self.campaign.start) // DAY]
        if at in self.incident:
            weight *= _INCIDENT_RUSH
        if self.is_rush(at):
            weight = max(weight, _RUSH_WEIGHT)
        return max(weight, _LEAST_WEIGHT_OF_OUTAGE) if at in self.outage else weight


def _midnight(at: int) -> int:
    """When the day began in Beijing."""
    return (at + BEIJING) // DAY * DAY - BEIJING


def _evening(today: int, days_ago: int) -> range:
    evening = today - days_ago * DAY + 20 * HOUR
    return range(evening + 5 * MINUTE, evening + 140 * MINUTE)


def _between(start: int, moments: Iterable[int], end: int) -> Iterable[int]:
    return (moment for moment in moments if start < moment < end)
