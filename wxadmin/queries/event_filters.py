"""Which events a query string asks for: of the call of the API and of its file."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from wxadmin.errors import BadValue
from wxadmin.models import Class, Stage
from wxadmin.queries.attempt_filters import CODE, named, one_of, span
from wxadmin.queries.event_list import EventFilters
from wxadmin.queries.hours import SiteIds
from wxadmin.queries.places import Places

FIELDS = ("stage", "class", "code", "site", "from", "to")


def read(asked: Mapping[str, str], known: Places, zone: ZoneInfo, *, among: SiteIds) -> EventFilters:
    """The filters for somebody who sees the sites `among`, None for all. Raises BadValue."""
    if "code" in asked and not CODE.fullmatch(asked["code"]):
        raise BadValue("code is an errcode such as 40029 or a reason such as gw_timeout")
    site_id = named("site", asked, known.sites)
    since, until = span(asked, zone)
    return EventFilters(
        stage=one_of("stage", asked, tuple(Stage)),
        event_class=one_of("class", asked, tuple(Class)),
        code=asked.get("code"),
        since=since,
        until=until,
        among=among if site_id is None else frozenset({site_id}),
    )
