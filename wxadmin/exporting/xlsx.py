"""A workbook, written from its first byte to its last: rows come as XML from the database and go through at once.

Why no library does it: docs/decisions/0009-exports-as-jobs.md.
"""

import zipfile
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any, Self, cast
from xml.sax.saxutils import escape

from wxadmin.database.line_texts import HEADING_STYLE

ROWS_A_SHEET = 1_000_000
# Above two gigabytes a sheet would need an extension of the ZIP format that spreadsheets warn about.
_LARGEST_SHEET = 1_900_000_000
_LEVEL = 1
# What XML cannot hold; a tab and ends of lines it can.
_ILLEGAL = bytes({*range(0x20)} - {0x09, 0x0A, 0x0D})
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET_END = b"</sheetData></worksheet>"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>'
    '</numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class Workbook:
    """Sheets of rows under the same headings, into a file that only ever grows. `dropped` counts the characters that
    XML cannot hold."""

    def __init__(self, file: IO[bytes], headings: Sequence[str], widths: Sequence[int]) -> None:
        self._zip = zipfile.ZipFile(cast("Any", file), "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._begin = _sheet_begin(headings, widths)
        self._sheets = 0
        self._run = -1
        self._sheet: IO[bytes] | None = None
        self._size = 0
        self.dropped = 0

    def write(self, run: int, lines: bytes) -> None:
        """Rows; those of another run stand on another sheet."""
        rows = lines.translate(None, _ILLEGAL)
        for sign in _NONCHARACTERS:
            rows = rows.replace(sign, b"")
        self.dropped += _signs_dropped(lines, rows)
        if run != self._run or self._size + len(rows) > _LARGEST_SHEET:
            self._begin_sheet()
            self._run = run
        self._put(rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._finish()
            return
        # What is there is thrown away; nothing of it may be left open.
        with suppress(Exception):
            if self._sheet:
                self._sheet.close()
        with suppress(Exception):
            self._zip.close()

    def _finish(self) -> None:
        """Without any row there is a sheet of headings."""
        if not self._sheets:
            self._begin_sheet()
        self._end_sheet()
        for name, text in _frame(self._sheets).items():
            self._zip.writestr(_entry(name), _DECLARATION + text)
        self._zip.close()

    def _begin_sheet(self) -> None:
        self._end_sheet()
        self._sheets += 1
        self._sheet = self._zip.open(_entry(f"xl/worksheets/sheet{self._sheets}.xml"), "w")
        self._size = 0
        self._put(self._begin)

    def _end_sheet(self) -> None:
        if self._sheet:
            self._put(_SHEET_END)
            self._sheet.close()
            self._sheet = None

    def _put(self, data: bytes) -> None:
        assert self._sheet is not None
        self._sheet.write(data)
        self._size += len(data)


def _signs_dropped(before: bytes, after: bytes) -> int:
    """Each was one byte, or the three of a sign that there are hardly ever any of."""
    gone = len(before) - len(after)
    long = sum(before.count(sign) for sign in _NONCHARACTERS) if gone else 0
    return gone - 2 * long


def _entry(name: str) -> zipfile.ZipInfo:
    """Of no date: the same rows make the same file."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _sheet_begin(headings: Sequence[str], widths: Sequence[int]) -> bytes:
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, start=1)
    )
    cells = "".join(
        f'<c s="{HEADING_STYLE}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
        for text in headings
    )
    return (
        f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData><row>{cells}</row>"
    ).encode()


def _frame(sheets: int) -> dict[str, str]:
    """All but the sheets themselves."""
    numbers = range(1, sheets + 1)
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{one}.xml" ContentType="{_KIND}.worksheet+xml"/>' for one in numbers
    )
    listed = "".join(f'<sheet name="Users {one}" sheetId="{one}" r:id="rId{one}"/>' for one in numbers)
    related = "".join(
        f'<Relationship Id="rId{one}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{one}.xml"/>'
        for one in numbers
    )
    return {
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{parts}</Types>'
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets></workbook>'),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships">{related}<Relationship Id="rId{sheets + 1}" '
            f'Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>'
        ),
        "xl/styles.xml": _STYLES,
    }
