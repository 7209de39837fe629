"""What has changed since an earlier export, as files tell it: in a column of their own, or in files of their own."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from wxadmin.database.csv_cells import constant
from wxadmin.database.csv_lines import Portion
from wxadmin.database.id_portions import AT_ONCE
from wxadmin.exporting.columns import Column
from wxadmin.exporting.subject import Sought
from wxadmin.exporting.taking import Changes
from wxadmin.exporting.telling import Words
from wxadmin.i18n import msgid
from wxadmin.models import Change, Format

CHANGE_WORDS = {
    Change.ADDED: msgid("Newly in"),
    Change.CHANGED: msgid("Changed"),
    Change.GONE: msgid("Gone"),
}
_FOR_PEOPLE = {Format.XLSX, Format.CSV_EXCEL}

Reading = Callable[[Sought, Sequence[Column]], Generator[Portion]]
"""The lines of whoever is sought, with these columns."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is written into the same files: users of these kinds, each with columns of its own. `change` where the lines
    do not say which it is."""

    changes: Changes
    by_change: dict[Change, Sequence[Column]]
    change: Change | None

    @property
    def rows(self) -> int:
        return sum(self.changes.number(change) for change in self.by_change)

    @property
    def columns(self) -> Sequence[Column]:
        """What stands above all of them is the same."""
        return next(iter(self.by_change.values()))


def streams(changes: Changes, kind: Format, columns: Sequence[Column], words: Words) -> list[Told]:
    """A list of openids has no room for a word: who was added and who is gone stand in files of their own, and whoever
    changed is still the same openid."""
    if kind is Format.OPENIDS:
        return [Told(changes, {change: columns}, change) for change in (Change.ADDED, Change.GONE)]
    return [Told(changes, {change: [_column(change, kind, words), *columns] for change in Change}, None)]


def portions(reading: Reading, sought: Sought, told: Told) -> Generator[Portion]:
    """To be closed if left early."""
    assert sought.among
    for change, columns in told.by_change.items():
        for ids in told.changes.of[change].portions(AT_ONCE):
            yield from reading(sought.among(ids.tolist()), columns)


def _column(change: Change, kind: Format, words: Words) -> Column:
    """The first one; in the reader's language where people read it."""
    word = words(CHANGE_WORDS[change]) if kind in _FOR_PEOPLE else change.value
    return Column("change", msgid("What changed"), constant(word))
