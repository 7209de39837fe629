"""Which days and sites the pages of failures, their call and their file are of."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from wxadmin.errors import BadValue
from wxadmin.queries import ranges
from wxadmin.queries.failures import Span
from wxadmin.queries.hours import SiteIds
from wxadmin.queries.places import Place, Places

FIELDS = ("range", "site")
RANGES = ("today", "yesterday", "7", "30")
BY_HOUR = {"today": ranges.by_hour_of_today, "yesterday": ranges.by_hour_of_yesterday}
USUAL_RANGE = "7"
GLANCED_AT = 100
"""Of each kind, so many of its newest events are followed for the list."""


def read(range_: str | None, site: str | None, known: Places, among: SiteIds) -> tuple[str, SiteIds]:
    """The range that is meant, and the sites that count for whoever sees those `among`. Raises BadValue."""
    if range_ and range_ not in RANGES:
        raise BadValue(f"range is one of {', '.join(RANGES)}")
    return range_ or USUAL_RANGE, _site(site, known.sites) if site else among


def span(range_: str, now: datetime, zone: ZoneInfo, among: SiteIds) -> Span:
    """One day by the hour, more by the day."""
    by_hour = BY_HOUR.get(range_)
    return Span(by_hour(now, zone) if by_hour else ranges.by_day(int(range_), now, zone), among)


def _site(name: str, sites: Sequence[Place]) -> SiteIds:
    found = frozenset(place.id for place in sites if place.name == name)
    if not found:
        raise BadValue("there is no site of this name, or it is not yours to see")
    return found
