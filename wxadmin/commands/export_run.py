"""The making of a command's export: from the form to its files, on record with a receipt."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from wxadmin.commands.console import note, progress_line

if TYPE_CHECKING:
    from wxadmin.commands.house import House
    from wxadmin.database import Database
    from wxadmin.exporting.making import Made, Progress
    from wxadmin.exporting.taking import Taken
    from wxadmin.models import Export
    from wxadmin.services.exports import ExportForm

_HELD_AT_A_TIME = 8


def written(house: "House", form: "ExportForm", output: Path | None) -> None:
    """Writes the files and says how many rows they have. Raises BadValue, OSError, DatabaseUnavailable."""
    from wxadmin.commands.export_output import settled
    from wxadmin.exporting.making import Progress, make
    from wxadmin.exporting.plans import plan_of
    from wxadmin.services import export_jobs, exports
    from wxadmin.services.audit import COMMAND_LINE

    database, what = house.database, str(form.subject)
    export = database.read_now(exports.drafted, form, actor=COMMAND_LINE, role=None)
    with settled(output) as files, _bar(what, progress := Progress()):
        made = database.long_reads.read_now(make, plan_of(export), files.open_part, progress)
    database.write_now(export_jobs.store_receipt, export, made)
    if made.taken:
        _hold(database, export, made.taken)
    database.write_now(exports.note, export.id, form, rows=made.rows, actor=COMMAND_LINE)
    note(_told(made, what))
    if made.left_out:
        note(f"{made.left_out} who are not to be contacted were left out")
    if len(files.names) > 1:
        for name, part in zip(files.names, made.parts, strict=True):
            note(f"{name}  {part.rows} {what}  sha256 {part.print.sha256.hex()}")


def _told(made: "Made", what: str) -> str:
    found = made.taken.changes if made.taken else None
    if found is None:
        return f"{made.rows} {what}"
    told = ", ".join(f"{spool.count} {change}" for change, spool in found.of.items())
    return told + (f"; {found.forgotten} more are gone whose data were deleted" if found.forgotten else "")


def _hold(database: "Database", export: "Export", taken: "Taken") -> None:
    """Keeps whom the export holds, a little at a time: those who log in do not wait for it."""
    from wxadmin.services import export_jobs

    portions = taken.portions()
    while some := list(islice(portions, _HELD_AT_A_TIME)):
        database.write_now(export_jobs.add_to_receipt, export, some)
    database.write_now(export_jobs.complete_receipt, export, taken)


@contextmanager
def _bar(what: str, progress: "Progress") -> Iterator[None]:
    """Shows on a terminal how far it has come."""
    if not sys.stderr.isatty():
        yield
        return
    with progress_line() as show:
        progress.told = lambda: show(what, progress.rows / max(1, progress.expected or 0))
        yield
