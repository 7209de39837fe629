"""A database that is locked, gone or full: nobody is promised what is not stored, and all is well again afterwards."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, Engine, event, make_url

from tests.databases import on_postgresql, on_sqlite
from tests.running import SiteKeys, serving
from tests.visiting import Visitor, redeem
from wxadmin.database import access, engines
from wxadmin.models import Attempt, Event, Ticket, User
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.wechat.client import WeChat

Stored = Callable[[type], Sequence]


@pytest.fixture
async def visitor(
    settings: Settings, site_keys: SiteKeys, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Visitor]:
    """A visitor of a gateway that waits for a locked database for one second."""
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 1)
    async with serving(settings) as gateway:
        yield Visitor(gateway, http)


@contextmanager
def locked(database_url: str) -> Iterator[None]:
    """Another program holds what every login has to write."""
    url = make_url(database_url)
    if url.drivername == "sqlite":
        connection = sqlite3.connect(url.database or "", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
    else:
        connection = psycopg.connect(database_url)  # type: ignore[assignment]
        connection.execute("LOCK TABLE attempt, ticket, account IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


@contextmanager
def gone(database_url: str) -> Iterator[None]:
    """The server has thrown everybody out and lets nobody in."""
    url = make_url(database_url)
    server = url.set(database="postgres").render_as_string(hide_password=False)
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(allow.format(sql.Identifier(url.database or ""), sql.SQL("false")))
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [url.database],
        )
        try:
            yield
        finally:
            connection.execute(allow.format(sql.Identifier(url.database or ""), sql.SQL("true")))


def says_so(response: httpx.Response) -> bool:
    """Whether the answer is an honest 503: when to come back, and nothing of the inside."""
    inside = ("Traceback", "sqlalchemy", "psycopg", "sqlite", "SELECT", "INSERT")
    return (
        response.status_code == 503
        and int(response.headers["Retry-After"]) > 0
        and not any(word in response.text for word in inside)
    )


async def test_while_the_database_is_locked_no_login_begins(
    visitor: Visitor, database_url: str, stored: Stored
) -> None:
    with locked(database_url):
        response = await visitor.start()

    again = await visitor.start()

    assert says_so(response)
    assert "Location" not in response.headers
    assert visitor.cookies
    assert again.status_code == 302
    assert len(stored(Attempt)) == 1


async def test_a_callback_that_meets_a_locked_database_spends_nothing(
    visitor: Visitor, database_url: str, stored: Stored, world: World
) -> None:
    callback = await visitor.agree(await visitor.start())

    with locked(database_url):
        response = await visitor.get(callback)
    again = await visitor.get(callback)

    assert says_so(response)
    assert again.status_code == 302
    assert world.calls.exchanged == 1
    assert len(stored(User)) == 1


async def test_a_redemption_that_meets_a_locked_database_spends_nothing(
    visitor: Visitor, database_url: str, http: httpx.AsyncClient, site_keys: SiteKeys
) -> None:
    ticket = await visitor.log_in()

    with locked(database_url):
        response = await redeem(http, visitor.gateway, site_keys.shop, ticket)
    again = await redeem(http, visitor.gateway, site_keys.shop, ticket)

    assert says_so(response)
    assert response.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert again.status_code == 200


@on_postgresql
async def test_while_the_server_is_gone_everything_says_so_and_then_goes_on(
    visitor: Visitor, database_url: str, http: httpx.AsyncClient, site_keys: SiteKeys, stored: Stored
) -> None:
    callback = await visitor.agree(await visitor.start())
    ticket = await visitor.log_in()

    with gone(database_url):
        ready = await http.get(f"{visitor.gateway}/readyz")
        alive = await http.get(f"{visitor.gateway}/healthz")
        refused = [
            await visitor.start(),
            await visitor.get(callback),
            await redeem(http, visitor.gateway, site_keys.shop, ticket),
        ]
    returned = await visitor.get(callback)

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert all(says_so(response) for response in refused)
    assert returned.status_code == 302
    assert (await redeem(http, visitor.gateway, site_keys.shop, ticket)).status_code == 200
    assert (await http.get(f"{visitor.gateway}/readyz")).status_code == 200
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded", "succeeded"]


@on_postgresql
async def test_connections_that_were_cut_while_idle_are_not_noticed(visitor: Visitor, database_url: str) -> None:
    await visitor.log_in()
    with gone(database_url):
        pass

    ticket = await visitor.log_in()

    assert ticket


@on_postgresql
async def test_a_login_whose_exchange_outlives_the_server_is_not_promised(
    visitor: Visitor, database_url: str, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    callback = await visitor.agree(await visitor.start())

    with beginning_after_the_exchange(gone(database_url), monkeypatch):
        response = await visitor.get(callback)
    reloaded = await visitor.get(callback)

    assert says_so(response)
    # Begun anew by itself: nothing was wrong with the visitor's login.
    assert reloaded.status_code == 302
    assert reloaded.headers["Location"].startswith("/auth?url=")
    assert (stored(User), stored(Ticket)) == ([], [])
    assert [attempt.outcome for attempt in stored(Attempt)] == [None]


@contextmanager
def beginning_after_the_exchange(
    trouble: AbstractContextManager[None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The trouble begins when WeChat has answered the exchange."""
    really = WeChat.exchange
    with ExitStack() as stack:

        async def exchange(self: WeChat, *args: str) -> Any:
            grant = await really(self, *args)
            stack.enter_context(trouble)
            return grant

        monkeypatch.setattr(WeChat, "exchange", exchange)
        yield


@pytest.fixture
def writers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The driver's connections that write, of the gateway under test."""
    opened: list[Any] = []
    really = access.make_writer

    def make_writer(url: URL, connections: int) -> Engine:
        engine = really(url, connections)
        event.listen(engine, "connect", lambda connection, _: opened.append(connection))
        return engine

    monkeypatch.setattr(access, "make_writer", make_writer)
    return opened


@on_sqlite
async def test_while_the_disk_is_full_no_login_begins_and_afterwards_it_does(
    writers: list[Any], visitor: Visitor, stored: Stored
) -> None:
    # The gateway's own: those before it furnished the database.
    writer = writers[-1]
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count={pages}")
    responses = [await replace(visitor, cookies={}).start(ref=f"{number:064}") for number in range(40)]
    while_full = responses[-1]

    writer.execute("PRAGMA max_page_count=1000000")
    afterwards = await visitor.log_in()

    began = [response for response in responses if response.status_code == 302]
    assert says_so(while_full)
    assert afterwards
    assert len(stored(Attempt)) == 1 + len(began)
    assert len([event for event in stored(Event) if event.stage == "start"]) == 1 + len(began)
