"""What rows of a file can tell of, as the making of files knows it: columns, filters, and the query for them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from wxadmin.database.csv_lines import Selecting
from wxadmin.exporting.columns import Columns
from wxadmin.queries.masking import Masks

Given = Mapping[str, str]
"""The filters that are set, as a query string has them."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Days of the filters are of `zone`, and today is the day of `now`. `with_blocked` where those who are not to be
    contacted are wanted too."""

    zone: ZoneInfo
    now: datetime
    masks: Masks
    with_blocked: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """The rows that filters mean: a query for whatever columns, in no order, and the id by which they are gone through,
    the greatest first. `are_few` where an index has found them beforehand. `left_out` is a query for those who would be
    among them, but are not to be contacted; None where nobody is left out. `among` are those of these ids, whatever the
    filters say of them now; None where rows are not users."""

    selecting: Selecting
    newest_first: Any
    are_few: bool = False
    left_out: Selecting | None = None
    among: Callable[[Sequence[int]], "Sought"] | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """`usual` are the columns that a file has where nobody chooses. `checked` gives the filters back as they are to be
    stored, and raises BadValue, NoSuchAccount, NoSuchSite, NoSuchList; `sought` is asked within the snapshot that is
    read."""

    columns: Columns
    usual: tuple[str, ...]
    checked: Callable[[Session, Given, Asking], Given]
    sought: Callable[[Session, Given, Asking], Sought]

    def usual_columns(self, *, of_several_accounts: bool) -> tuple[str, ...]:
        """With the column that says whose OpenID it is, where that is not plain."""
        return tuple(name for name in self.columns if name in self.usual or (name == "account" and of_several_accounts))


def only(names: Collection[str], given: Given) -> dict[str, str]:
    """The filters that are known by these names, without empty ones."""
    return {name: value.strip() for name in names if (value := given.get(name) or "").strip()}
