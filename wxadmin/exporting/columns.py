"""What a column of a file is: its name, what people read above it, where its values are, and who sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from wxadmin.errors import BadValue
from wxadmin.i18n import msgid
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


Columns = Mapping[str, Column]


def by_name(*columns: Column) -> Columns:
    return {column.name: column for column in columns}


def named(columns: Columns, names: Sequence[str]) -> list[Column]:
    """Of these columns, in their own order, whatever the order in which they were chosen. Raises BadValue."""
    chosen = set(names)
    if not chosen or not chosen <= columns.keys():
        raise BadValue(msgid("choose among the columns %(names)s"), field="columns", names=", ".join(columns))
    return [column for name, column in columns.items() if name in chosen]
