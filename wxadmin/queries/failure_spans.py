"""Which days and sites the pages of failures, their call and their file are of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from wxadmin.errors import BadValue
from wxadmin.queries import chosen_days
from wxadmin.queries.chosen_days import ChosenDays
from wxadmin.queries.failures import Span
from wxadmin.queries.hours import SiteIds
from wxadmin.queries.places import Place, Places

FIELDS = (*chosen_days.FIELDS, "site")
USUAL_RANGE = "7"
GLANCED_AT = 100
"""Of each kind, so many of its newest events are followed for the list."""


@dataclass(frozen=True, slots=True)
class SpanAsked:
    chosen: ChosenDays
    among: SiteIds

    def span(self, now: datetime) -> Span:
        """One day by the hour, more by the day."""
        return Span(self.chosen.bounds(now), self.among)


def read(asked: Mapping[str, str], known: Places, among: SiteIds, *, now: datetime, zone: ZoneInfo) -> SpanAsked:
    """The days that are meant, and the sites that count for whoever sees those `among`. Raises BadValue."""
    chosen = chosen_days.read(asked, now, zone, usual=USUAL_RANGE)
    return SpanAsked(chosen, _site(asked["site"], known.sites) if "site" in asked else among)


def _site(name: str, sites: Sequence[Place]) -> SiteIds:
    found = frozenset(place.id for place in sites if place.name == name)
    if not found:
        raise BadValue("there is no site of this name, or it is not yours to see")
    return found
