"""Reads and writes: what two writers, a locked, full or lost database mean to whoever asked."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests.databases import locked, on_postgresql, on_sqlite
from tests.factories import AccountFactory, CounterFactory, NodeFactory
from wxadmin.database import Database, engines
from wxadmin.errors import DatabaseUnavailable
from wxadmin.models import Account, AuditEntry, Counter, Site
from wxadmin.services import audit

Store = Callable[[Callable[[], object]], object]


def increase(session: Session, name: str) -> None:
    """Reads, then writes what was read: two of these at once lose one where nothing keeps them apart."""
    counter = session.scalars(select(Counter).where(Counter.name == name).with_for_update()).one()
    counter.value += 1


def value_of(session: Session, name: str) -> int:
    return session.scalars(select(Counter.value).where(Counter.name == name)).one()


async def test_a_write_has_committed_when_it_returns(database: Database) -> None:
    await database.write(audit.record, "ada", "looked", "tea")

    entries = await database.read(lambda session: session.scalars(select(AuditEntry.subject)).all())

    assert entries == ["tea"]


async def test_two_processes_that_write_at_once_lose_no_update(database_url: str, database: Database) -> None:
    other = Database(database_url)
    try:
        await asyncio.gather(*(each.write(increase, "nodes") for each in [database, other] * 50))
        value = await database.read(value_of, "nodes")
    finally:
        other.close()

    assert value == 100


@on_sqlite
def test_sqlite_waits_for_its_turn_before_it_reads(database_url: str) -> None:
    database = Database(database_url)
    waiting = threading.Thread(target=database.write_now, args=(increase, "nodes"))

    with locked(database_url) as other:
        waiting.start()
        waiting.join(timeout=0.1)
        other.execute("UPDATE counter SET value = 41")
        other.execute("COMMIT")
    waiting.join()

    assert database.read_now(value_of, "nodes") == 42
    database.close()


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        await database.read(lambda session: session.execute(delete(Counter)))

    assert await database.read(value_of, "nodes") == 0


@on_postgresql
def test_a_read_is_planned_for_what_it_asks_and_runs_plainly(database: Database) -> None:
    for _ in range(10):
        database.read_now(value_of, "nodes")

    kept_plans = text("SELECT count(*), current_setting('jit') FROM pg_prepared_statements")
    found = database.read_now(lambda session: session.execute(kept_plans).one())

    assert tuple(found) == (0, "off")


async def test_what_a_service_did_before_it_failed_is_not_stored(database: Database) -> None:
    def fail(session: Session) -> None:
        increase(session, "nodes")
        session.flush()
        raise LookupError("a service's own")

    with pytest.raises(LookupError):
        await database.write(fail)

    assert await database.read(value_of, "nodes") == 0


async def test_a_broken_constraint_reaches_the_caller_as_it_is(database: Database, store: Store) -> None:
    store(lambda: NodeFactory(id=77))

    with pytest.raises(IntegrityError):
        await database.write(lambda session: session.add(NodeFactory.build(id=77)))


async def test_foreign_keys_are_kept_by_both_databases(database: Database) -> None:
    orphan = {"id": 1, "account_id": 404, "name": "orphan", "title": "", "key_hash": b"0" * 32}

    def add(session: Session) -> None:
        account = AccountFactory.build()
        session.add(Site(**orphan, created_at=account.created_at))

    with pytest.raises(IntegrityError):
        await database.write(add)

    assert await database.read(lambda session: session.scalars(select(Site)).all()) == []


@on_sqlite
async def test_a_locked_database_is_unavailable(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 0.05)
    database = Database(database_url)

    with locked(database_url), pytest.raises(DatabaseUnavailable, match="cannot be used now"):
        await database.write(increase, "nodes")

    await database.write(increase, "nodes")
    assert await database.read(value_of, "nodes") == 1
    database.close()


@on_sqlite
async def test_a_full_disk_is_an_unavailable_database(database_url: str) -> None:
    database = Database(database_url)
    with database.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    with pytest.raises(DatabaseUnavailable):
        await database.write(lambda session: session.add_all(CounterFactory.build_batch(20_000)))

    counters = await database.read(lambda session: len(session.scalars(select(Counter)).all()))
    assert counters == 3
    database.close()


@on_sqlite
async def test_a_file_that_is_no_database_is_unavailable(database_url: str) -> None:
    Path(database_url.removeprefix("sqlite:///")).write_bytes(b"not a database at all" * 100)
    database = Database(database_url)

    with pytest.raises(DatabaseUnavailable):
        await database.read(value_of, "nodes")

    database.close()


async def test_a_missing_table_is_no_unavailable_database(database: Database) -> None:
    with pytest.raises(DBAPIError, match="nowhere"):
        await database.write(lambda session: session.execute(text("DELETE FROM nowhere")))


def terminate_all_others(url: str) -> None:
    """What a restart of the server does to every connection."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@on_postgresql
async def test_a_lost_connection_is_replaced_before_it_is_used(database_url: str) -> None:
    database = Database(database_url)
    await database.write(increase, "nodes")
    await database.read(value_of, "nodes")

    terminate_all_others(database_url)
    await database.write(increase, "nodes")

    assert await database.read(value_of, "nodes") == 2
    database.close()


@on_postgresql
async def test_a_connection_lost_within_a_transaction_is_an_unavailable_database(database_url: str) -> None:
    database = Database(database_url)

    def interrupted(session: Session) -> None:
        increase(session, "nodes")
        session.flush()
        terminate_all_others(database_url)
        increase(session, "nodes")

    with pytest.raises(DatabaseUnavailable):
        await database.write(interrupted)

    assert await database.read(value_of, "nodes") == 0
    database.close()


async def test_a_server_that_is_not_there_is_an_unavailable_database() -> None:
    database = Database("postgresql://127.0.0.1:1/wxadmin")

    with pytest.raises(DatabaseUnavailable):
        await database.read(value_of, "nodes")

    database.close()


@on_postgresql
async def test_a_row_locked_for_too_long_is_an_unavailable_database(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 1)
    database = Database(database_url)

    with psycopg.connect(database_url) as other:
        other.execute("SELECT * FROM counter FOR UPDATE")
        with pytest.raises(DatabaseUnavailable):
            await database.write(increase, "nodes")

    await database.write(increase, "nodes")
    database.close()


@on_postgresql
def test_a_host_that_vanished_is_given_up_within_seconds(database: Database) -> None:
    for engine in (database.reader, database.writer):
        with engine.connect() as connection:
            wire = socket.socket(fileno=os.dup(connection.connection.driver_connection.fileno()))
        with wire:
            unanswered_ms = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            silent_s = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)

        assert (unanswered_ms, silent_s) == (10_000, 10)


@on_postgresql
async def test_a_deadlock_is_tried_again(database_url: str) -> None:
    database, together, tries = Database(database_url), threading.Barrier(2), list[str]()

    def increase_both(session: Session, first: str, second: str) -> None:
        tries.append(first)
        session.execute(update(Counter).where(Counter.name == first).values(value=Counter.value + 1))
        if len(tries) <= 2:
            together.wait()
        session.execute(update(Counter).where(Counter.name == second).values(value=Counter.value + 1))

    await asyncio.gather(
        database.write(increase_both, "nodes", "registry"), database.write(increase_both, "registry", "nodes")
    )
    values = [await database.read(value_of, name) for name in ("nodes", "registry")]

    assert values == [2, 2]
    # Whoever gave way may meet the other once more before that one has taken its second row.
    assert len(tries) >= 3
    database.close()


async def test_accounts_that_differ_in_case_are_different(database: Database, store: Store) -> None:
    store(lambda: [AccountFactory(name="tea"), AccountFactory(name="Tea")])

    found = await database.read(lambda session: session.scalars(select(Account.name).order_by(Account.name)).all())

    assert found == ["Tea", "tea"]


@on_sqlite
def test_a_writer_without_a_pause_keeps_nobody_out(database_url: str) -> None:
    own = [Database(database_url) for _ in range(3)]
    written = [0, 0, 0]
    over = threading.Event()

    def write_on_and_on(place: int) -> None:
        while not over.is_set():
            own[place].write_now(lambda session: (session.execute(text("DELETE FROM job_run")), time.sleep(0.004)))
            written[place] += 1

    threads = [threading.Thread(target=write_on_and_on, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    over.set()
    for thread in threads:
        thread.join()
    for database in own:
        database.close()

    # Where each waits as SQLite does by itself, the last of three gets less than a hundredth.
    assert min(written) > sum(written) * 0.03
