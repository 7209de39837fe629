"""To whom the rows of a file are told, and the words that are read in place of what is stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case

from wxadmin.database.csv_cells import constant
from wxadmin.i18n import Language
from wxadmin.models import Stage
from wxadmin.queries.masking import Masks
from wxadmin.wechat import errcodes

Words = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Telling:
    """In which zone moments are told, which language people read, and what of persons is seen."""

    zone: ZoneInfo
    language: Language
    words: Words
    masks: Masks


Put = Callable[[str], ColumnElement[Any]]
"""Writes a text of this program's own as the format wants it; an empty one as nothing."""

Said = Callable[[Put, Telling], ColumnElement[Any]]
"""What is read in place of a column's value: one of few texts, each escaped when the query is built, not row by row."""

_NEVER_OF_AN_EVENT = {"authorize", "symptom"}


def word_of(column: Any, names: Mapping[Any, str]) -> Said:
    """What pages call the value; `names` are msgids by value."""

    def said(put: Put, telling: Telling) -> ColumnElement[Any]:
        words = ((column == constant(str(value)), put(telling.words(name))) for value, name in names.items())
        return case(*words, else_=put(""))

    return said


def title_of(code: Any, stage: Any = None) -> Said:
    """What the catalogue calls an errcode or reason; by the step at which it was met, where that is given."""

    def said(put: Put, telling: Telling) -> ColumnElement[Any]:
        # Most rows have no code.
        nothing = (code.is_(None) | (code == constant("")), put(""))
        titles = ((code == constant(one), _title(one, stage, put, telling.language)) for one in _codes())
        return case(nothing, *titles, else_=put(errcodes.find("", "any").title(telling.language)))

    return said


def _title(code: str, stage: Any, put: Put, language: Language) -> ColumnElement[Any]:
    usual = errcodes.find(code, "any").title(language)
    by_step = {str(one): errcodes.find(code, one).title(language) for one in Stage}
    differing = [(stage == constant(one), put(title)) for one, title in by_step.items() if title != usual]
    return put(usual) if stage is None or not differing else case(*differing, else_=put(usual))


@cache
def _codes() -> tuple[str, ...]:
    met = (entry.code for entry in errcodes.all_entries() if entry.stage not in _NEVER_OF_AN_EVENT)
    return tuple(dict.fromkeys(met))
