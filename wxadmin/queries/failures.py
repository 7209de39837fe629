"""Failures by errcode or reason: counts from the hours, the events and the people behind them by an index."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    FromClause,
    Select,
    bindparam,
    distinct,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from wxadmin.ids import first_id_at
from wxadmin.models import Attempt, Event, FailureHour, Site
from wxadmin.queries import closed_hours
from wxadmin.queries.closed_hours import Bounds, bucket_of
from wxadmin.queries.failure_kinds import Asked, Form, Kind, of_each, parameters
from wxadmin.queries.hours import EVERYBODY, Part, SiteIds

SIZE = 50
PEOPLE_COUNTED = 2_000
"""How many of a code's events are looked at for the people behind them."""

# Of so many events, one surely has WeChat's words.
_LISTENED_TO = 20
WRITTEN_WITHIN = timedelta(minutes=10)
"""An event's id is drawn when it is written, which is after it happened, by as long as the writer's queue is."""

# SQLite reads a partial index only where the query repeats its condition to the letter.
_NOT_OK = Event.event_class != literal_column("'ok'")


@dataclass(frozen=True, slots=True)
class Span:
    """From `bounds[0]` to `bounds[-1]`, in the buckets between them; `among` are the only sites that count, None for
    all."""

    bounds: tuple[datetime, ...]
    among: frozenset[int] | None = None

    @property
    def start(self) -> datetime:
        return self.bounds[0]

    @property
    def end(self) -> datetime:
        return self.bounds[-1]

    def form(self, session: Session, kinds: Sequence[Kind]) -> Form:
        """Of a statement that looks at these kinds."""
        return Form.of(session, len(kinds), is_confined=self.among is not None)


@dataclass(frozen=True, slots=True)
class People:
    """`is_all` where no more than PEOPLE_COUNTED events had to be looked at."""

    number: int
    is_all: bool


@dataclass(frozen=True, slots=True)
class FailureRow:
    id: int
    at: datetime
    support_code: str | None
    user_id: int | None
    site: str | None
    stage: str
    event_class: str
    errmsg: str | None
    rid: str | None
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """`newer` and `older` are the cursors of the neighbouring pages."""

    rows: Sequence[FailureRow]
    newer: int | None
    older: int | None


def by_kind(
    session: Session, span: Span, *, code: str | None = None, part: Part = EVERYBODY
) -> dict[Kind, tuple[int, ...]]:
    """The number of events in each bucket, most frequent kind first; of `part` alone, besides the sites of the span."""
    buckets = closed_hours.by_bucket(
        session,
        span.bounds,
        lambda bounds: _sums(session, bounds, span.among, part),
        key=("failures", span.among, part),
    )
    counts: dict[Kind, list[int]] = {}
    for number, sums in enumerate(buckets):
        for kind, events in sums.items():
            if code is None or kind.code == code:
                counts.setdefault(kind, [0] * len(buckets))[number] = events
    ordered = sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0].code, item[0].stage))
    return {kind: tuple(values) for kind, values in ordered}


def _sums(session: Session, bounds: Bounds, among: SiteIds, part: Part) -> Sequence[dict[Kind, int]]:
    """The events of each kind, by bucket."""
    bucket = bucket_of(FailureHour.hour, bounds)
    kind = (FailureHour.code, FailureHour.stage, FailureHour.event_class)
    query = (
        select(bucket, *kind, func.sum(FailureHour.events))
        .where(FailureHour.hour >= bounds[0], FailureHour.hour < bounds[-1], *part.of(FailureHour))
        .group_by(*kind, bucket)
    )
    if among is not None:
        query = query.where(FailureHour.site_id.in_(sorted(among)))
    sums: list[dict[Kind, int]] = [{} for _ in bounds[1:]]
    for number, *names, events in session.execute(query):
        sums[number][Kind(*names)] = int(events)
    return sums


def people_of_each(session: Session, span: Span, kinds: Sequence[Kind]) -> dict[Kind, People]:
    """Whom each kind happened to: users where they are known, else each attempt as somebody of its own."""
    if not kinds:
        return {}
    form = span.form(session, kinds)
    found = session.execute(_people(form, PEOPLE_COUNTED + 1), asked_in(form, span, kinds))
    return {
        kinds[number]: People(min(people, PEOPLE_COUNTED), events <= PEOPLE_COUNTED) for number, people, events in found
    }


@lru_cache
def _people(form: Form, most: int) -> Select[Any]:
    looks = of_each(form, lambda asked: _people_of_a_kind(form, asked, most))
    return select(looks.c.number, looks.c.people, looks.c.events)


def _people_of_a_kind(form: Form, asked: Asked, most: int) -> Select[Any]:
    newest = _newest_of_a_kind(form, asked, (Event.user_id, Event.attempt_id), most).subquery()
    # Users and attempts draw their ids from one row of numbers, so that no user is taken for an attempt.
    somebody = func.coalesce(newest.c.user_id, newest.c.attempt_id)
    numbers: tuple[Any, ...] = (func.count().label("events"), func.count(distinct(somebody)).label("people"))
    return select(*numbers).select_from(newest)


def words_of_each(session: Session, span: Span, codes: Iterable[str]) -> dict[str, str]:
    """WeChat's newest words for each code, of those codes that came with any lately."""
    query = (
        events_of(span, bindparam("code")).with_only_columns(Event.errmsg).order_by(Event.id.desc()).limit(_LISTENED_TO)
    )
    said = {code: [words for words in session.scalars(query, {"code": code}) if words] for code in codes}
    return {code: words[0] for code, words in said.items() if words}


def page(session: Session, span: Span, code: str, *, before: int | None = None, after: int | None = None) -> Page:
    """The events of a code, newest first: those older than the id `before`, or the nearest newer than `after`."""
    query = (
        events_of(span, code)
        .with_only_columns(*_COLUMNS)
        .outerjoin(Attempt, Attempt.id == Event.attempt_id)
        .outerjoin(Site, Site.id == Event.site_id)
        .limit(SIZE + 1)
    )
    if after is not None:
        nearest = session.execute(query.where(Event.id > after).order_by(Event.id)).all()
        if len(nearest) <= SIZE:
            return page(session, span, code)
        rows = [FailureRow(*row) for row in nearest[:SIZE]][::-1]
        return Page(rows, newer=rows[0].id, older=rows[-1].id)
    if before is not None:
        query = query.where(Event.id < before)
    found = [FailureRow(*row) for row in session.execute(query.order_by(Event.id.desc()))]
    rows = found[:SIZE]
    newer = None if before is None else rows[0].id if rows else before - 1
    return Page(rows, newer, older=rows[-1].id if len(found) > SIZE else None)


_COLUMNS: tuple[Any, ...] = (
    *(Event.id, Event.at, Attempt.support_code, Event.user_id, Site.title),
    *(Event.stage, Event.event_class, Event.errmsg, Event.rid, Event.duration_ms),
)


def newest_of_each(form: Form, columns: Sequence[Any], most: int) -> FromClause:
    """The newest `most` events of each kind, with its kind's number: for the parameters of `asked_in`."""
    return of_each(form, lambda asked: _newest_of_a_kind(form, asked, columns, most))


def _newest_of_a_kind(form: Form, asked: Asked, columns: Sequence[Any], most: int) -> Select[Any]:
    return of_a_kind(form, asked).with_only_columns(*columns).order_by(Event.id.desc()).limit(most)


def of_a_kind(form: Form, asked: Asked) -> Select[Any]:
    """The events of one kind between the ids that are asked for: for the parameters of `in_span`."""
    query = select(Event).where(
        Event.code == asked.code,
        _NOT_OK,
        Event.stage == asked.stage,
        Event.event_class == asked.event_class,
        Event.id >= asked.from_id,
        Event.id < asked.to_id,
        Event.at >= bindparam("since", type_=Event.at.type),
        Event.at < bindparam("until", type_=Event.at.type),
    )
    return query.where(Event.site_id.in_(bindparam("sites", expanding=True))) if form.is_confined else query


def asked_in(form: Form, span: Span, kinds: Iterable[Kind]) -> dict[str, Any]:
    """The parameters of a look at all events of each kind in the span."""
    ids = first_id_at(span.start), first_id_at(span.end + WRITTEN_WITHIN)
    return in_span(form, span, [Asked.of(kind, *ids) for kind in kinds])


def in_span(form: Form, span: Span, asked: Sequence[Asked]) -> dict[str, Any]:
    """The parameters of a look at what is asked for, in the span."""
    sites = {} if span.among is None else {"sites": sorted(span.among)}
    return {"since": span.start, "until": span.end, **sites, **parameters(form, asked)}


def events_of(span: Span, code: str | BindParameter[str]) -> Select[Any]:
    """What the errcode or reason was of, in the span: to be narrowed, ordered by id and limited."""
    query = select(Event).where(
        Event.code == code,
        _NOT_OK,
        Event.id >= first_id_at(span.start),
        Event.id < first_id_at(span.end + WRITTEN_WITHIN),
        Event.at >= span.start,
        Event.at < span.end,
    )
    return query if span.among is None else query.where(Event.site_id.in_(sorted(span.among)))
