"""Which attempts a query string asks for: what it may say, and to whom."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from zoneinfo import ZoneInfo

from wxadmin.browsers import FAMILIES
from wxadmin.days import DAY, start_of
from wxadmin.errors import BadValue
from wxadmin.models import Outcome
from wxadmin.queries.attempts import REFUSED, WAITING, AttemptFilters
from wxadmin.queries.places import Place, Places
from wxadmin.queries.ranges import read_day, read_moment

FIELDS = (
    *("outcome", "site", "account", "scope", "browser", "version", "code", "openid", "ref", "ip"),
    *("around", "within", "from", "to"),
)
SCOPES = ("snsapi_base", "snsapi_userinfo")
_OUTCOMES = (*Outcome, WAITING, REFUSED)
CODE = re.compile(r"-?[0-9]{1,7}|gw_[a-z_]{1,29}")
NEAR = {minutes: timedelta(minutes=int(minutes)) for minutes in ("10", "30", "120")}
"""How far from a moment that somebody remembers their login is looked for, by how it is asked for."""
USUALLY_NEAR = "10"

PERSONAL = ("openid", "ref", "ip")
"""What tells who somebody is, and so not for whoever is confined to some sites."""
_LONGEST_REF = 64
_OPENID = re.compile(r"[A-Za-z0-9_-]{20,64}")
_VERSION = re.compile(r"[0-9.]{1,16}")


def said(asked: Mapping[str, str]) -> dict[str, str]:
    """What was asked for, without what means nothing: how near to no moment."""
    return {name: value for name, value in asked.items() if name != "within" or "around" in asked}


def read(asked: Mapping[str, str], known: Places, zone: ZoneInfo, *, among: frozenset[int] | None) -> AttemptFilters:
    """The filters of a list for somebody who sees the sites `among`, None for all. Raises BadValue."""
    _require_shapes(asked, sees_people=among is None)
    since, until = span(asked, zone)
    return AttemptFilters(
        outcome=one_of("outcome", asked, _OUTCOMES),
        site_id=named("site", asked, known.sites),
        account_id=named("account", asked, known.accounts),
        scope=one_of("scope", asked, SCOPES),
        browser_family=one_of("browser", asked, FAMILIES),
        wechat_version=asked.get("version"),
        code=asked.get("code"),
        openid=asked.get("openid"),
        ref=asked.get("ref"),
        ip=asked.get("ip"),
        since=since,
        until=until,
        among=among,
    )


def span(asked: Mapping[str, str], zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """From when to before when; a moment is given in place of days by whoever remembers when it was."""
    if "around" in asked:
        around, near = read_moment("around", asked["around"], zone), nearness(asked)
        return around - near, around + near
    since = start_of(read_day("from", asked["from"]), zone) if "from" in asked else None
    return since, start_of(read_day("to", asked["to"]) + DAY, zone) if "to" in asked else None


def nearness(asked: Mapping[str, str]) -> timedelta:
    """How far from the moment that is asked for. Raises BadValue."""
    return NEAR[one_of("within", asked, NEAR) or USUALLY_NEAR]


def _require_shapes(asked: Mapping[str, str], *, sees_people: bool) -> None:
    if not sees_people and (personal := [name for name in PERSONAL if name in asked]):
        raise BadValue(f"{personal[0]} is not for every role to look for")
    if "code" in asked and not CODE.fullmatch(asked["code"]):
        raise BadValue("code is an errcode such as 40029 or a reason such as gw_timeout")
    if "openid" in asked and not _OPENID.fullmatch(asked["openid"]):
        raise BadValue("openid is one of WeChat's")
    if "ref" in asked and (len(asked["ref"]) > _LONGEST_REF or not asked["ref"].isprintable()):
        raise BadValue(f"ref has at most {_LONGEST_REF} printable characters")
    if "ip" in asked and not _is_address(asked["ip"]):
        raise BadValue("ip is an address such as 203.0.113.7")
    if "version" in asked and not _VERSION.fullmatch(asked["version"]):
        raise BadValue("version is how one of WeChat's versions begins, such as 8.0")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def one_of(name: str, asked: Mapping[str, str], choices: Collection[str]) -> str | None:
    """What was asked for, if anything. Raises BadValue."""
    value = asked.get(name)
    if value is not None and value not in choices:
        raise BadValue(f"{name} is one of {', '.join(choices)}")
    return value


def named(name: str, asked: Mapping[str, str], choices: Sequence[Place]) -> int | None:
    """The id of the account or site that was asked for, if any was. Raises BadValue."""
    if name not in asked:
        return None
    for place in choices:
        if place.name == asked[name]:
            return place.id
    raise BadValue(f"there is no {name} of this name, or it is not yours to see")
