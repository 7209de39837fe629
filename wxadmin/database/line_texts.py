"""Rows as texts that the database writes: JSON objects, and the rows of a spreadsheet's XML."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, case, cast, func, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.expression import FunctionElement

from wxadmin.database.csv_cells import by_offset, constant

TEXT_STYLE, DATE_STYLE, HEADING_STYLE = 1, 2, 3
"""Numbers of the cell formats in the workbook's styles (exporting/xlsx.py)."""

_AS_TEXT = f'<c s="{TEXT_STYLE}" t="inlineStr"><is><t>'
_AS_TEXT_WITH_BLANKS = f'<c s="{TEXT_STYLE}" t="inlineStr"><is><t xml:space="preserve">'
_BLANKS = " \t\r\n"
_TEXT_END = "</t></is></c>"
_NEVER_THERE = "<c/>"


class _json_object(FunctionElement[str]):  # noqa: N801, it stands for a function of SQL
    """Of names and values, by turns."""

    type = String()
    inherit_cache = True


@compiles(_json_object, "postgresql")
def _json_object_postgresql(element: _json_object, compiler: Any, **kw: Any) -> str:
    return f"CAST(json_build_object({compiler.process(element.clauses, **kw)}) AS text)"


@compiles(_json_object, "sqlite")
def _json_object_sqlite(element: _json_object, compiler: Any, **kw: Any) -> str:
    return f"json_object({compiler.process(element.clauses, **kw)})"


class json(FunctionElement[Any]):  # noqa: N801, it stands for a function of SQL
    """A text that is JSON, for a value of an object."""

    inherit_cache = True


@compiles(json, "postgresql")
def _json_postgresql(element: json, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS json)"


@compiles(json, "sqlite")
def _json_sqlite(element: json, compiler: Any, **kw: Any) -> str:
    return f"json({compiler.process(element.clauses, **kw)})"


class _serial(FunctionElement[str]):  # noqa: N801, it stands for a function of SQL
    """A moment, so many seconds east of Greenwich, as spreadsheets count: in days since the end of 1899."""

    type = String()
    inherit_cache = True


@compiles(_serial, "postgresql")
def _serial_postgresql(element: _serial, compiler: Any, **kw: Any) -> str:
    moment, seconds = (compiler.process(clause, **kw) for clause in element.clauses)
    whole = f"CAST(floor(extract(epoch FROM {moment})) AS numeric) + {seconds}"
    return f"CAST(round(({whole}) / 86400.0 + 25569, 10) AS text)"


@compiles(_serial, "sqlite")
def _serial_sqlite(element: _serial, compiler: Any, **kw: Any) -> str:
    moment, seconds = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"printf('%.10f', (strftime('%s', substr({moment}, 1, 19)) + {seconds}) / 86400.0 + 25569)"


class _looks_escaped(FunctionElement[bool]):  # noqa: N801, it stands for a function of SQL
    """Whether a spreadsheet would read signs such as _x0041_ in it as another sign."""

    inherit_cache = True


@compiles(_looks_escaped, "postgresql")
def _looks_escaped_postgresql(element: _looks_escaped, compiler: Any, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} ~ '_x[0-9A-Fa-f]{{4}}_')"


@compiles(_looks_escaped, "sqlite")
def _looks_escaped_sqlite(element: _looks_escaped, compiler: Any, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} GLOB '*_x{'[0-9A-Fa-f]' * 4}_*')"


def json_line(values: Mapping[str, ColumnElement[Any]]) -> ColumnElement[str]:
    """A row as a JSON object and a line feed."""
    pairs = [part for name, value in values.items() for part in (constant(name), value)]
    return _json_object(*pairs) + constant("\n")


def sheet_row(cells: Sequence[ColumnElement[str]]) -> ColumnElement[str]:
    """A row of these cells, made by the functions below."""
    row: ColumnElement[str] = constant("<row>")
    for cell in cells:
        row += cell
    return row + constant("</row>")


def text_cell(column: InstrumentedAttribute[Any] | ColumnElement[Any]) -> ColumnElement[str]:
    """A text, whatever it looks like: no formula, no number."""
    text = type_coerce(column, String)
    escaped: ColumnElement[str] = text
    for sign, written in {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}.items():
        escaped = func.replace(escaped, constant(sign), constant(written))
    twice = func.replace(escaped, constant("_x"), constant("_x005F_x"))
    escaped = case((_looks_escaped(text), twice), else_=escaped)
    return case(
        (func.coalesce(text, constant("")) == constant(""), constant(_NEVER_THERE)),
        # Blanks at its ends are lost, unless they are asked to be kept, which is long to say of every cell.
        (func.trim(text, constant(_BLANKS)) == text, constant(_AS_TEXT) + escaped + constant(_TEXT_END)),
        else_=constant(_AS_TEXT_WITH_BLANKS) + escaped + constant(_TEXT_END),
    )


def own_cell(text: str) -> ColumnElement[str]:
    """A text of this program's own, which holds nothing that a sheet could misread."""
    return constant(_AS_TEXT + escape(text) + _TEXT_END if text else _NEVER_THERE)


def moment_cell(column: InstrumentedAttribute[datetime], zone: ZoneInfo) -> ColumnElement[str]:
    """Date and time to the second, as a clock of the zone showed them."""
    serial = _serial(column, by_offset(column, zone, constant))
    return _unless_empty(column, constant(f'<c s="{DATE_STYLE}"><v>') + serial + constant("</v></c>"))


def number_cell(column: InstrumentedAttribute[int]) -> ColumnElement[str]:
    return _unless_empty(column, constant("<c><v>") + cast(column, String) + constant("</v></c>"))


def _unless_empty(column: InstrumentedAttribute[Any], cell: ColumnElement[str]) -> ColumnElement[str]:
    """A cell that is NULL would make all of the row NULL."""
    return case((column.is_(None), constant(_NEVER_THERE)), else_=cell)
