"""Counts of failures equal what plain SQL counts from the events, and the lists behind them hold those events."""

from datetime import UTC, timedelta
from typing import Any

import pytest

from tests.services.test_ledger import Story, ask
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import Database
from wxadmin.queries import failures
from wxadmin.queries.failure_kinds import Kind
from wxadmin.queries.failures import People, Span

Events = list[dict[str, Any]]


@pytest.fixture
def span(database: Database) -> Span:
    """Some visitors' story, and the eight hours in which it plays."""
    Story(database, seed=11).tell(visits=250)
    first = hour_of(utcnow()) - timedelta(hours=4)
    return Span(tuple(first + timedelta(hours=number) for number in range(9)))


def events_of(url: str, where: str = "event_class <> 'ok'") -> Events:
    names = ("code", "stage", "event_class", "at", "id", "site_id", "attempt_id", "user_id")
    found = [
        dict(zip(names, row, strict=True)) for row in ask(url, f"SELECT {', '.join(names)} FROM event WHERE {where}")
    ]
    for event in found:
        if isinstance(event["at"], str):
            event["at"] = failures.datetime.fromisoformat(event["at"]).replace(tzinfo=UTC)
    return found


def test_every_bucket_holds_the_events_of_its_hour(database_url: str, database: Database, span: Span) -> None:
    events = events_of(database_url)
    expected: dict[Kind, list[int]] = {}
    for event in events:
        values = expected.setdefault(Kind(event["code"], event["stage"], event["event_class"]), [0] * 8)
        values[int((event["at"] - span.start) / timedelta(hours=1))] += 1

    counted = database.read_now(failures.by_kind, span)

    assert {kind: list(values) for kind, values in counted.items()} == expected
    assert len({kind.event_class for kind in counted}) >= 4


def test_a_range_holds_nothing_of_before_and_after(database_url: str, database: Database, span: Span) -> None:
    narrow = Span(span.bounds[2:4])
    expected = sum(1 for event in events_of(database_url) if narrow.start <= event["at"] < narrow.end)

    counted = database.read_now(failures.by_kind, narrow)

    assert sum(sum(values) for values in counted.values()) == expected > 0


def test_one_site_has_its_own_counts_and_people(database_url: str, database: Database, span: Span) -> None:
    events = [event for event in events_of(database_url) if event["site_id"]]
    site_id = events[0]["site_id"]
    own = [event for event in events if event["site_id"] == site_id]
    narrowed = Span(span.bounds, frozenset({site_id}))

    counted = database.read_now(failures.by_kind, narrowed)
    hit = database.read_now(failures.people_of_each, narrowed, list(counted))

    assert sum(sum(values) for values in counted.values()) == len(own) < len(events)
    assert hit == {kind: People(_somebodies(own, kind), is_all=True) for kind in counted}


def test_people_are_users_where_they_are_known_and_else_attempts(
    database_url: str, database: Database, span: Span
) -> None:
    events = events_of(database_url)
    kinds = list(database.read_now(failures.by_kind, span))

    hit = database.read_now(failures.people_of_each, span, kinds)

    assert hit == {kind: People(_somebodies(events, kind), is_all=True) for kind in kinds}
    assert any(event["user_id"] for event in events)


def test_people_are_counted_up_to_a_bound(database: Database, span: Span, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "PEOPLE_COUNTED", 2)
    kind = next(iter(database.read_now(failures.by_kind, span)))

    [hit] = database.read_now(failures.people_of_each, span, [kind]).values()

    assert hit.number <= 2
    assert not hit.is_all


@pytest.mark.parametrize("size", [1, 3, 50])
def test_pages_hold_every_event_of_a_code_once(
    database_url: str, database: Database, span: Span, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(failures, "SIZE", size)
    expected = [event["id"] for event in events_of(database_url, "code = 'gw_timeout'")]

    page = database.read_now(failures.page, span, "gw_timeout")
    ids = [row.id for row in page.rows]
    while page.older is not None:
        before = page
        page = database.read_now(failures.page, span, "gw_timeout", before=page.older)
        assert database.read_now(failures.page, span, "gw_timeout", after=page.newer).rows == before.rows
        ids += [row.id for row in page.rows]

    assert ids == sorted(expected, reverse=True)
    assert len(ids) > size or size == 50


def test_an_event_leads_to_its_attempt(database: Database, span: Span) -> None:
    page = database.read_now(failures.page, span, "gw_account_off")

    assert page.rows
    assert all(row.support_code and row.event_class == "refused" for row in page.rows)


def _somebodies(events: Events, kind: Kind) -> int:
    those = [e for e in events if Kind(e["code"], e["stage"], e["event_class"]) == kind]
    return len({event["user_id"] or event["attempt_id"] for event in those})
