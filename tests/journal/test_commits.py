"""Connections lost before, in and after COMMIT: what is told is what is stored, and nothing is stored twice."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, delete, event, select

from tests import steps
from tests.databases import on_postgresql
from tests.factories import AttemptFactory, stored
from tests.journal.conftest import Statement, number_stored
from wxadmin.database import Database
from wxadmin.errors import DatabaseUnavailable
from wxadmin.ids import Ids
from wxadmin.journal.writer import Writer
from wxadmin.models import Attempt, Node, Site, User
from wxadmin.services import house


@pytest.fixture
def at_commit(database: Database) -> Iterator[list[Any]]:
    """What is put here is done, once, to the next connection that is about to commit."""
    acts: list[Any] = []

    def act(connection: Connection) -> None:
        if acts:
            acts.pop()(connection.connection.dbapi_connection)

    event.listen(database.writer, "commit", act)
    yield acts
    event.remove(database.writer, "commit", act)


def lose_before(connection: psycopg.Connection[Any]) -> None:
    """The server ends the connection just before the COMMIT reaches it."""
    with psycopg.connect(connection.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])


def lose_after(connection: psycopg.Connection[Any]) -> None:
    """The server commits, and its answer never comes."""
    connection.commit()
    connection.close()


@on_postgresql
def test_a_connection_lost_between_statements_stores_nothing(database: Database, writer: Writer, site: Site) -> None:
    batch = [steps.start(site), Statement("SELECT pg_terminate_backend(pg_backend_pid())")]

    results = writer.write(batch)

    assert [type(result) for result in results] == [DatabaseUnavailable] * 2
    assert number_stored(database) == (0, 0, 0)
    assert writer.write(batch[:1]) == [None]
    assert number_stored(database) == (1, 1, 1)


@on_postgresql
def test_a_connection_lost_before_the_commit_stores_nothing(
    database: Database, writer: Writer, site: Site, at_commit: list[Any]
) -> None:
    batch = [steps.start(site) for _ in range(5)]
    at_commit.append(lose_before)

    results = writer.write(batch)

    assert [type(result) for result in results] == [DatabaseUnavailable] * 5
    assert number_stored(database) == (0, 0, 0)


@on_postgresql
def test_a_commit_whose_answer_was_lost_is_found_to_be_stored_once(
    database: Database, writer: Writer, site: Site, at_commit: list[Any]
) -> None:
    batch = [steps.start(site) for _ in range(5)]
    at_commit.append(lose_after)

    results = writer.write(batch)

    assert results == [None] * 5
    assert number_stored(database) == (5, 5, 5)


@on_postgresql
def test_a_login_whose_commit_was_lost_is_told_and_counted_once(
    database: Database, writer: Writer, site: Site, at_commit: list[Any]
) -> None:
    attempt = database.write_now(stored, lambda: AttemptFactory(site=site, returned=True))
    at_commit.append(lose_after)

    [user_id] = writer.write([steps.login(steps.seen(attempt), "oLost")])

    users = database.read_now(lambda session: session.execute(select(User.id, User.logins, User.change_no)).all())
    assert [tuple(row) for row in users] == [(user_id, 1, 1)]


@on_postgresql
def test_a_commit_that_nobody_can_ask_about_is_told_as_unavailable(
    database: Database, writer: Writer, site: Site, at_commit: list[Any]
) -> None:
    def refuse(*_: Any) -> None:
        raise psycopg.OperationalError("connection refused")

    def lose_and_stop(connection: psycopg.Connection[Any]) -> None:
        lose_after(connection)
        event.listen(database.writer, "do_connect", refuse)

    at_commit.append(lose_and_stop)
    first = steps.start(site)

    results = writer.write([first])

    event.remove(database.writer, "do_connect", refuse)
    assert [type(result) for result in results] == [DatabaseUnavailable]
    assert writer.write([steps.start(site)]) == [None]
    assert number_stored(database) == (2, 2, 2)


@on_postgresql
def test_a_lost_commit_of_a_process_that_was_forgotten_is_not_written_again(
    database: Database, writer: Writer, site: Site, at_commit: list[Any]
) -> None:
    database.write_now(lambda session: session.execute(delete(Node)))
    at_commit.append(lose_after)

    results = writer.write([steps.start(site), steps.start(site)])

    assert [type(result) for result in results] == [DatabaseUnavailable] * 2
    assert number_stored(database) == (2, 2, 2)


def test_the_order_of_change_numbers_is_the_order_of_commits(database_url: str, database: Database, site: Site) -> None:
    others = [Database(database_url) for _ in range(2)]
    attempts: list[Attempt] = database.write_now(
        stored, lambda: [AttemptFactory(site=site, returned=True) for _ in range(160)]
    )

    def log_in(other: Database, own: list[Attempt]) -> None:
        node = other.write_now(house.register_node)
        writer = Writer(other.writer, ids=Ids(node), node=node)
        for place in range(0, len(own), 4):
            batch = [steps.login(steps.seen(attempt), f"o{attempt.id}") for attempt in own[place : place + 4]]
            assert not [result for result in writer.write(batch) if isinstance(result, Exception)]

    threads = [threading.Thread(target=log_in, args=(other, attempts[half::2])) for half, other in enumerate(others)]
    for thread in threads:
        thread.start()
    pictures = []
    while any(thread.is_alive() for thread in threads):
        pictures.append(numbers_by_now(database))
    pictures.append(numbers_by_now(database))
    for other in others:
        other.close()

    # Whoever has seen a number has seen every lower one: an export that goes on from it misses nobody.
    assert [picture for picture in pictures if picture != list(range(1, len(picture) + 1))] == []
    assert len(pictures[-1]) == 160
    assert len({len(picture) for picture in pictures}) > 2


def numbers_by_now(database: Database) -> list[int]:
    return database.read_now(lambda session: list(session.scalars(select(User.change_no).order_by(User.change_no))))
