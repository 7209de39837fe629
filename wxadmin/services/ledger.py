"""Events, and the counts by hour that are written with them, in one place so that they are always equal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from wxadmin.clock import hour_of
from wxadmin.database.sets import SetInsert
from wxadmin.ids import Ids
from wxadmin.models import Class, Event, FailureHour, LoginHour, Outcome, Stage, StepHour
from wxadmin.models.counts import DURATION_BUCKETS_MS

Counts = dict[tuple[Any, ...], dict[str, int]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about."""

    account_id: int | None
    site_id: int | None
    attempt_id: int | None
    scope: str
    browser_family: str


class Ledger:
    """Collects the events of one transaction; `write` stores them and adds them to the counts."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._events: list[dict[str, Any]] = []

    def record(
        self,
        subject: Subject,
        stage: Stage,
        event_class: Class = Class.OK,
        *,
        at: datetime,
        code: str = "",
        errmsg: str | None = None,
        rid: str | None = None,
        http_status: int | None = None,
        duration_ms: int | None = None,
        user_id: int | None = None,
        outcome: Outcome | None = None,
        recovered: bool = False,
        new_user: bool = False,
        first_of_day: bool = False,
    ) -> None:
        self._events.append(
            {
                "id": self._ids.draw(),
                "at": at,
                "account_id": subject.account_id,
                "site_id": subject.site_id,
                "attempt_id": subject.attempt_id,
                "user_id": user_id,
                "scope": subject.scope,
                "browser_family": subject.browser_family,
                "stage": stage.value,
                "event_class": event_class.value,
                "code": code,
                "errmsg": errmsg[:512] if errmsg else None,
                "rid": rid,
                "http_status": http_status,
                "duration_ms": duration_ms,
                "outcome": outcome.value if outcome else None,
                "recovered": recovered,
                "new_user": new_user,
                "first_of_day": first_of_day,
            }
        )

    def write(self, connection: Connection) -> None:
        """Stores the events and their counts. To be called once, at the end of the transaction's own work."""
        _EVENTS.execute(connection, self._events)
        for table, counts in _fold(self._events).items():
            _add(connection, table, counts)


_EVENTS = SetInsert(Event)


def _fold(events: Iterable[dict[str, Any]]) -> dict[type, Counts]:
    """One row a key, however many events fall on it."""
    logins: Counts = {}
    failures: Counts = {}
    steps: Counts = {}
    for event in events:
        place = (hour_of(event["at"]), event["account_id"] or 0, event["site_id"] or 0, event["scope"])
        stage, event_class = event["stage"], event["event_class"]
        _count(steps, (*place, stage, event_class), "events", _bucket(event["duration_ms"]))
        _count(logins, place, *_login_columns(event))
        if event_class != Class.OK:
            key = (*place, stage, event["code"], event_class, event["browser_family"])
            _count(failures, key, "events")
    return {StepHour: steps, LoginHour: logins, FailureHour: failures}


def _count(counts: Counts, key: tuple[Any, ...], *columns: str | None) -> None:
    for column in columns:
        if column is not None:
            row = counts.setdefault(key, {})
            row[column] = row.get(column, 0) + 1


def _login_columns(event: dict[str, Any]) -> Iterable[str]:
    if event["event_class"] == Class.REFUSED:
        # Its attempt is a failed one, but refused starts stand apart from the success rate.
        return ("refused",)
    columns = []
    if event["stage"] == Stage.START:
        columns.append("started")
    if event["outcome"]:
        columns.append(event["outcome"])
    if event["recovered"]:
        columns.append("recovered")
    if event["new_user"]:
        columns.append("new_users")
    if event["first_of_day"]:
        columns.append("people")
    return columns


def _bucket(duration_ms: int | None) -> str | None:
    if duration_ms is None:
        return None
    for upper in DURATION_BUCKETS_MS:
        if duration_ms <= upper:
            return f"ms_{upper}"
    return "ms_more"


class _HourTable:
    """The key and counting columns of a table of hours, and the statement that adds to them."""

    def __init__(self, table: Any) -> None:
        self.key = [column.name for column in table.__table__.primary_key]
        self.counts = [column.name for column in table.__table__.c if column.name not in self.key]
        self.statement = SetInsert(
            table,
            key=self.key,
            changes=lambda stored, proposed: {name: stored[name] + proposed[name] for name in self.counts},
        )


_HOUR_TABLES: dict[type, _HourTable] = {table: _HourTable(table) for table in (StepHour, LoginHour, FailureHour)}


def _add(connection: Connection, table: type, counts: Counts) -> None:
    hours = _HOUR_TABLES[table]
    rows = [
        # Sorted, so that two transactions never wait for each other in a circle.
        dict(zip(hours.key, key, strict=True)) | {name: counts[key].get(name, 0) for name in hours.counts}
        for key in sorted(counts)
    ]
    hours.statement.execute(connection, rows)
