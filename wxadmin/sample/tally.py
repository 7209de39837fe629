"""Counts by hour of events that are inserted in bulk, added to what the tables of counts hold."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import compress
from typing import Any

from sqlalchemy import Connection

from wxadmin.database.sets import SetInsert
from wxadmin.models import Class, FailureHour, LoginHour, Stage, StepHour
from wxadmin.models.counts import DURATION_BUCKETS_MS
from wxadmin.sample.moments import HOUR, to_datetime
from wxadmin.sample.visits import Happening

_BUCKETS = (*(f"ms_{upper}" for upper in DURATION_BUCKETS_MS), "ms_more")
_MARKS = ("recovered", "new_users", "people")

Counts = defaultdict[tuple[Any, ...], Counter[str]]


def add(connection: Connection, events: Iterable[Happening]) -> None:
    """Counts the events as services/ledger.py does."""
    steps, logins, failures = _folded(events)
    for table, counts in ((StepHour, steps), (LoginHour, logins), (FailureHour, failures)):
        _TABLES[table].add(connection, counts)


def _folded(events: Iterable[Happening]) -> tuple[Counts, Counts, Counts]:
    # Many events are alike in all that is counted: each kind is looked at once.
    kinds = Counter(map(_kind, events))
    steps, logins, failures = Counts(Counter), Counts(Counter), Counts(Counter)
    for (
        hour,
        account,
        site,
        scope,
        stage,
        event_class,
        code,
        family,
        bucket,
        outcome,
        *marks,
    ), number in kinds.items():
        place = (to_datetime(hour * HOUR), account, site, scope)
        step = steps[*place, stage, event_class]
        step["events"] += number
        if bucket is not None:
            step[_BUCKETS[bucket]] += number
        for column in _login_columns(stage, event_class, outcome, marks):
            logins[place][column] += number
        if event_class != Class.OK:
            failures[*place, stage, code, event_class, family]["events"] += number
    return steps, logins, failures


def _kind(event: Happening) -> tuple[Any, ...]:
    bucket = None if event.duration_ms is None else bisect_left(DURATION_BUCKETS_MS, event.duration_ms)
    return (
        *(event.at // HOUR, event.account_id, event.site_id or 0, event.scope, event.stage, event.event_class),
        *(event.code, event.browser_family, bucket, event.outcome, event.recovered, event.new_user),
        event.first_of_day,
    )


def _login_columns(stage: str, event_class: str, outcome: str | None, marks: Iterable[bool]) -> Iterable[str]:
    if event_class == Class.REFUSED:
        yield "refused"
        return
    if stage == Stage.START:
        yield "started"
    if outcome:
        yield outcome
    yield from compress(_MARKS, marks)


class _HourTable:
    def __init__(self, table: Any) -> None:
        self._key = [column.name for column in table.__table__.primary_key]
        self._counts = [column.name for column in table.__table__.c if column.name not in self._key]
        self._statement = SetInsert(
            table,
            key=self._key,
            changes=lambda stored, proposed: {name: stored[name] + proposed[name] for name in self._counts},
        )

    def add(self, connection: Connection, counts: Counts) -> None:
        rows = [
            dict(zip(self._key, key, strict=True)) | {name: counts[key][name] for name in self._counts}
            for key in sorted(counts)
        ]
        self._statement.execute(connection, rows)


_TABLES = {table: _HourTable(table) for table in (StepHour, LoginHour, FailureHour)}
