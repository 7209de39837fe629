"""Events as a list: filtered, newest first, page by page, at a cost that has a bound."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, literal_column, select
from sqlalchemy.orm import Session

from wxadmin.ids import first_id_at
from wxadmin.models import Account, Attempt, Event, Site

SIZE = 50
SEARCHED = 10_000
"""How many events one page looks through for those that fit; the next page goes on from there."""

# An event's id is drawn when it is written, which is after it happened, by as long as the writer's queue is.
_WRITTEN_WITHIN = timedelta(minutes=10)
# SQLite reads a partial index only where the query repeats its condition to the letter.
_NOT_OK = Event.event_class != literal_column("'ok'")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilters:
    """What is asked for; all that is given must hold. `among` are the only sites that count, None for all; `until` is
    the first moment that is too late."""

    stage: str | None = None
    event_class: str | None = None
    code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    among: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    """`site` and `account` are names, `support_code` that of its attempt."""

    id: int
    at: datetime
    stage: str
    event_class: str
    code: str
    errmsg: str | None
    rid: str | None
    http_status: int | None
    duration_ms: int | None
    scope: str
    browser_family: str
    outcome: str | None
    user_id: int | None
    support_code: str | None
    site: str | None
    account: str | None


@dataclass(frozen=True, slots=True)
class EventPage:
    """`older` is the cursor of the next page, also where this one is short since it has looked through SEARCHED."""

    rows: Sequence[EventRow]
    older: int | None


_COLUMNS: tuple[Any, ...] = (
    *(Event.id, Event.at, Event.stage, Event.event_class, Event.code, Event.errmsg, Event.rid, Event.http_status),
    *(Event.duration_ms, Event.scope, Event.browser_family, Event.outcome, Event.user_id, Attempt.support_code),
    *(Site.name, Account.name),
)


def page(session: Session, filters: EventFilters, *, before: int | None = None) -> EventPage:
    """The events older than the id `before` that fit, newest first."""
    walked = _walked(filters, before)
    rest = _rest(filters)
    # SQLite looks at all candidates before it sorts them: most pages are filled by the nearest few.
    for limit in (SEARCHED // 10, SEARCHED):
        candidates = select(Event.id).where(*walked).order_by(Event.id.desc()).limit(limit).subquery()
        fits = select(literal(1)).select_from(Event).where(Event.id == candidates.c.id, *rest)
        # Each is looked up by itself: offered a join, PostgreSQL would rather read the whole table.
        ids = select(candidates.c.id).where(fits.correlate(candidates).scalar_subquery() == 1)
        rows = _rows(session, ids.order_by(candidates.c.id.desc()).limit(SIZE + 1))
        if len(rows) > SIZE:
            return EventPage(rows[:SIZE], rows[SIZE - 1].id)
    searched, oldest = session.execute(select(func.count(), func.min(candidates.c.id)).select_from(candidates)).one()
    return EventPage(rows, oldest if searched == SEARCHED else None)


def fitting(filters: EventFilters) -> list[ColumnElement[bool]]:
    """What holds for all events that are asked for, for a query over Event that looks through all of them."""
    return [*_walked(filters, None), *_rest(filters)]


def _rows(session: Session, found: Any) -> list[EventRow]:
    query = (
        select(*_COLUMNS)
        .outerjoin(Attempt, Attempt.id == Event.attempt_id)
        .outerjoin(Site, Site.id == Event.site_id)
        .outerjoin(Account, Account.id == Event.account_id)
        .where(Event.id.in_(found))
        .order_by(Event.id.desc())
    )
    return [EventRow(*row) for row in session.execute(query)]


def _walked(filters: EventFilters, before: int | None) -> list[ColumnElement[bool]]:
    """What an index is walked by: the one of ids, or that of a code."""
    found: list[ColumnElement[bool]] = []
    if before is not None:
        found.append(Event.id < before)
    if filters.since is not None:
        found.append(Event.id >= first_id_at(filters.since))
    if filters.until is not None:
        found.append(Event.id < first_id_at(filters.until + _WRITTEN_WITHIN))
    if filters.code is not None:
        found += [Event.code == filters.code, _NOT_OK]
    return found


def _rest(filters: EventFilters) -> list[ColumnElement[bool]]:
    """What is looked at row by row."""
    found: list[ColumnElement[bool]] = []
    if filters.stage is not None:
        found.append(Event.stage == filters.stage)
    if filters.event_class is not None:
        found.append(Event.event_class == filters.event_class)
    if filters.since is not None:
        found.append(Event.at >= filters.since)
    if filters.until is not None:
        found.append(Event.at < filters.until)
    if filters.among is not None:
        found.append(Event.site_id.in_(sorted(filters.among)))
    return found
