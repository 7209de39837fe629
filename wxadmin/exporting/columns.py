"""The columns that a file of users may have: one list for every format."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from wxadmin.errors import BadValue
from wxadmin.i18n import msgid
from wxadmin.models import Account, Site, User
from wxadmin.queries.masking import Field, Masks


class Kind(Enum):
    TEXT = auto()
    NUMBER = auto()
    MOMENT = auto()
    SCOPES = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """`heading` is what people read above it; programs read `name`. `field` says which masks lie over it."""

    name: str
    heading: str
    of: Any
    kind: Kind = Kind.TEXT
    field: Field | None = None

    def seen(self, masks: Masks) -> InstrumentedAttribute[Any] | ColumnElement[Any]:
        """As whoever takes the file may see it."""
        return masks.column(self.field, self.of) if self.field else self.of


COLUMNS = {
    column.name: column
    for column in (
        Column("openid", "openid", User.openid, field=Field.OPENID),
        Column("unionid", "unionid", User.unionid, field=Field.UNIONID),
        Column("nickname", msgid("Nickname"), User.nickname, field=Field.NICKNAME),
        Column("scopes", msgid("Scopes granted"), User.granted_userinfo, Kind.SCOPES),
        Column("account", msgid("Service account"), Account.title),
        Column("site", msgid("Site"), Site.title),
        Column("channel", msgid("Channel / campaign"), User.last_channel),
        Column("ref", msgid("Member reference"), User.last_ref, field=Field.REF),
        Column("first_login", msgid("First login"), User.first_seen_at, Kind.MOMENT),
        Column("last_login", msgid("Last login"), User.last_login_at, Kind.MOMENT),
        Column("logins", msgid("Logins"), User.logins, Kind.NUMBER),
    )
}


def named(names: Sequence[str]) -> list[Column]:
    """In the order of the list above, whatever the order in which they were chosen. Raises BadValue."""
    chosen = set(names)
    if not chosen or not chosen <= COLUMNS.keys():
        raise BadValue(msgid("choose among the columns %(names)s"), field="columns", names=", ".join(COLUMNS))
    return [column for name, column in COLUMNS.items() if name in chosen]


USUAL = ("openid", "unionid", "nickname", "scopes", "site", "channel", "ref", "first_login", "last_login")
"""What a file has where nobody chooses."""


def usual(*, of_several_accounts: bool) -> tuple[str, ...]:
    """With the column that says whose OpenID it is, where that is not plain."""
    return tuple(name for name in COLUMNS if name in USUAL or (name == "account" and of_several_accounts))
