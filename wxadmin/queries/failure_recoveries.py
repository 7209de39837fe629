"""How many of those who met a failure got on by themselves soon after."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from wxadmin.ids import first_id_at
from wxadmin.models import Class, Event, Outcome, Stage
from wxadmin.queries.failure_kinds import Form, Kind
from wxadmin.queries.failures import Span, asked_in, newest_of_each

WITHIN = timedelta(minutes=10)

_Later = aliased(Event)
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# By how much ids grow in ten minutes: they begin with the moment.
_IDS_MEANWHILE = first_id_at(_BEGIN + WITHIN) - first_id_at(_BEGIN)


@dataclass(frozen=True, slots=True)
class Recovered:
    """Of `looked_at`, the newest failures that are old enough, how many ended well within ten minutes."""

    number: int
    looked_at: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where nothing is old enough."""
        return self.number / self.looked_at if self.looked_at else None


def recovered_of_each(
    session: Session, span: Span, kinds: Iterable[Kind], *, now: datetime, most: int
) -> dict[Kind, Recovered]:
    """Of failures alone: what else did not go its usual way has nobody to follow. Looks at the newest `most` events."""
    failed = [kind for kind in kinds if kind.event_class == Class.FAILURE]
    if not failed:
        return {}
    form = span.form(session, failed)
    asked = {"old_enough": now - WITHIN, **asked_in(form, span, failed)}
    rows = session.execute(_recovered(form, most), asked)
    found = {failed[number]: Recovered(int(got_on), looked_at) for number, got_on, looked_at in rows}
    return {kind: found.get(kind, Recovered(0, 0)) for kind in failed}


@lru_cache
def _recovered(form: Form, most: int) -> Select[Any]:
    newest = newest_of_each(form, (Event.id, Event.at, Event.stage, Event.attempt_id, Event.user_id), most)
    got_on = func.sum(case((_got_on(newest), 1), else_=0))
    return (
        select(newest.c.number, got_on, func.count())
        .where(newest.c.at < bindparam("old_enough", type_=Event.at.type))
        .group_by(newest.c.number)
    )


def _got_on(newest: FromClause) -> ColumnElement[bool]:
    """Their attempt or the user behind it ended well soon after; of a renewal, the next one did."""
    soon = and_(_Later.id > newest.c.id, _Later.id < newest.c.id + _IDS_MEANWHILE)
    well = case(
        (newest.c.stage == Stage.REFRESH, and_(_Later.stage == Stage.REFRESH, _Later.event_class == Class.OK)),
        else_=func.coalesce(_Later.outcome, "") == Outcome.SUCCEEDED,
    )
    return or_(
        exists().where(_Later.attempt_id == newest.c.attempt_id, soon, well),
        exists().where(_Later.user_id == newest.c.user_id, soon, well),
    )
