"""Each format's lines: what the database writes of a row, and what stands above the first."""

import csv
import io
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case
from sqlalchemy.orm import Session

from wxadmin.database import csv_cells, csv_lines, line_texts
from wxadmin.database.csv_cells import Cell, constant
from wxadmin.database.csv_lines import Portion
from wxadmin.exporting.columns import Column, Kind
from wxadmin.exporting.subject import Sought
from wxadmin.i18n import Language, msgid
from wxadmin.models import Format
from wxadmin.queries.masking import Masks

_BYTE_ORDER_MARK = "\ufeff"
ROW_END = b"</row>"
"""What a row of a workbook ends with, and nothing else does."""

_SILENT, _EXPLICIT = '["snsapi_base"]', '["snsapi_base","snsapi_userinfo"]'
Words = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Telling:
    """To whom rows are told: in which zone moments are, which language people read, and what of persons is seen."""

    zone: ZoneInfo
    language: Language
    words: Words
    masks: Masks


def portions(
    session: Session,
    sought: Sought,
    columns: Sequence[Column],
    kind: Format,
    telling: Telling,
) -> Generator[Portion]:
    """All rows that are sought, newest first by their ids. To be closed if left early."""
    selecting, by_id = sought.selecting, sought.newest_first
    if kind is Format.CSV_EXCEL:
        cells = [_spreadsheet_cell(column, telling) for column in columns]
        return csv_lines.portions(session, selecting, cells, by_id)
    if kind is Format.CSV:
        cells = [_program_cell(column, telling) for column in columns]
        return csv_lines.portions(session, selecting, cells, by_id, line_end="\n")
    if kind is Format.JSONL:
        line = line_texts.json_line({column.name: _json_value(column, telling) for column in columns})
    elif kind is Format.XLSX:
        line = line_texts.sheet_row([_sheet_cell(column, telling) for column in columns])
    else:
        line = columns[0].seen(telling.masks) + constant("\n")
    return csv_lines.texts(session, selecting, line, by_id)


def headings(columns: Sequence[Column], telling: Telling) -> list[str]:
    """In the reader's language; those of moments name the zone."""
    words = telling.words
    return [
        f"{words(column.heading)} ({telling.zone.key})" if column.kind is Kind.MOMENT else words(column.heading)
        for column in columns
    ]


def heading(columns: Sequence[Column], kind: Format, telling: Telling) -> bytes:
    """The first line of a text; none where the format has none."""
    if kind is Format.CSV_EXCEL:
        return _BYTE_ORDER_MARK.encode() + _as_csv(headings(columns, telling), "\r\n")
    return _as_csv([column.name for column in columns], "\n") if kind is Format.CSV else b""


def _as_csv(cells: Sequence[str], line_end: str) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator=line_end).writerow(cells)
    return written.getvalue().encode()


def _spreadsheet_cell(column: Column, telling: Telling) -> Cell:
    if column.kind is Kind.MOMENT:
        return csv_cells.moment(column.of, telling.zone)
    if column.kind is Kind.SCOPES:
        return csv_cells.either(column.of.is_(True), *_scope_words(telling.words))
    return csv_cells.number(column.of) if column.kind is Kind.NUMBER else csv_cells.text(column.seen(telling.masks))


def _program_cell(column: Column, telling: Telling) -> Cell:
    if column.kind is Kind.MOMENT:
        return csv_cells.iso_moment(column.of, telling.zone)
    if column.kind is Kind.SCOPES:
        return csv_cells.either(column.of.is_(True), "snsapi_base snsapi_userinfo", "snsapi_base")
    return (
        csv_cells.number(column.of) if column.kind is Kind.NUMBER else csv_cells.as_stored(column.seen(telling.masks))
    )


def _json_value(column: Column, telling: Telling) -> ColumnElement[Any]:
    if column.kind is Kind.MOMENT:
        return csv_cells.iso_moment(column.of, telling.zone).shown
    if column.kind is Kind.SCOPES:
        return line_texts.json(case((column.of.is_(True), constant(_EXPLICIT)), else_=constant(_SILENT)))
    return column.seen(telling.masks)  # type: ignore[return-value]


def _sheet_cell(column: Column, telling: Telling) -> ColumnElement[str]:
    if column.kind is Kind.MOMENT:
        return line_texts.moment_cell(column.of, telling.zone)
    if column.kind is Kind.NUMBER:
        return line_texts.number_cell(column.of)
    if column.kind is Kind.SCOPES:
        explicit, silent = map(constant, _scope_words(telling.words))
        return line_texts.text_cell(case((column.of.is_(True), explicit), else_=silent))
    return line_texts.text_cell(column.seen(telling.masks))


def _scope_words(words: Words) -> tuple[str, str]:
    silent, explicit = words(msgid("Silent")), words(msgid("Explicit"))
    return f"{silent} {explicit}", silent
