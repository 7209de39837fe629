"""Which role sees what of a person, and what is left of a text that it does not see: for pages, API and files alike.

docs/decisions/0006-masks-by-role.md says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any

from sqlalchemy import ColumnElement, case, func, null

from wxadmin.database.csv_cells import constant
from wxadmin.models import Role


class Field(StrEnum):
    """What tells who somebody is."""

    OPENID = "openid"
    UNIONID = "unionid"
    NICKNAME = "nickname"
    AVATAR = "avatar"
    IP = "ip"
    REF = "ref"


class Sight(StrEnum):
    """MASKED leaves a part, HIDDEN nothing."""

    CLEAR = "clear"
    MASKED = "masked"
    HIDDEN = "hidden"


ELLIPSIS = "…"
SEARCHED = frozenset({Field.OPENID, Field.UNIONID, Field.NICKNAME, Field.REF})
"""What the search among users looks at."""

REVEALERS = frozenset({Role.SUPPORT})
"""Who may see one person in the clear for a while, and has to say why."""

_NETWORKS = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class _Ends:
    """The first and the last signs are left, of a text with at least so many; of a shorter one nothing is."""

    first: int
    last: int
    least: int

    def of(self, text: str) -> str:
        if len(text) < self.least:
            return ELLIPSIS
        return text[: self.first] + ELLIPSIS + (text[-self.last :] if self.last else "")

    def of_column(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The same, by the database."""
        length, left = func.length(column), constant(ELLIPSIS)
        if self.first:
            left = func.substr(column, constant(1), constant(self.first)) + left
        if self.last:
            left += func.substr(column, length - constant(self.last - 1), constant(self.last))
        return case((column.is_(None), null()), (length < constant(self.least), constant(ELLIPSIS)), else_=left)


_ENDS = {
    Field.OPENID: _Ends(4, 4, least=16),
    Field.UNIONID: _Ends(4, 4, least=16),
    Field.NICKNAME: _Ends(1, 0, least=1),
    Field.REF: _Ends(0, 2, least=6),
}


@dataclass(frozen=True, slots=True)
class Masks:
    """What somebody sees; a field that is not among `sights` is seen in the clear. `revealed` are the users and
    attempts that they see in the clear all the same, and until when."""

    sights: Mapping[Field, Sight]
    revealed: Mapping[int, datetime] = field(default_factory=dict)

    def sight(self, of: Field) -> Sight:
        return self.sights.get(of, Sight.CLEAR)

    def is_clear(self, *fields: Field) -> bool:
        """Whether all of these are."""
        return all(self.sight(one) is Sight.CLEAR for one in fields)

    def covers(self, other: "Masks", *fields: Field) -> bool:
        """Whether these of the fields are seen at least as clearly as by somebody else."""
        clearest_first = list(Sight)
        return all(clearest_first.index(self.sight(one)) <= clearest_first.index(other.sight(one)) for one in fields)

    def shown(self, of: Field, text: str | None) -> str | None:
        """What is seen of a text."""
        sight = self.sight(of)
        if text is None or sight is Sight.CLEAR:
            return text
        if sight is Sight.HIDDEN:
            return None
        return network(text) if of is Field.IP else _ENDS[of].of(text)

    def column(self, of: Field, column: Any) -> ColumnElement[Any]:
        """The same of a column; nothing of an address that is masked, whose network databases reckon differently."""
        sight = self.sight(of)
        if sight is Sight.CLEAR:
            return column  # type: ignore[no-any-return]
        return null() if sight is Sight.HIDDEN or of is Field.IP else _ENDS[of].of_column(column)

    def about(self, *subject_ids: int | None) -> "Masks":
        """What is seen of one user or attempt, which may have been revealed."""
        return self if self.revealed_until(*subject_ids) is None else CLEAR

    def revealed_until(self, *subject_ids: int | None) -> datetime | None:
        found = [self.revealed[one] for one in subject_ids if one is not None and one in self.revealed]
        return max(found, default=None)


_ALL_MASKED = dict.fromkeys(Field, Sight.MASKED)
_BY_ROLE: Mapping[Role, Mapping[Field, Sight]] = {
    Role.ADMIN: {},
    Role.OPERATOR: {},
    Role.MARKETER: {Field.IP: Sight.HIDDEN, Field.REF: Sight.MASKED},
    # A picture has no part that could be left.
    Role.SUPPORT: _ALL_MASKED | {Field.AVATAR: Sight.HIDDEN},
    Role.DEVELOPER: dict.fromkeys(Field, Sight.HIDDEN),
}

CLEAR = Masks({})
"""Of whoever has the database itself before them: the command line."""


def of_role(role: Role, revealed: Mapping[int, datetime] | None = None) -> Masks:
    """What the role sees."""
    return Masks(_BY_ROLE[role], revealed or {})


def network(ip: str) -> str:
    """The network that the address is of."""
    version = ip_address(ip).version
    return str(ip_network((ip, _NETWORKS[version]), strict=False))
