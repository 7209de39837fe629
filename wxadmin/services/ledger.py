"""Events, and the counts by hour that are written with them, in one place so that they are always equal."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from wxadmin.clock import hour_of
from wxadmin.database.sets import SetInsert
from wxadmin.ids import Ids
from wxadmin.models import Class, Event, FailureHour, LoginHour, Outcome, Stage, StepHour
from wxadmin.models.counts import DURATION_BUCKETS_MS

Counts = dict[tuple[Any, ...], Counter[str]]
"""By the key of a table of hours, what to add to its columns."""


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
    logins: Counts = defaultdict(Counter)
    failures: Counts = defaultdict(Counter)
    steps: Counts = defaultdict(Counter)
    for alike, number in Counter(map(_alike, events)).items():
        place = (alike.hour, alike.account_id, alike.site_id, alike.scope)
        for column in _step_columns(alike):
            steps[*place, alike.stage, alike.event_class][column] += number
        for column in _login_columns(alike):
            logins[place][column] += number
        if alike.event_class != Class.OK:
            key = (*place, alike.stage, alike.code, alike.event_class, alike.browser_family)
            failures[key]["events"] += number
    return {StepHour: steps, LoginHour: logins, FailureHour: failures}


class _Alike(NamedTuple):
    """What the counts ask of an event: those of one batch differ in little of it."""

    hour: datetime
    account_id: int
    site_id: int
    scope: str
    stage: str
    event_class: str
    code: str
    browser_family: str
    bucket: str | None
    outcome: str | None
    recovered: bool
    new_user: bool
    first_of_day: bool


def _alike(event: dict[str, Any]) -> _Alike:
    return _Alike(
        hour_of(event["at"]),
        event["account_id"] or 0,
        event["site_id"] or 0,
        event["scope"],
        event["stage"],
        event["event_class"],
        event["code"],
        event["browser_family"],
        _bucket(event["duration_ms"]),
        event["outcome"],
        event["recovered"],
        event["new_user"],
        event["first_of_day"],
    )


def _step_columns(event: _Alike) -> Iterable[str]:
    return ("events", event.bucket) if event.bucket else ("events",)


def _login_columns(event: _Alike) -> Iterable[str]:
    if event.event_class == Class.REFUSED:
        # Its attempt is a failed one, but refused starts stand apart from the success rate.
        yield "refused"
        return
    if event.stage == Stage.START:
        yield "started"
    if event.outcome:
        yield event.outcome
    if event.recovered:
        yield "recovered"
    if event.new_user:
        yield "new_users"
    if event.first_of_day:
        yield "people"


def _bucket(duration_ms: int | None) -> str | None:
    return _BUCKETS[bisect_left(DURATION_BUCKETS_MS, duration_ms)] if duration_ms is not None else None


_BUCKETS = [*(f"ms_{upper}" for upper in DURATION_BUCKETS_MS), "ms_more"]


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
        dict(zip(hours.key, key, strict=True)) | {name: counts[key][name] for name in hours.counts}
        for key in sorted(counts)
    ]
    hours.statement.execute(connection, rows)
