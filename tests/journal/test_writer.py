"""A batch is stored whole, in the order it came; a bad row fails alone, a bad database fails all of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from tests import steps
from tests.databases import locked, on_postgresql, on_sqlite
from tests.factories import AttemptFactory, SiteFactory
from tests.journal.conftest import Statement, Store, number_stored
from wxadmin.database import Database, engines
from wxadmin.errors import DatabaseUnavailable, Taken
from wxadmin.ids import Ids
from wxadmin.journal.writer import Writer
from wxadmin.models import Node, Site
from wxadmin.services import house
from wxadmin.services.claims import Claimed


def test_every_step_of_a_batch_is_stored_and_counted(database: Database, writer: Writer, site: Site) -> None:
    batch = [steps.start(site) for _ in range(100)]

    results = writer.write(batch)

    assert results == [None] * 100
    assert number_stored(database) == (100, 100, 100)


def test_results_come_in_the_order_of_the_steps_whatever_their_kinds(
    database: Database, writer: Writer, store: Store, site: Site
) -> None:
    attempts = store(lambda: [AttemptFactory(site=site) for _ in range(3)])
    batch: list[Any] = [each for attempt in attempts for each in (steps.claim(attempt), steps.start(site))]

    results = writer.write(batch)

    assert [result.attempt.id for result in results[::2]] == [attempt.id for attempt in attempts]
    assert all(isinstance(result, Claimed) for result in results[::2])
    assert results[1::2] == [None] * 3


def test_a_bad_row_fails_alone_and_its_neighbours_are_stored(database: Database, writer: Writer, site: Site) -> None:
    batch = [steps.start(site) for _ in range(20)]
    batch[7] = steps.start(site, support_code=batch[3].support_code)

    results = writer.write(batch)

    [failed] = [place for place, result in enumerate(results) if result is not None]
    assert failed == 7
    assert isinstance(results[7], Taken)
    assert number_stored(database) == (19, 19, 19)


def test_several_bad_rows_each_fail_alone(database: Database, writer: Writer, site: Site) -> None:
    writer.write([steps.start(site, support_code="K7M2Q9XD")])
    bad = [steps.start(site, support_code="K7M2Q9XD"), steps.start(site, scope=None), steps.start(site, at="today")]
    good = [steps.start(site) for _ in range(5)]

    results = writer.write([bad[0], *good[:3], bad[1], *good[3:], bad[2]])

    assert [isinstance(result, Exception) for result in results] == [True, *[False] * 3, True, *[False] * 2, True]
    assert number_stored(database) == (6, 6, 6)


def test_a_step_that_is_wrong_in_itself_fails_alone_too(database: Database, writer: Writer, site: Site) -> None:
    no_calls = steps.End(steps.seen(steps.start(site)), steps.Outcome.FAILED, ())

    results = writer.write([steps.start(site), no_calls, steps.start(site)])

    assert [type(result) for result in results] == [type(None), ValueError, type(None)]
    assert number_stored(database) == (2, 2, 2)


def test_the_node_says_which_batch_was_its_last(database: Database, writer: Writer, site: Site) -> None:
    for _ in range(3):
        writer.write([steps.start(site)])

    batches = database.read_now(lambda session: session.scalars(select(Node.batch)).all())

    assert batches == [3]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Database]:
    """A database that waits for a lock only for a moment."""
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 0.05)
    opened = Database(database_url)
    yield opened
    opened.close()


@on_sqlite
def test_a_locked_database_fails_the_whole_batch_and_stores_nothing(database_url: str, impatient: Database) -> None:
    writer = Writer(impatient.writer, ids=Ids(1), node=impatient.write_now(house.register_node))
    site = SiteFactory.build(account_id=1)
    batch = [steps.start(site) for _ in range(5)]

    with locked(database_url):
        results = writer.write(batch)

    assert [type(result) for result in results] == [DatabaseUnavailable] * 5
    assert number_stored(impatient) == (0, 0, 0)
    assert writer.write(batch) == [None] * 5
    assert number_stored(impatient) == (5, 5, 5)


@on_sqlite
def test_a_full_disk_fails_the_whole_batch_and_stores_nothing(impatient: Database) -> None:
    writer = Writer(impatient.writer, ids=Ids(1), node=impatient.write_now(house.register_node))
    with impatient.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    site = SiteFactory.build(account_id=1)

    results = writer.write(
        [steps.start(site, return_url="https://shop.example.com/" + "x" * 2_000) for _ in range(500)]
    )

    assert [type(result) for result in results] == [DatabaseUnavailable] * 500
    assert number_stored(impatient) == (0, 0, 0)


@on_postgresql
@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
@pytest.mark.parametrize(("times", "is_stored"), [(2, True), (3, False)])
def test_a_transaction_that_was_in_anothers_way_is_tried_three_times(
    database: Database, writer: Writer, site: Site, sqlstate: str, times: int, is_stored: bool
) -> None:
    stumble = Statement(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$", times=times)

    results = writer.write([stumble])

    assert len(stumble.done) == times
    assert results == ["done"] if is_stored else isinstance(results[0], DBAPIError)
    assert writer.write([steps.start(site)]) == [None]


@on_postgresql
def test_a_batch_that_was_rolled_back_and_tried_again_is_counted_once(
    database: Database, writer: Writer, site: Site
) -> None:
    # The statement's kind comes after the starts, so these are written, rolled back and written again.
    stumble = Statement("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$", times=2)

    results = writer.write([*(steps.start(site) for _ in range(10)), stumble])

    assert results == [*[None] * 10, "done"]
    assert number_stored(database) == (10, 10, 10)
