"""What the live feed is narrowed to, as its query string says it."""

import re
from collections.abc import Iterable, Mapping

from wxadmin.handlers.base import BadRequest
from wxadmin.models import Class, Outcome
from wxadmin.queries.live import LiveFilters
from wxadmin.queries.places import Place, Places

FIELDS = ("site", "account", "outcome", "class", "code")
_CODE = re.compile(r"-?[0-9]{1,7}|gw_[a-z_]{1,29}")


def read(asked: Mapping[str, str], known: Places, *, among: frozenset[int] | None) -> LiveFilters:
    """Raises BadRequest where there is no such thing, or it is not the viewer's to see."""
    if "code" in asked and not _CODE.fullmatch(asked["code"]):
        raise BadRequest("code is an errcode such as 40029 or a reason such as gw_timeout")
    return LiveFilters(
        site_id=_id_of("site", asked, known.sites),
        account_id=_id_of("account", asked, known.accounts),
        outcome=_one_of("outcome", asked, Outcome),
        event_class=_one_of("class", asked, Class),
        code=asked.get("code"),
        among=among,
    )


def _one_of(name: str, asked: Mapping[str, str], choices: Iterable[str]) -> str | None:
    value = asked.get(name)
    if value is not None and value not in list(choices):
        raise BadRequest(f"{name} is one of {', '.join(choices)}")
    return value


def _id_of(name: str, asked: Mapping[str, str], known: Iterable[Place]) -> int | None:
    if name not in asked:
        return None
    for place in known:
        if place.name == asked[name]:
            return place.id
    raise BadRequest(f"there is no {name} of this name, or it is not yours to see")
