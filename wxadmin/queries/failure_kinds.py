"""One look at the events of several kinds, whatever their number: a statement a kind would take longer to send than to
run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    FromClause,
    Integer,
    Select,
    String,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from wxadmin.database.types import Id

_KINDS = "kinds"
_RELATION = "asked"


@dataclass(frozen=True, slots=True)
class Kind:
    """A code at one stage, counted as one class."""

    code: str
    stage: str
    event_class: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A kind and between which ids it is asked for, `to_id` being the first that is too late: as values, or as what
    stands for them in a statement."""

    code: Any
    stage: Any
    event_class: Any
    from_id: Any
    to_id: Any

    @classmethod
    def of(cls, kind: Kind, from_id: int, to_id: int) -> "Asked":
        return cls(kind.code, kind.stage, kind.event_class, from_id, to_id)


_TYPES: dict[str, Any] = {
    "code": String(32),
    "stage": String(16),
    "event_class": String(16),
    "from_id": Id,
    "to_id": Id,
}
_NAMES = tuple(_TYPES)

OfOne = Callable[[Asked], Select[Any]]


@dataclass(frozen=True, slots=True)
class Form:
    """What a statement over kinds differs by: one of each form is built, and kept. `branches` is how many kinds it is
    of on SQLite, 0 on PostgreSQL, where one is of any number; `is_confined` where some sites alone count."""

    branches: int
    is_confined: bool

    @classmethod
    def of(cls, session: Session, kinds: int, *, is_confined: bool) -> "Form":
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        return cls(kinds if is_sqlite else 0, is_confined)


def of_each(form: Form, of_one: OfOne) -> FromClause:
    """The rows that `of_one` finds of each kind, with the kind's `number` among those in `parameters`.

    PostgreSQL looks at one kind after the other by LATERAL, which SQLite does not know: there it is a branch a kind.
    """
    if form.branches:
        return union_all(*(_branch(place, of_one) for place in range(form.branches))).subquery()
    asked = _relation()
    # Named by text: the columns themselves would bring their relation along into what is nested in the look.
    found = of_one(Asked(*(literal_column(f"{_RELATION}.{name}", _TYPES[name]) for name in _NAMES))).lateral()
    return select(asked.c.number, *found.c).select_from(asked.join(found, true())).subquery()


def parameters(form: Form, asked: Sequence[Asked]) -> dict[str, Any]:
    """What a statement over `of_each` is to be executed with."""
    if form.branches:
        return {f"asked_{place}_{name}": getattr(one, name) for place, one in enumerate(asked) for name in _NAMES}
    return {_KINDS: [{"number": place} | _named(one) for place, one in enumerate(asked)]}


def _branch(place: int, of_one: OfOne) -> Select[Any]:
    found = of_one(Asked(*(bindparam(f"asked_{place}_{name}", type_=_TYPES[name]) for name in _NAMES)))
    return select(literal(place, Integer).label("number"), *found.subquery().c)


def _relation() -> FromClause:
    types: dict[str, Any] = {
        "number": Integer,
        **dict.fromkeys(_NAMES[:3], Text),
        **dict.fromkeys(_NAMES[3:], BigInteger),
    }
    rows = func.json_to_recordset(cast(bindparam(_KINDS, type_=JSON), JSON))
    named = rows.table_valued(*(column(name, kind) for name, kind in types.items()))
    return named.render_derived(name=_RELATION, with_types=True)


def _named(one: Asked) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _NAMES}
