"""What stands in a file or text that staff upload as a list: one id a line, or in the first column of a table.

It comes from Excel, WPS, Notepad and other systems: UTF-8 or GB18030, with or without a byte order mark, lines that end
in any way, quotes, a heading, the apostrophe that our own CSV puts in front of what a spreadsheet would misread.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wxadmin.errors import BadValue
from wxadmin.i18n import msgid
from wxadmin.models import IdKind

MOST_LINES = 200_000
LARGEST = 16 * 1024 * 1024
"""Bytes."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_LONGEST = 64
_BLANKS = " \t\u00a0\u200b\u3000\ufeff"
# A quote that is never closed would swallow all lines behind it.
_MOST_LINES_A_ROW = 20
_HEADINGS = {
    IdKind.OPENID: {"openid", "open_id"},
    IdKind.UNIONID: {"unionid", "union_id"},
    IdKind.REF: {"ref", "member reference", "业务用户号", "会员号", "客户号"},
}


@dataclass(frozen=True, slots=True)
class Line:
    """The first cell of a row, and the number of the line where it begins, from 1."""

    number: int
    cell: str


@dataclass(frozen=True, slots=True)
class Lines:
    """All that are not blank, without the heading; `heading` is of which kind it says that the ids are."""

    lines: list[Line]
    heading: IdKind | None


@dataclass(frozen=True, slots=True)
class Values:
    """Different values, sorted; how many lines said one again, and the numbers of those that hold no such id."""

    values: list[str]
    repeated: int
    unreadable: list[int]


def read(data: bytes) -> Lines:
    """Raises BadValue where it is no text, is too long, or has nothing in it."""
    if len(data) > LARGEST:
        raise BadValue(msgid("a list has at most %(megabytes)d MB"), field="file", megabytes=LARGEST // (1024 * 1024))
    found = list(_first_cells(_text(data)))
    if len(found) > MOST_LINES:
        raise BadValue(
            msgid("a list has at most %(most)s lines: divide it in two"), field="file", most=f"{MOST_LINES:,}"
        )
    heading = _heading(found[0].cell) if found else None
    lines = found[1:] if heading else found
    if not lines:
        raise BadValue(msgid("choose a file or paste a list: there is nothing in it"), field="file")
    return Lines(lines, heading)


def values_of(lines: Iterable[Line], kind: IdKind) -> Values:
    """Raises BadValue where not one line holds an id of this kind."""
    values: set[str] = set()
    unreadable, readable = [], 0
    for line in lines:
        if _is_value(line.cell, kind):
            values.add(line.cell)
            readable += 1
        else:
            unreadable.append(line.number)
    if not values:
        raise BadValue(msgid("no line holds an id of this kind"), field="file")
    return Values(sorted(values), readable - len(values), unreadable)


def sampled(lines: Iterable[Line], most: int = 500) -> list[str]:
    """Some of what may be ids, to recognise the kind by."""
    cells = (line.cell for line in lines if _is_value(line.cell, IdKind.REF))
    return [cell for _, cell in zip(range(most), cells, strict=False)]


def _is_value(cell: str, kind: IdKind) -> bool:
    if kind is IdKind.REF:
        return 0 < len(cell) <= _LONGEST and cell.isprintable()
    return bool(_ID.fullmatch(cell))


def _text(data: bytes) -> str:
    """Windows writes Chinese as GB18030 where it is not told otherwise."""
    marked = [encoding for mark, encoding in _MARKS if data.startswith(mark)]
    for encoding in marked or ["utf-8", "gb18030"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadValue(msgid("this is no text in UTF-8 or GB18030: save the sheet as CSV first"), field="file")


def _first_cells(text: str) -> Iterator[Line]:
    rows = re.split("\r\n|\r|\n", text)
    begins = 0
    reading = csv.reader(_with_ends(rows), delimiter=_delimiter(rows))
    while True:
        try:
            row = next(reading, None)
        except csv.Error:
            raise _quote(begins + 1) from None
        if row is None:
            return
        number, begins = begins + 1, reading.line_num
        if begins - number >= _MOST_LINES_A_ROW or (row and "\n" in row[0]):
            raise _quote(number)
        cell = row[0].strip(_BLANKS).removeprefix("'").strip(_BLANKS) if row else ""
        # Of a row such as `,,` nothing is left, and a blank line says nothing.
        if cell or any(one.strip(_BLANKS) for one in row[1:]):
            yield Line(number, cell)


def _quote(number: int) -> BadValue:
    return BadValue(msgid("line %(line)s opens a quote that nothing closes"), field="file", line=f"{number:,}")


def _with_ends(rows: Iterable[str]) -> Iterator[str]:
    return (f"{row}\n" for row in rows)


def _delimiter(rows: Iterable[str]) -> str:
    """That of the first line which has one."""
    for row in rows:
        for sign in ("\t", ",", ";"):
            if sign in row:
                return sign
    return ","


def _heading(cell: str) -> IdKind | None:
    return next((kind for kind, words in _HEADINGS.items() if cell.casefold() in words), None)
