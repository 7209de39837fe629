"""What the first page is asked for: some days, an account, a site, a scope, as the query string says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from wxadmin.days import Days
from wxadmin.handlers.base import BadRequest, checked_query
from wxadmin.queries import chosen_days, ranges
from wxadmin.queries.chosen_days import ChosenDays
from wxadmin.queries.hours import Part, SiteIds
from wxadmin.queries.places import Place, Places
from wxadmin.vocabulary import SCOPES

_PLAIN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """`said` is what the query string said besides days. `is_plain` where it said nothing of those: today's numbers
    above the failures of a month."""

    chosen: ChosenDays
    part: Part
    said: Mapping[str, str]
    is_plain: bool

    @property
    def range(self) -> str:
        """One of RANGES or GIVEN."""
        return self.chosen.range

    @property
    def days(self) -> Days:
        return self.chosen.days

    @property
    def is_by_day(self) -> bool:
        """Whether a bar of the chart is a day, not an hour."""
        return self.is_plain or self.chosen.is_by_day

    def bounds(self, now: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
        """Of the chart's bars."""
        return ranges.by_day(_PLAIN_DAYS, now, zone) if self.is_plain else self.chosen.bounds(now)

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
    given = {name: value for name in chosen_days.FIELDS if (value := query(name))}
    with checked_query():
        chosen = chosen_days.read(given, now, zone, usual="today")
    return Asked(chosen, part, said, is_plain=not given)


def yesterday(now: datetime, zone: ZoneInfo) -> Days:
    return chosen_days.of_range("yesterday", now, zone).days


def _named(name: str, said: Mapping[str, str], places: Sequence[Place]) -> Place | None:
    if name not in said:
        return None
    for place in places:
        if place.name == said[name]:
            return place
    raise BadRequest(f"there is no {name} of this name, or it is not yours to see")
