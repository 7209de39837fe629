"""What the first page is asked for: some days, an account, a site, a scope, as the query string says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from wxadmin.clock import hour_of
from wxadmin.days import DAY, day_of, last_days
from wxadmin.handlers.admin.range_words import RANGES
from wxadmin.handlers.base import BadRequest, checked_query
from wxadmin.queries import ranges
from wxadmin.queries.compared import Days
from wxadmin.queries.hours import Part, SiteIds
from wxadmin.queries.places import Place, Places
from wxadmin.queries.ranges import read_day
from wxadmin.vocabulary import SCOPES

CHOSEN = "days"
MOST_DAYS = 92
_PLAIN_DAYS = 30
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """`range` is one of RANGES or CHOSEN; `said` is what the query string said of the rest. `is_plain` where it said
    nothing of days: today's numbers above the failures of a month."""

    range: str
    days: Days
    part: Part
    said: Mapping[str, str]
    is_plain: bool

    @property
    def is_by_day(self) -> bool:
        """Whether a bar of the chart is a day, not an hour."""
        return self.is_plain or self.days.number > 1

    def bounds(self, now: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
        """Of the chart's bars; of a day that is not over, up to the end of the hour that runs."""
        if self.is_plain:
            return ranges.by_day(_PLAIN_DAYS, now, zone)
        if self.is_by_day:
            return self.days.midnights
        hours = max(1, (min(self.days.end, hour_of(now) + _HOUR) - self.days.start) // _HOUR)
        return tuple(self.days.start + hour * _HOUR for hour in range(hours + 1))

    def address(self, name: str) -> str:
        """The query string of the same page for one of RANGES."""
        return "?" + urlencode({"range": name, **self.said})


def read(
    query: Callable[[str], str | None], known: Places, site_ids: SiteIds, *, now: datetime, zone: ZoneInfo
) -> Asked:
    """What a query string asks for, of the sites that somebody may see. Raises BadRequest."""
    said = {name: value for name in ("account", "site", "scope") if (value := query(name))}
    named = {name: _named(name, said, places) for name, places in (("account", known.accounts), ("site", known.sites))}
    scope = said.get("scope")
    if scope is not None and scope not in SCOPES:
        raise BadRequest(f"scope is one of {', '.join(SCOPES)}")
    site, account = named["site"], named["account"]
    part = Part(site_ids if site is None else frozenset({site.id}), account.id if account else None, scope)
    with checked_query():
        chosen = {name: read_day(name, value) for name in ("from", "to") if (value := query(name))}
    asked = query("range") or None
    if chosen:
        return Asked(CHOSEN, _chosen_days(chosen, now, zone), part, said, is_plain=False)
    if asked is not None and asked not in RANGES:
        raise BadRequest(f"range is one of {', '.join(RANGES)}; other days are given by from and to")
    return Asked(asked or "today", _days_of(asked or "today", now, zone), part, said, is_plain=asked is None)


def yesterday(now: datetime, zone: ZoneInfo) -> Days:
    return _days_of("yesterday", now, zone)


def _days_of(name: str, now: datetime, zone: ZoneInfo) -> Days:
    today = day_of(now, zone)
    if name == "yesterday":
        return Days(today - DAY, today - DAY, zone)
    return Days(last_days(1 if name == "today" else int(name), now, zone)[0], today, zone)


def _chosen_days(chosen: Mapping[str, date], now: datetime, zone: ZoneInfo) -> Days:
    """From one to the other; up to today where only the first is given, and one alone where only the last is."""
    today = day_of(now, zone)
    first = chosen.get("from") or chosen["to"]
    last = chosen.get("to") or max(first, today)
    if first > last:
        raise BadRequest("from is not later than to")
    if (last - first).days >= MOST_DAYS:
        raise BadRequest(f"from and to are at most {MOST_DAYS} days")
    return Days(first, last, zone)


def _named(name: str, said: Mapping[str, str], places: Sequence[Place]) -> Place | None:
    if name not in said:
        return None
    for place in places:
        if place.name == said[name]:
            return place
    raise BadRequest(f"there is no {name} of this name, or it is not yours to see")
