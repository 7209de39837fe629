"""Which columns the list of users shows: as the address says, else as the viewer chose last, else the usual ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import msgid
from wxadmin.queries.user_orders import Sort

COOKIE = "wxadmin_user_columns"
# In the order in which they stand. A nickname, which is the link to the person, is always shown.
LABELS: Mapping[str, str] = {
    "openid": msgid("OpenID"),
    "unionid": msgid("UnionID"),
    "scopes": msgid("Scopes granted"),
    "token": msgid("Token"),
    "account": msgid("Service account"),
    "site": msgid("Site"),
    "channel": msgid("Channel / campaign"),
    "ref": msgid("Member reference"),
    "logins": msgid("Logins"),
    "first_login": msgid("First login"),
    "last_login": msgid("Last login"),
}
USUAL = ("openid", "scopes", "token", "site", "channel", "first_login", "last_login")
NONE = "none"
"""What stands for no column but the nickname: an empty value says nothing."""

_SORTED = {"first_login": Sort.FIRST_LOGIN_NEWEST, "last_login": Sort.LAST_LOGIN_NEWEST}


@dataclass(frozen=True, slots=True)
class Columns:
    """`asked` is what the address says of them; None where it says nothing."""

    shown: Sequence[str]
    asked: str | None

    def __contains__(self, name: str) -> bool:
        return name in self.shown

    @property
    def text(self) -> str:
        """As an address and the cookie have them."""
        return ",".join(self.shown) or NONE


@dataclass(frozen=True, slots=True)
class Heading:
    """`label` is a msgid. `sort` is the order that a click on it asks for, where it is one; `sorted` what the list is
    by this column, as aria-sort says it."""

    name: str
    label: str
    sort: Sort | None
    sorted: str | None


def read(values: Sequence[str], cookie: str | None) -> Columns:
    """`values` are those of `cols` in the query string: names with commas between, or one for each ticked box.
    Raises BadRequest."""
    asked = [name for value in values for name in value.split(",") if name not in {"", NONE}]
    if unknown := set(asked) - LABELS.keys():
        raise BadRequest(f"cols is some of {', '.join(LABELS)}; not {', '.join(sorted(unknown))}")
    if values:
        found = Columns(_in_order(asked), None)
        return Columns(found.shown, found.text)
    if cookie:
        # Of another version perhaps: what is unknown here is passed over.
        return Columns(_in_order(cookie.split(",")), None)
    return Columns(USUAL, None)


def headings(columns: Columns, sort: Sort) -> list[Heading]:
    return [_heading(name, sort) for name in columns.shown]


def _heading(name: str, sort: Sort) -> Heading:
    newest = _SORTED.get(name)
    if newest is None or sort not in {newest, newest.turned}:
        return Heading(name, LABELS[name], newest, None)
    return Heading(name, LABELS[name], sort.turned, "descending" if sort.newest_first else "ascending")


def _in_order(names: Sequence[str]) -> list[str]:
    return [name for name in LABELS if name in names]
