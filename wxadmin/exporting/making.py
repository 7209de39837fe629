"""The making of an export's files: one read, in one snapshot, into files that only ever grow."""

import itertools
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import IO, Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlalchemy.orm import Session

from wxadmin.database.clocks import snapshot_began
from wxadmin.database.csv_lines import Portion
from wxadmin.errors import Refused
from wxadmin.exporting import changes, cutting, destinations, lines, taking
from wxadmin.exporting.columns import Column, Kind
from wxadmin.exporting.cutting import Run
from wxadmin.exporting.fingerprints import Fingerprint, Fingerprinting
from wxadmin.exporting.subject import Asking, Given, Sought, Subject
from wxadmin.exporting.taking import Taken
from wxadmin.exporting.telling import Telling, Words
from wxadmin.exporting.xlsx import ROWS_A_SHEET, Workbook
from wxadmin.i18n import Language, msgid
from wxadmin.models import Change, Destination, Format
from wxadmin.queries.masking import Masks

OpenPart = Callable[[int], IO[bytes]]
"""Opens the file of the part with this number, from 1."""

_WIDTHS = {Kind.TEXT: 18, Kind.NUMBER: 10, Kind.MOMENT: 22, Kind.SCOPES: 14, Kind.WORD: 18, Kind.TITLE: 32}
_ID_WIDTH = 32


class OnlyOne(Refused):
    """WeChat sends no message to many where there is only one."""

    def __init__(self) -> None:
        super().__init__(msgid("only one person fits: mass sending needs two at least"))


class NotAsCounted(Exception):
    """The rows that were written are not as many as the same snapshot counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be in the files, and of which kind they are. Days of the filters are of `filter_zone`, and today is
    that of `asked_at`; moments in the file are told in `zone`."""

    subject: Subject
    filters: Given
    filter_zone: ZoneInfo
    asked_at: datetime
    with_blocked: bool = False
    zone: ZoneInfo
    masks: Masks
    language: Language
    words: Words
    destination: Destination
    format: Format
    columns: Sequence[Column]
    # The number of an earlier export, where only what has changed since is wanted.
    since: int | None = None
    # Smaller ones are for tests.
    at_once: int = destinations.MASS_SEND_AT_ONCE
    largest_package: int = destinations.LARGEST_PACKAGE
    rows_a_sheet: int = ROWS_A_SHEET

    @property
    def telling(self) -> Telling:
        return Telling(self.zone, self.language, self.words, self.masks)


@dataclass(slots=True)
class Progress:
    """Looked at by other threads while the files are made. `as_of`: whatever was stored by then is in them."""

    as_of: datetime | None = None
    expected: int | None = None
    rows: int = 0
    # Called after each portion, in the thread that writes.
    told: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class MadePart:
    """One file, and how many rows it holds; `change` where its lines do not say which it tells of."""

    number: int
    rows: int
    print: Fingerprint
    change: Change | None = None


@dataclass(slots=True)
class _Part:
    """A file that is being written; its fingerprint is taken on the way."""

    number: int
    file: IO[bytes]
    change: Change | None = None
    rows: int = 0
    taking: Fingerprinting = field(default_factory=Fingerprinting)

    def write(self, data: bytes) -> int:
        self.taking.update(data)
        self.file.write(data)
        return len(data)

    def flush(self) -> None:
        """For the ZIP writer; the file is flushed when it is closed."""

    def made(self) -> MadePart:
        self.file.close()
        return MadePart(self.number, self.rows, self.taking.end(), self.change)


@dataclass(frozen=True, slots=True)
class Made:
    """`dropped` characters were such as the format cannot hold. So many were `left_out` as not to be contacted; None
    where nobody was to be."""

    as_of: datetime
    rows: int
    dropped: int
    parts: list[MadePart]
    taken: Taken | None
    left_out: int | None = None


def make(session: Session, plan: Plan, open_part: OpenPart, progress: Progress) -> Made:
    """Writes all files. Raises OnlyOne, EarlierGone, NoSuchList, DatabaseUnavailable, OSError: what is there then is
    not whole."""
    as_of = snapshot_began(session)
    asking = Asking(plan.filter_zone, plan.asked_at, plan.masks, plan.with_blocked)
    sought = plan.subject.sought(session, plan.filters, asking)
    left_out = (session.scalar(sought.left_out([func.count()])) or 0) if sought.left_out else None
    taken = _taken(session, sought, plan)
    streams = _streams(session, sought, plan, taken)
    expected = sum(stream.rows for stream in streams)
    progress.as_of, progress.expected = as_of, expected
    if plan.destination is Destination.MASS_SEND and streams[0].rows == 1:
        raise OnlyOne
    with closing(_Writing(plan, open_part)) as writing:
        for stream in streams:
            # Where a file fails, the query has to end before the session does.
            with closing(stream.portions) as found:
                writing.write(_watched(found, progress), stream)
    if progress.rows != expected:
        raise NotAsCounted
    return Made(as_of, expected, writing.dropped, writing.parts, taken, left_out)


@dataclass(frozen=True, slots=True)
class _Stream:
    """What goes into files of its own: so many rows, with these columns."""

    rows: int
    columns: Sequence[Column]
    portions: Generator[Portion]
    change: Change | None = None


def _taken(session: Session, sought: Sought, plan: Plan) -> Taken | None:
    """None where rows are not users, so that they are nobody's to be held."""
    if sought.among is None:
        return None
    return taking.since(session, sought, plan.since) if plan.since else taking.everybody(session, sought)


def _streams(session: Session, sought: Sought, plan: Plan, taken: Taken | None) -> list[_Stream]:
    reading = partial(lines.portions, session, kind=plan.format, telling=plan.telling)
    if taken is None or taken.changes is None:
        rows = taken.fitted.count if taken else session.scalar(sought.selecting([func.count()])) or 0
        return [_Stream(rows, plan.columns, reading(sought, plan.columns))]
    found = changes.streams(taken.changes, plan.format, plan.columns, plan.words)
    return [_Stream(one.rows, one.columns, changes.portions(reading, sought, one), one.change) for one in found]


def _watched(portions: Iterable[Portion], progress: Progress) -> Iterator[Portion]:
    for portion in portions:
        yield portion
        progress.rows += portion.rows
        if progress.told:
            progress.told()


class _Writing:
    """Lines into files of the kind that the plan says."""

    def __init__(self, plan: Plan, open_part: OpenPart) -> None:
        self._plan = plan
        self._open = open_part
        self._part: _Part | None = None
        self._change: Change | None = None
        self.dropped = 0
        self.parts: list[MadePart] = []

    def close(self) -> None:
        """Lets go of a file that was not finished."""
        if self._part:
            self._part.file.close()

    def write(self, portions: Iterable[Portion], stream: _Stream) -> None:
        plan = self._plan = replace(self._plan, columns=stream.columns)
        self._change = stream.change
        if plan.format is Format.XLSX:
            self._workbook(portions)
        elif plan.destination is Destination.MASS_SEND:
            sizes = cutting.even(stream.rows, plan.at_once)
            self._texts(cutting.by_rows(portions, sizes, b"\n"))
        elif plan.destination is Destination.TENCENT_ADS:
            self._packages(cutting.by_bytes(portions, plan.largest_package))
        elif plan.destination is Destination.TAGGING:
            self._texts((0, portion) for portion in cutting.in_lines_of(portions, destinations.TAGGED_AT_ONCE))
        else:
            self._texts((0, portion) for portion in portions)

    def _texts(self, runs: Iterable[Run]) -> None:
        plan = self._plan
        for portions in _by_part(runs):
            part = self._begin()
            part.write(lines.heading(plan.columns, plan.format, plan.telling))
            for portion in portions:
                part.write(portion.lines)
                part.rows += portion.rows
            self.parts.append(part.made())

    def _packages(self, runs: Iterable[Run]) -> None:
        """Each text in a ZIP file of its own."""
        for portions in _by_part(runs):
            part = self._begin()
            entry = zipfile.ZipInfo(f"openids-{part.number}.txt")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with zipfile.ZipFile(cast("Any", part), "w") as package, package.open(entry, "w") as text:
                for portion in portions:
                    text.write(portion.lines)
                    part.rows += portion.rows
            self.parts.append(part.made())

    def _workbook(self, portions: Iterable[Portion]) -> None:
        plan, part = self._plan, self._begin()
        widths = [_ID_WIDTH if one.name in {"openid", "unionid"} else _WIDTHS[one.kind] for one in plan.columns]
        headings = lines.headings(plan.columns, plan.telling)
        with Workbook(cast("IO[bytes]", part), headings, widths) as book:
            for run, portion in cutting.by_rows(portions, itertools.repeat(plan.rows_a_sheet), lines.ROW_END):
                book.write(run, portion.lines)
                part.rows += portion.rows
        self.dropped = book.dropped
        self.parts.append(part.made())

    def _begin(self) -> _Part:
        number = len(self.parts) + 1
        self._part = _Part(number, self._open(number), self._change)
        return self._part


def _by_part(runs: Iterable[Run]) -> Iterator[Iterator[Portion]]:
    """The portions of one file after the other; without any there is an empty file."""
    is_empty = True
    for _, some in itertools.groupby(runs, key=lambda run: run[0]):
        is_empty = False
        yield (portion for _, portion in some)
    if is_empty:
        yield iter(())
