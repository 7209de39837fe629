"""The counts of an hour as the events themselves give them, by SQL: what the stored counts are held against."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from wxadmin.ids import first_id_at
from wxadmin.models import Class, Event, FailureHour, LoginHour, Outcome, Stage, StepHour
from wxadmin.models.counts import DURATION_BUCKETS_MS

HOUR = timedelta(hours=1)
# An event's id is drawn when it is written, which is after it happened, by as long as the writer's queue is.
_WRITTEN_WITHIN = timedelta(minutes=10)

Row = Mapping[str, Any]


def differing(session: Session, hour: datetime) -> dict[type, int]:
    """For each table of counts, how many of its rows of a UTC hour are wrong, missing or too many; empty where all is
    right. For an hour that has been over for some minutes."""
    right, kept = of_events(session, hour), stored(session, hour)
    wrong = {table: len(_as_set(right[table]) ^ _as_set(kept[table])) for table in right}
    return {table: rows for table, rows in wrong.items() if rows}


def of_events(session: Session, hour: datetime) -> dict[type, Sequence[Row]]:
    """For each table of counts, the rows that it should have for this UTC hour."""
    return {
        table: [{"hour": hour, **row} for row in session.execute(_of_hour(query, hour)).mappings()]
        for table, query in _QUERIES.items()
    }


def stored(session: Session, hour: datetime) -> dict[type, Sequence[Row]]:
    """For each table of counts, the rows that it has for this UTC hour."""
    return {
        table: [dict(row) for row in session.execute(select(table.__table__).where(table.hour == hour)).mappings()]
        for table in (StepHour, LoginHour, FailureHour)
    }


def _as_set(rows: Sequence[Row]) -> set[tuple[tuple[str, object], ...]]:
    return {tuple(sorted(row.items())) for row in rows}


def _of_hour(query: Select[Any], hour: datetime) -> Select[Any]:
    return query.where(
        Event.at >= hour,
        Event.at < hour + HOUR,
        Event.id >= first_id_at(hour),
        Event.id < first_id_at(hour + HOUR + _WRITTEN_WITHIN),
    )


def _times(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _buckets() -> dict[str, ColumnElement[int]]:
    lower = -1
    columns = {}
    for upper in DURATION_BUCKETS_MS:
        columns[f"ms_{upper}"] = _times(and_(Event.duration_ms > lower, Event.duration_ms <= upper))
        lower = upper
    return {**columns, "ms_more": _times(Event.duration_ms > lower)}


_REFUSED = Event.event_class == Class.REFUSED
_COUNTED = Event.event_class != Class.REFUSED
_PLACE = {
    "account_id": func.coalesce(Event.account_id, 0),
    "site_id": func.coalesce(Event.site_id, 0),
    "scope": Event.scope,
}
_LOGINS = {
    "started": _times(and_(_COUNTED, Event.stage == Stage.START)),
    "refused": _times(_REFUSED),
    "recovered": _times(and_(_COUNTED, Event.recovered)),
    "new_users": _times(and_(_COUNTED, Event.new_user)),
    "people": _times(and_(_COUNTED, Event.first_of_day)),
    **{outcome.value: _times(and_(_COUNTED, Event.outcome == outcome)) for outcome in Outcome},
}


def _grouped(key: dict[str, Any], counts: dict[str, Any]) -> Select[Any]:
    columns = [column.label(name) for name, column in {**key, **counts}.items()]
    return select(*columns).group_by(*key.values())


_QUERIES: dict[type, Select[Any]] = {
    StepHour: _grouped(
        {**_PLACE, "stage": Event.stage, "event_class": Event.event_class}, {"events": func.count(), **_buckets()}
    ),
    LoginHour: _grouped(_PLACE, _LOGINS).having(or_(*(count > 0 for count in _LOGINS.values()))),
    FailureHour: _grouped(
        {
            **_PLACE,
            "stage": Event.stage,
            "code": Event.code,
            "event_class": Event.event_class,
            "browser_family": Event.browser_family,
        },
        {"events": func.count()},
    ).where(Event.event_class != Class.OK),
}
