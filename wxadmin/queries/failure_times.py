"""When a failure was seen first and last, and whether there are more of it than usual."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from wxadmin.clock import hour_of
from wxadmin.ids import first_id_at
from wxadmin.models import Event, FailureHour, StepHour
from wxadmin.queries.failure_kinds import Asked, Form, Kind, of_each
from wxadmin.queries.failures import WRITTEN_WITHIN, Span, in_span, of_a_kind
from wxadmin.queries.hours import SiteIds, among

BASELINE_DAYS = 7
COMPARED_HOURS = 3
"""The newest full hours, taken together: one alone is too short to be told from chance."""

FEWEST = 10
"""Below this, neither now nor usually, a difference may be chance."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# Ids are drawn in the order of writing: events of several processes may lie this far out of the order of time.
_OUT_OF_ORDER = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """None where the events are gone, which counts outlive."""

    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Usual:
    """`now` in the newest full hours, `before` on an average day of the week before in the same ones."""

    now: int
    before: float

    @property
    def times(self) -> float | None:
        """How many times as many as usual; None where there is usually none."""
        return self.now / self.before if self.before else None


def seen_of_each(session: Session, span: Span, counts: Mapping[Kind, Sequence[int]]) -> dict[Kind, Seen]:
    """The first and the last of each kind; `counts` are by the span's buckets, so that only two of them are read."""
    if not counts:
        return {}
    kinds = list(counts)
    form = span.form(session, kinds)
    asked = in_span(form, span, [_asked(span, kind, values) for kind, values in counts.items()])
    return {kinds[number]: Seen(first, last) for number, first, last in session.execute(_seen(form), asked)}


def _asked(span: Span, kind: Kind, values: Sequence[int]) -> Asked:
    """Between the ids of the first and the last bucket that hold any."""
    buckets = [bucket for bucket, value in enumerate(values) if value]
    first, end = span.bounds[buckets[0]], span.bounds[buckets[-1] + 1]
    return Asked.of(kind, first_id_at(first), first_id_at(end + WRITTEN_WITHIN))


@lru_cache
def _seen(form: Form) -> Select[Any]:
    looks = of_each(form, lambda asked: _seen_of_a_kind(form, asked))
    return select(looks.c.number, looks.c.first, looks.c.last)


def _seen_of_a_kind(form: Form, asked: Asked) -> Select[Any]:
    those = of_a_kind(form, asked).with_only_columns(Event.at).limit(_OUT_OF_ORDER)
    first, last = those.order_by(Event.id).subquery(), those.order_by(Event.id.desc()).subquery()
    return select(
        select(func.min(first.c.at)).scalar_subquery().label("first"),
        select(func.max(last.c.at)).scalar_subquery().label("last"),
    )


def usual_of_each(session: Session, now: datetime, site_ids: SiteIds, *, code: str | None = None) -> dict[Kind, Usual]:
    """Only kinds of which there are enough to compare; none where the counts do not reach back so far."""
    newest = [hour_of(now) - back * _HOUR for back in range(1, COMPARED_HOURS + 1)]
    before = [hour - days * _DAY for hour in newest for days in range(1, BASELINE_DAYS + 1)]
    began = session.scalar(select(func.min(StepHour.hour)))
    if began is None or began > min(before):
        return {}
    compared = _compared(session, newest, before, site_ids=site_ids, code=code)
    return {kind: usual for kind, usual in compared.items() if max(usual.now, usual.before) >= FEWEST}


def _compared(
    session: Session, newest: Sequence[datetime], before: Sequence[datetime], *, site_ids: SiteIds, code: str | None
) -> dict[Kind, Usual]:
    kind = (FailureHour.code, FailureHour.stage, FailureHour.event_class)
    is_new = FailureHour.hour >= min(newest)
    query = (
        select(*kind, _events_where(is_new), _events_where(~is_new))
        .where(FailureHour.hour.in_([*newest, *before]), among(FailureHour.site_id, site_ids))
        .group_by(*kind)
    )
    if code is not None:
        query = query.where(FailureHour.code == code)
    rows = session.execute(query).all()
    return {Kind(*names): Usual(int(now), int(then) / BASELINE_DAYS) for *names, now, then in rows}


def _events_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, FailureHour.events), else_=0))
