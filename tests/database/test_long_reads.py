"""Long reads: a snapshot each, few at once, and ended when nobody waits for them."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import exc, func, select, text
from sqlalchemy.orm import Session

from tests.databases import ENDLESS
from tests.factories import UserFactory
from wxadmin.database import Database
from wxadmin.database.long_reads import AT_ONCE
from wxadmin.errors import DatabaseUnavailable, TooManyAtOnce
from wxadmin.models import User

Store = Callable[[Callable[[], Any]], Any]


def endless(session: Session, begun: threading.Event) -> None:
    begun.set()
    session.execute(text(ENDLESS[session.get_bind().dialect.name]))


def people(session: Session) -> int | None:
    return session.scalar(select(func.count()).select_from(User))


async def test_a_long_read_sees_the_moment_of_its_beginning(database: Database, store: Store) -> None:
    store(UserFactory)
    counted, written = threading.Event(), threading.Event()

    def twice(session: Session) -> tuple[int | None, int | None]:
        before = people(session)
        counted.set()
        written.wait(10)
        return before, people(session)

    reading = asyncio.create_task(database.long_reads.read(twice))
    await asyncio.to_thread(counted.wait, 10)
    await asyncio.to_thread(store, UserFactory)
    written.set()

    assert await reading == (1, 1)
    assert database.read_now(people) == 2


async def test_pages_are_read_while_as_many_long_reads_run_as_may(database: Database) -> None:
    begun = [threading.Event() for _ in range(AT_ONCE)]
    running = [asyncio.create_task(database.long_reads.read(endless, event)) for event in begun]
    for event in begun:
        await asyncio.to_thread(event.wait, 10)

    with pytest.raises(TooManyAtOnce):
        await database.long_reads.read(people)
    assert await asyncio.gather(*(database.read(people) for _ in range(8))) == [0] * 8

    for reading in running:
        reading.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert await database.long_reads.read(people) == 0


async def test_a_query_ends_with_the_waiting_for_it(database: Database) -> None:
    begun = threading.Event()
    reading = asyncio.create_task(database.long_reads.read(endless, begun))
    await asyncio.to_thread(begun.wait, 10)

    reading.cancel()

    # Only when its thread is free again: within this, or never.
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, 20)
    assert await database.long_reads.read(people) == 0


async def test_closing_the_database_ends_what_is_still_read(database: Database) -> None:
    begun = threading.Event()
    reading = asyncio.create_task(database.long_reads.read(endless, begun))
    await asyncio.to_thread(begun.wait, 10)

    database.close()

    with pytest.raises((exc.OperationalError, DatabaseUnavailable)):
        await reading


@pytest.mark.parametrize("statement", ['DELETE FROM "user"', "CREATE TABLE other (id INTEGER)"])
def test_a_long_read_cannot_write(database: Database, statement: str) -> None:
    def write(session: Session) -> None:
        session.execute(text(statement))

    with pytest.raises((DatabaseUnavailable, exc.DBAPIError)):
        database.long_reads.read_now(write)


def test_it_is_not_kept_to_the_time_of_a_page(postgresql_url: str) -> None:
    database = Database(postgresql_url)

    timeout = database.long_reads.read_now(lambda session: session.scalar(text("SHOW statement_timeout")))

    assert timeout == "0"
    database.close()


def test_a_lost_connection_is_an_unavailable_database(postgresql_url: str) -> None:
    database = Database(postgresql_url)

    def killed(session: Session) -> None:
        own = session.scalar(text("SELECT pg_backend_pid()"))
        with psycopg.connect(postgresql_url) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [own])
        session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailable):
        database.long_reads.read_now(killed)
    database.close()
