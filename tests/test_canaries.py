"""Secrets that the test knows are looked for wherever they must not be: logs, answers, process list, database."""

import asyncio
import base64
import socket
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from tests import running
from tests.running import METRICS_TOKEN, RETURN_URL, SECRET_KEY, environment, run, serve, until, unused_port
from tests.visiting import Visitor, redeem
from wxadmin.models import Event, Token, User
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID, SimulatedAccount, World
from wxadmin.simulator.faults import Fault

Stored = Callable[[type], Sequence]

APP_SECRET = "c0ffeec0ffee4bad5ecre7c0ffee1234"
PASSWORD = "correct horse battery staple"
NONCE = "nonce-that-only-the-site-may-see"


@dataclass
class Canaries:
    """What must not be seen, by its value; `answers` are all that the gateway has given."""

    values: dict[str, str] = field(default_factory=dict)
    answers: list[httpx.Response] = field(default_factory=list)

    def add(self, name: str, value: str) -> str:
        self.values[value] = name
        return value

    def of_return(self, callback: str) -> None:
        for name, [value] in parse_qs(urlsplit(callback).query).items():
            self.add(name, value)

    def in_text(self, text: str) -> set[str]:
        return {name for value, name in self.values.items() if value in text or value in unquote(text)}

    def in_bytes(self, content: bytes) -> set[str]:
        return {name for value, name in self.values.items() if any(form in content for form in forms(value))}


def forms(value: str) -> list[bytes]:
    """The value itself, and as hex and base64 write it."""
    plain = value.encode()
    shown = [plain.hex().encode(), plain.hex().upper().encode()]
    return [plain, *shown, *(encode(plain).rstrip(b"=") for encode in (base64.b64encode, base64.urlsafe_b64encode))]


@pytest.fixture
def world() -> World:
    return World([SimulatedAccount(DEFAULT_APPID, secret=APP_SECRET)], seed=1, answer="allow")


@pytest.fixture
def canaries(settings: Settings, tmp_path: Path) -> Canaries:
    """Those of an installation that was set up by its commands."""
    canaries, env = Canaries(), environment(settings)
    canaries.add("AppSecret", APP_SECRET)
    canaries.add("password", PASSWORD)
    canaries.add("secret key", SECRET_KEY)
    canaries.add("metrics token", METRICS_TOKEN)
    account = run(
        "account", "add", "--name", "tea", "--appid", DEFAULT_APPID, env=env, folder=tmp_path, said=APP_SECRET
    )
    staff = run("staff", "add", "lin", "--role", "admin", env=env, folder=tmp_path, said=PASSWORD)
    said = account.stdout + account.stderr + staff.stdout + staff.stderr
    site = run(
        "site", "add", "--account", "tea", "--name", "shop", "--return-url", RETURN_URL, env=env, folder=tmp_path
    )
    signed = run("site", "set", "shop", "--handoff", "openid", env=env, folder=tmp_path)
    assert [made.returncode for made in (account, staff, site, signed)] == [0, 0, 0, 0]
    canaries.add("site key", site.stdout.strip())
    canaries.add("hand-off key", signed.stdout.splitlines()[1])
    assert canaries.in_text(said + site.stderr + signed.stderr) == set()
    return canaries


@pytest.fixture
def visitor(canaries: Canaries, http: httpx.AsyncClient) -> Visitor:
    """Whose every answer from the gateway is kept."""
    visitor = Visitor(f"http://127.0.0.1:{unused_port()}", http)

    async def keep(response: httpx.Response) -> None:
        if str(response.url).startswith(visitor.gateway):
            canaries.answers.append(response)

    http.event_hooks = {"response": [keep]}
    return visitor


@contextmanager
def broken(database_url: str) -> Iterator[None]:
    """A table is not there, which nobody has foreseen."""
    url = make_url(database_url)
    connection: Any = (
        sqlite3.connect(url.database or "", isolation_level=None)
        if url.drivername == "sqlite"
        else psycopg.connect(database_url, autocommit=True)
    )
    connection.execute("ALTER TABLE ticket RENAME TO ticket_away")
    yield
    connection.execute("ALTER TABLE ticket_away RENAME TO ticket")
    connection.close()


def everything_in(database_url: str) -> bytes:
    """The raw content: SQLite's files, or each table as PostgreSQL dumps it."""
    url = make_url(database_url)
    if url.drivername == "sqlite":
        path = Path(url.database or "")
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    with psycopg.connect(database_url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return b"".join(b"".join(_rows(connection, name)) for (name,) in names)


def _rows(connection: psycopg.Connection[Any], table: str) -> Iterator[bytes]:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        yield from map(bytes, copy)


def process_list() -> str:
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            # It has ended since it was listed.
            continue
    return "\n".join(commands)


async def begin(visitor: Visitor, canaries: Canaries, **asked: str) -> str:
    """A start and the consent; gives the callback."""
    # Each to another address: a page that asks for the same again and again is stopped.
    url = f"{RETURN_URL}?visit={len(canaries.values)}"
    callback = await visitor.agree(await visitor.start(url=url, nonce=NONCE, **asked))
    canaries.of_return(callback)
    for value in visitor.cookies.values():
        canaries.add("cookie", value)
    return callback


async def succeed(visitor: Visitor, canaries: Canaries, http: httpx.AsyncClient) -> None:
    [site_key] = [value for value, name in canaries.values.items() if name == "site key"]
    back = await visitor.get(await begin(visitor, canaries, scope="snsapi_userinfo"))
    ticket = canaries.add("ticket", parse_qs(urlsplit(back.headers["Location"]).query)["ticket"][0])
    for _ in range(2):
        await redeem(http, visitor.gateway, site_key, ticket)
    await redeem(http, visitor.gateway, f"{site_key}x", ticket)
    await http.post(f"{visitor.gateway}/api/v1/tickets/redeem?ticket={ticket}", content=f"ticket={ticket}")
    await http.get(f"{visitor.gateway}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    await http.get(f"{visitor.gateway}/metrics?token={METRICS_TOKEN}")


async def fail(visitor: Visitor, canaries: Canaries, world: World) -> None:
    for fault in ("errcode", "slow", "status", "html", "cut", "drop"):
        world.faults.order(Fault("exchange", fault, errcode=40125, seconds=4, times=2))
        callback = await begin(visitor, canaries)
        await visitor.get(callback)
        await visitor.get(callback)
        world.faults.clear()
    world.faults.order(Fault("userinfo", "errcode", errcode=40001, times=1))
    await visitor.get(await begin(visitor, canaries, scope="snsapi_userinfo"))


async def be_refused(visitor: Visitor, canaries: Canaries, http: httpx.AsyncClient) -> None:
    callback = await begin(visitor, canaries)
    await Visitor(visitor.gateway, http).get(callback)
    await visitor.get(callback.replace("code=", "code=%20"))
    await visitor.get(callback.replace("/auth/callback", "/nothing"))
    await visitor.get(callback.replace("/auth/callback", "/static/nothing"))
    await visitor.get(callback.replace("/auth/callback", "/healthz"))
    await http.post(visitor.gateway + callback)
    await visitor.start(url=f"https://evil.example.com/?secret={quote(APP_SECRET)}&code=abc")
    port = urlsplit(visitor.gateway).port
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    for broken_line in (f"bad {cookies}", f"Cookie {cookies}", f"Cookie: {cookies}\r\nbad"):
        with socket.create_connection(("127.0.0.1", port or 0)) as connection:
            connection.sendall(f"GET {callback} HTTP/1.1\r\nHost: x\r\n{broken_line}\r\n\r\n".encode())
            await asyncio.to_thread(connection.recv, 4096)


async def meet_a_bug(visitor: Visitor, canaries: Canaries, database_url: str) -> None:
    callback = await begin(visitor, canaries)
    with broken(database_url):
        response = await visitor.get(callback)
    assert response.status_code == 500


def add_tokens(canaries: Canaries, stored: Stored) -> None:
    """What WeChat gave, as the gateway itself would open it."""
    openids = {user.id: user.openid for user in stored(User)}
    for token in stored(Token):
        row = f"token/{token.account_id}/{openids[token.user_id]}"
        canaries.add("access_token", running.keys().open(token.access_sealed, f"{row}/access"))
        canaries.add("refresh_token", running.keys().open(token.refresh_sealed, f"{row}/refresh"))


def leaks(canaries: Canaries) -> list[tuple[str, set[str]]]:
    """Answers that hold what they must not."""
    found = []
    for answer in canaries.answers:
        lines = [f"{name}: {value}" for name, value in answer.headers.multi_items()]
        allowed = {
            "location": {"ticket", "state"} if answer.status_code == 302 else set(),
            "set-cookie": {"cookie"},
        }
        for line in [*lines, answer.text]:
            name = line.partition(":")[0].lower()
            if seen := canaries.in_text(line) - allowed.get(name, set()):
                found.append((f"{answer.status_code} {name[:40]}", seen))
    return found


@pytest.mark.impatient
async def test_no_secret_is_seen_where_it_must_not_be(
    settings: Settings, canaries: Canaries, visitor: Visitor, http: httpx.AsyncClient, tmp_path: Path,
    *, world: World, stored: Stored, database_url: str,
) -> None:  # fmt: skip
    world.settings = world.settings.changed({"token_lifetime": 2})
    chosen = settings.model_copy(update={"log_level": "debug", "refresh_interval": 0.2})
    port = urlsplit(visitor.gateway).port or 0

    with serve(chosen, port, folder=tmp_path) as program:
        await succeed(visitor, canaries, http)
        add_tokens(canaries, stored)
        await fail(visitor, canaries, world)
        await be_refused(visitor, canaries, http)
        await meet_a_bug(visitor, canaries, database_url)
        world.faults.order(Fault("refresh", "drop"))
        until(lambda: {"", "gw_connect"} <= {event.code for event in stored(Event) if event.stage == "refresh"})
        add_tokens(canaries, stored)
        listed = process_list()
        raw = everything_in(database_url)
        assert program.terminate() == 0
    raw += everything_in(database_url)

    assert {"code", "state", "cookie", "ticket", "access_token", "refresh_token"} <= set(canaries.values.values())
    assert {200, 302, 400, 401, 403, 404, 405, 409, 500, 502, 504} <= {
        answer.status_code for answer in canaries.answers
    }
    assert "request_failed" in program.output
    assert "Traceback" in program.output
    assert leaks(canaries) == []
    assert canaries.in_text(program.output) == set()
    assert NONCE not in program.output
    assert canaries.in_text(listed) == set()
    assert str(port) in listed
    assert canaries.in_bytes(raw) == set()
    # The same search finds what is stored as it is.
    assert NONCE.encode() in raw
    assert Canaries({stored(User)[0].openid: "openid"}).in_bytes(raw) == {"openid"}
