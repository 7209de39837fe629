"""A file that somebody holds against what an export's receipt says of its own."""

from dataclasses import dataclass
from enum import StrEnum

from wxadmin.exporting.fingerprints import BLOCK, BLOCK_DIGITS, HEAD, Fingerprint
from wxadmin.models import Export, ExportPart, Format

_WITH_HEADING = {Format.CSV, Format.CSV_EXCEL}
_OF_LINES = {*_WITH_HEADING, Format.JSONL, Format.OPENIDS}


class Finding(StrEnum):
    WHOLE = "whole"
    CUT = "cut"
    # So short that nothing of it could be compared.
    SHORTER = "shorter"
    LONGER = "longer"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of the file that somebody holds. `lines` ends of lines, `records` of them outside of quotes."""

    name: str
    size: int
    tree: bytes
    head: bytes
    blocks: str
    lines: int
    records: int


def compared(part: ExportPart, held: Held) -> Finding:
    """By the receipt alone, to a block: the file itself may be gone."""
    if held.tree == part.tree and held.size == part.size:
        return Finding.WHOLE
    begins_alike = _begins_alike(part, held)
    if held.size == part.size or begins_alike is False:
        return Finding.CHANGED
    if held.size > part.size:
        return Finding.LONGER if begins_alike else Finding.CHANGED
    return Finding.CUT if begins_alike else Finding.SHORTER


def settled(finding: Finding, beginning: Fingerprint, held: Held) -> Finding:
    """The same, with the beginning of the kept file, as long as the held one, to go by."""
    if finding in {Finding.CUT, Finding.SHORTER, Finding.CHANGED} and beginning.size == held.size:
        return Finding.CUT if beginning.tree == held.tree else Finding.CHANGED
    return finding


def rows_short(export: Export, part: ExportPart, held: Held) -> int | None:
    """How many users the file has lost at its end; None where lines do not tell."""
    if export.format not in _OF_LINES or part.name.endswith(".zip") or export.destination == "tagging":
        return None
    has_heading = export.format in _WITH_HEADING
    ends = held.records if has_heading else held.lines
    return max(0, part.rows - max(0, ends - has_heading))


def _begins_alike(part: ExportPart, held: Held) -> bool | None:
    """As far as both go, and to a block; None where one is too short to say."""
    shorter = min(part.size, held.size)
    if shorter < HEAD:
        return None
    # Of a very large file, a form holds the first blocks only.
    digits = min(shorter // BLOCK * BLOCK_DIGITS, len(held.blocks))
    return part.head == held.head and held.blocks[:digits] == part.blocks[:digits]
