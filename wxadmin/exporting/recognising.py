"""Which export a file is of, and whether it is still what that made."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from wxadmin.exporting import comparing, names
from wxadmin.exporting.comparing import Finding, Held
from wxadmin.exporting.fingerprints import BLOCK, Fingerprinting
from wxadmin.exporting.storage import Storage
from wxadmin.models import Export, ExportPart
from wxadmin.queries import exports


@dataclass(frozen=True, slots=True)
class Recognised:
    """`rows_short` is None where it cannot be told, or where nothing is missing."""

    export: Export
    part: ExportPart
    finding: Finding
    rows_short: int | None = None


def by_sha256(session: Session, sha256: bytes) -> Recognised | None:
    """A whole file, or none."""
    found = exports.alike(session, sha256=sha256)
    return Recognised(*found[0], Finding.WHOLE) if found else None


def by_print(session: Session, held: Held) -> Recognised | None:
    """A file to the byte, else the one that its name tells of, else one that begins alike."""
    found = list(exports.alike(session, tree=held.tree))
    if not found:
        numbers = names.numbers_in(held.name)
        named = exports.numbered(session, *numbers) if numbers else None
        found = [named] if named else list(exports.alike(session, head=held.head))
    compared = [(comparing.compared(part, held), export, part) for export, part in found]
    # Several exports may begin alike: that which fits best is meant.
    best = min(compared, key=lambda one: list(Finding).index(one[0]), default=None)
    if best is None:
        return None
    finding, export, part = best
    is_whole = finding is Finding.WHOLE
    return Recognised(export, part, finding, None if is_whole else comparing.rows_short(export, part, held))


def settled(recognised: Recognised, held: Held, storage: Storage) -> Recognised:
    """The same, to the byte where the file is still kept."""
    export, part = recognised.export, recognised.part
    if recognised.finding is Finding.WHOLE or held.size >= part.size:
        return recognised
    file = storage.file(export.id, export.attempt, part.number)
    if not file.is_file():
        return recognised
    beginning = _beginning(file, held.size)
    finding = comparing.settled(recognised.finding, beginning.end(), held)
    return Recognised(export, part, finding, recognised.rows_short)


def held(file: Path) -> Held:
    """What is to be known of a file that is here. Raises OSError."""
    taking, lines, records, quotes = Fingerprinting(), 0, 0, 0
    with file.open("rb") as opened:
        while piece := opened.read(BLOCK):
            taking.update(piece)
            lines += piece.count(b"\n")
            for number, run in enumerate(piece.split(b'"')):
                # Outside of quotes where an even number of them stands before.
                records += 0 if (quotes + number) % 2 else run.count(b"\n")
            quotes += piece.count(b'"')
    found = taking.end()
    return Held(file.name, found.size, found.tree, found.head, found.blocks, lines, records)


def _beginning(file: Path, size: int) -> Fingerprinting:
    taking, left = Fingerprinting(), size
    with file.open("rb") as opened:
        while left and (piece := opened.read(min(left, BLOCK))):
            taking.update(piece)
            left -= len(piece)
    return taking
