"""Columns as the cells of a CSV file, written by the database: a line costs the interpreter nothing.

A text that a spreadsheet would calculate, or whose digits it would change, begins with an apostrophe; so does one that
began with an apostrophe itself. Taking off one leading apostrophe gives every text back as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, String, and_, case, func, literal, literal_column, or_, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.expression import FunctionElement

from wxadmin.clock import utcnow
from wxadmin.database.types import UTCDateTime
from wxadmin.days import offsets

NEEDS_QUOTES = ('"', ",", "\r", "\n")
# What spreadsheets pass over in front of a formula.
_BLANKS = "".join(map(chr, (*range(1, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x2028, 0x2029, 0x202F)))
_BLANKS += "\u205f\u2060\u3000\ufeff"
_FORMULA_SIGNS = ["=", "+", "-", "@", "＝", "＋", "－", "＠"]  # fmt: skip
_NEVER_FIRST = ["\t", "\r", "\n", "'"]
# From here on a spreadsheet shows powers of ten, and soon keeps no more digits.
_MANY_DIGITS = 12
# First signs that begin nothing misread: letters of ASCII, Chinese and its neighbours, pictures. Most cells end here.
_HARMLESS_FIRST = ((0x41, 0x7E), (0x3001, 0x9FFF), (0x1F300, 0x1FAFF))
_BEFORE_ANY_LOGIN = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cell:
    """NULL where it is empty. `judged` is the text that decides on quotes; None where none are ever needed."""

    shown: ColumnElement[Any]
    judged: ColumnElement[Any] | None


class _code_point(FunctionElement[int]):  # noqa: N801, it stands for a function of SQL
    """The number of a text's first character."""

    type = Integer()
    inherit_cache = True


@compiles(_code_point)
def _ascii(element: _code_point, compiler: Any, **kw: Any) -> str:
    return f"ascii({compiler.process(element.clauses, **kw)})"


@compiles(_code_point, "sqlite")
def _unicode(element: _code_point, compiler: Any, **kw: Any) -> str:
    return f"unicode({compiler.process(element.clauses, **kw)})"


class _at_offset(FunctionElement[str]):  # noqa: N801, it stands for a function of SQL
    """A moment, so many seconds east of Greenwich, as `2026-11-20 16:30:00`."""

    type = String()
    inherit_cache = True


@compiles(_at_offset, "postgresql")
def _at_offset_postgresql(element: _at_offset, compiler: Any, **kw: Any) -> str:
    moment, seconds = (compiler.process(clause, **kw) for clause in element.clauses)
    # Half the time that to_char takes; the connection's datestyle is ISO.
    return f"left(CAST(timezone({seconds} * interval '1 second', {moment}) AS text), 19)"


@compiles(_at_offset, "sqlite")
def _at_offset_sqlite(element: _at_offset, compiler: Any, **kw: Any) -> str:
    moment, seconds = (compiler.process(clause, **kw) for clause in element.clauses)
    # Without its microseconds, which SQLite would round.
    return f"datetime(substr({moment}, 1, 19), {seconds} || ' seconds')"


def text(of: InstrumentedAttribute[Any] | ColumnElement[Any]) -> Cell:
    """The text so that a spreadsheet shows it as it is."""
    column = type_coerce(of, String)
    shown = case(
        # The many that are empty first, then the many that are harmless: only a rare one is looked at closely.
        (column.is_(None), None),
        (_is_harmless(column), column),
        (_is_misread(column), constant("'") + column),
        else_=func.nullif(column, constant("")),
    )
    return Cell(shown, column)


def number(column: InstrumentedAttribute[int]) -> Cell:
    return Cell(type_coerce(column, Integer), None)


def either(condition: ColumnElement[bool], yes: str, no: str) -> Cell:
    """One of two texts of our own, which no spreadsheet misreads."""
    shown = case((condition, constant(yes)), else_=constant(no))
    return Cell(shown, shown if any(sign in yes + no for sign in NEEDS_QUOTES) else None)


def moment(column: InstrumentedAttribute[datetime], zone: ZoneInfo) -> Cell:
    """Date and time to the second, as a clock of the zone showed them. From the year 2000 to the next but one."""
    return Cell(_at_offset(column, by_offset(column, zone, constant)), None)


def iso_moment(column: InstrumentedAttribute[datetime], zone: ZoneInfo) -> Cell:
    """The same as `2026-11-20T16:30:00+08:00`, for programs."""
    shown = _at_offset(column, by_offset(column, zone, constant))
    return Cell(func.replace(shown, constant(" "), constant("T")) + by_offset(column, zone, _offset_text), None)


def as_stored(column: InstrumentedAttribute[Any] | ColumnElement[Any]) -> Cell:
    """A text to the letter, for programs; empty where there is none."""
    text = type_coerce(column, String)
    return Cell(func.nullif(text, constant("")), text)


def by_offset(
    column: InstrumentedAttribute[datetime], zone: ZoneInfo, value: Callable[[int], ColumnElement[Any]]
) -> ColumnElement[Any]:
    """What belongs to the zone's offset at that moment, in seconds east of Greenwich."""
    (_, oldest), *changes = offsets(zone, _BEFORE_ANY_LOGIN, utcnow().year + 2)
    # Newest first: most moments are of late.
    cases = [(column >= literal(since, UTCDateTime), value(seconds)) for since, seconds in reversed(changes)]
    return case(*cases, else_=value(oldest)) if cases else value(oldest)


def _offset_text(seconds: int) -> ColumnElement[Any]:
    minutes = abs(seconds) // 60
    return constant(f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}")


def constant(value: str | int) -> ColumnElement[Any]:
    """A value of this program, never a visitor's, written into the statement: hundreds of parameters would be gone
    through for every portion."""
    if isinstance(value, int):
        return literal_column(str(value), Integer)
    return literal_column("'{}'".format(value.replace("'", "''")), String)


def _is_harmless(column: ColumnElement[str]) -> ColumnElement[bool]:
    first = _code_point(column)
    is_short = func.length(column) < constant(_MANY_DIGITS)
    return or_(
        *(_is_between(first, *ends) for ends in _HARMLESS_FIRST),
        and_(_is_between(first, ord("1"), ord("9")), is_short),
    )


def _is_between(number: ColumnElement[int], least: int, most: int) -> ColumnElement[bool]:
    return number.between(constant(least), constant(most))


def _is_misread(column: ColumnElement[str]) -> ColumnElement[bool]:
    first = _first_of(column)
    first_seen = _first_of(func.ltrim(column, constant(_BLANKS)))
    is_long = func.length(column) >= constant(_MANY_DIGITS)
    has_zero_in_front = and_(first == constant("0"), func.length(column) > constant(1))
    return or_(
        *(first == constant(sign) for sign in _NEVER_FIRST),
        *(first_seen == constant(sign) for sign in _FORMULA_SIGNS),
        and_(or_(is_long, has_zero_in_front), func.ltrim(column, constant(_digits())) == constant("")),
    )


def _first_of(text: ColumnElement[str]) -> ColumnElement[str]:
    return func.substr(text, constant(1), constant(1))


@cache
def _digits() -> str:
    """Those of all scripts; the planes above hold none."""
    return "".join(sign for sign in map(chr, range(0x20000)) if sign.isdecimal())
