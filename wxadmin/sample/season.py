"""The ninety days that the sample tells of: busy evenings, a campaign, and an evening with a wrong AppSecret."""

from dataclasses import dataclass

from wxadmin.sample.moments import BEIJING, DAY, HOUR, MINUTE

LENGTH = 90 * DAY
# Nothing that takes its time, such as a consent, must reach beyond the end.
_QUIET_END = 2 * MINUTE
# Visits by the hour of Beijing's day: a small peak at noon, a high one in the evening.
_DAY_CURVE = (8, 5, 3, 2, 2, 4, 10, 22, 34, 38, 40, 46, 58, 52, 42, 40, 42, 46, 56, 78, 100, 98, 66, 26)
_WEEK_CURVE = (1.0, 0.95, 0.95, 1.0, 1.15, 1.35, 1.3)
_CAMPAIGN_DAYS_AGO, _CAMPAIGN_DAYS = 34, 4
_CAMPAIGN_CURVE = (1.8, 3.2, 2.4, 1.5)
_INCIDENT_DAYS_AGO = 9
# Whoever is refused tries again, so an incident is busier than a usual evening.
_INCIDENT_RUSH = 1.5


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour, or what there is of the last one, and the share of all visits until its end."""

    start: int
    end: int
    told: float


@dataclass(frozen=True, slots=True)
class Season:
    """Moments in microseconds. `campaign` and `incident` are spans that a moment is in or not."""

    start: int
    until: int
    campaign: range
    incident: range

    @classmethod
    def ending(cls, until: int) -> "Season":
        """The season up to this moment."""
        start = (until - LENGTH) // HOUR * HOUR
        today = (until + BEIJING) // DAY * DAY - BEIJING
        campaign = today - _CAMPAIGN_DAYS_AGO * DAY
        evening = today - _INCIDENT_DAYS_AGO * DAY + 20 * HOUR
        return cls(
            start=start,
            until=until,
            campaign=range(campaign, campaign + _CAMPAIGN_DAYS * DAY),
            incident=range(evening + 5 * MINUTE, evening + 140 * MINUTE),
        )

    def slots(self) -> list[Slot]:
        """The hours in order."""
        last = self.until - _QUIET_END
        spans = [(start, min(start + HOUR, last)) for start in range(self.start, last, HOUR)]
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
        weight *= 0.7 + 0.3 * (at - self.start) / LENGTH
        if at in self.campaign:
            weight *= _CAMPAIGN_CURVE[(at - self.campaign.start) // DAY]
        return weight * _INCIDENT_RUSH if at in self.incident else weight
