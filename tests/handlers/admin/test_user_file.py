"""The list of users as a file: whole, for those who may, on record, and stopped when nobody waits for it."""

import asyncio
import csv
import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from tests.databases import ENDLESS, on_postgresql, on_sqlite
from tests.factories import UserFactory
from wxadmin.clock import utcnow
from wxadmin.database import Database, csv_lines
from wxadmin.database.long_reads import AT_ONCE
from wxadmin.errors import DatabaseUnavailable
from wxadmin.models import AuditEntry, User

Store = Callable[[Callable[[], Any]], Any]
Staff = Callable[..., Any]
Stored = Callable[[type], Sequence[Any]]


async def test_the_file_holds_what_is_filtered_and_is_on_record(store: Store, staff: Staff, stored: Stored) -> None:
    wanted = store(lambda: UserFactory(nickname="=HYPERLINK(1)"))
    store(lambda: UserFactory(silent=True))
    lin = staff("marketer")

    answer = await lin.get("/admin/users.csv?scope=explicit&q=HYPER", lang="zh_CN")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="users-2')
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.content.startswith(b"\xef\xbb\xbfopenid,unionid,")
    heading, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert heading[2:4] == ["昵称", "已授权范围"]
    assert row[:4] == [wanted.openid, wanted.unionid, "'=HYPERLINK(1)", "静默 手动"]
    [entry] = [entry for entry in stored(AuditEntry) if entry.action == "users_exported"]
    assert (entry.actor, entry.subject) == (lin.name, "users")
    assert json.loads(entry.details) == {"rows": 1, "filters": {"q": "…", "scope": "explicit"}}


async def test_a_file_of_many_portions_is_whole(store: Store, staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", 3)
    monkeypatch.setattr(csv_lines, "COPIED_AT_ONCE", 3)
    made = [store(UserFactory).openid for _ in range(9)]

    answer = await staff("admin").get("/admin/users.csv")

    assert [row[0] for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))][1:] == made[::-1]


async def test_who_logs_in_while_it_is_written_is_neither_lost_nor_there_twice(
    store: Store, staff: Staff, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", 2)
    monkeypatch.setattr(csv_lines, "COPIED_AT_ONCE", 2)
    made = [store(UserFactory).openid for _ in range(7)]
    whole = csv_lines.portions

    def portions(*args: Any) -> Iterator[csv_lines.Portion]:
        for portion in whole(*args):
            # Everybody there logs in, and one more person does.
            store(UserFactory)
            database.write_now(lambda session: session.execute(update(User).values(last_login_at=utcnow())))
            yield portion

    monkeypatch.setattr(csv_lines, "portions", portions)

    answer = await staff("admin").get("/admin/users.csv")

    assert [row[0] for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))][1:] == made[::-1]


async def test_a_database_that_fails_halfway_is_an_error_page_and_no_file(
    store: Store, staff: Staff, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        store(UserFactory)
    monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", 2)
    monkeypatch.setattr(csv_lines, "COPIED_AT_ONCE", 2)
    whole = csv_lines.portions

    def failing(*args: Any) -> Iterator[csv_lines.Portion]:
        yield next(iter(whole(*args)))
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(csv_lines, "portions", failing)

    answer = await staff("admin").get("/admin/users.csv")

    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Content-Disposition" not in answer.headers
    assert [entry for entry in stored(AuditEntry) if entry.action == "users_exported"] == []


async def test_one_too_many_at_once_is_asked_for_patience(
    store: Store, staff: Staff, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(UserFactory)
    going_on = threading.Event()
    whole = csv_lines.portions

    def waiting(*args: Any) -> Iterator[csv_lines.Portion]:
        going_on.wait(20)
        return whole(*args)

    monkeypatch.setattr(csv_lines, "portions", waiting)
    ada = staff("admin")
    running = [asyncio.create_task(ada.get("/admin/users.csv")) for _ in range(AT_ONCE + 1)]

    [refused], _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    page = await ada.get("/admin/users")
    going_on.set()
    answers = await asyncio.gather(*running)

    assert refused.result().status_code == 503
    assert refused.result().headers["Retry-After"] == "60"
    assert "Two are written at a time" in refused.result().text
    assert page.status_code == 200
    assert sorted(answer.status_code for answer in answers) == [200] * AT_ONCE + [503]
    assert len([entry for entry in stored(AuditEntry) if entry.action == "users_exported"]) == AT_ONCE


@on_sqlite
async def test_browsers_that_take_their_time_keep_nobody_from_a_file(
    staff: Staff, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More than any socket holds.
    line, lines = b"x" * 1_048_574 + b"\r\n", 32
    monkeypatch.setattr(csv_lines, "portions", lambda *_: iter_of(csv_lines.Portion(line, 1), lines))
    token, port = staff("admin").token, urlsplit(gateway).port
    slow, heads = [], []

    for _ in range(AT_ONCE + 1):
        slow.append(await asked(port, token))
        # That it begins is all that is taken for now.
        heads.append(await asyncio.wait_for(slow[-1][0].readuntil(b"\r\n\r\n"), 20))
    bodies = [await reader.readexactly(_length_in(head)) for head, (reader, _) in zip(heads, slow, strict=True)]

    assert all(head.startswith(b"HTTP/1.1 200 ") for head in heads)
    assert [body.count(line) for body in bodies] == [lines] * len(slow)
    for _, writer in slow:
        writer.close()


def iter_of(portion: csv_lines.Portion, times: int) -> Iterator[csv_lines.Portion]:
    yield from (portion for _ in range(times))


async def asked(port: int | None, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A browser that has asked for the file."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /admin/users.csv HTTP/1.1\r\nHost: x\r\nCookie: wxadmin_session={token}\r\n\r\n".encode())
    return reader, writer


def _length_in(head: bytes) -> int:
    [line] = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return int(line.partition(b":")[2])


async def test_the_query_ends_when_nobody_waits_for_the_file(
    staff: Staff, gateway: str, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, ended = threading.Event(), threading.Event()

    def endless(session: Session, *_: Any) -> Iterator[csv_lines.Portion]:
        began.set()
        try:
            session.execute(text(ENDLESS[session.get_bind().dialect.name]))
        finally:
            ended.set()
        yield csv_lines.Portion(b"x", 1)

    monkeypatch.setattr(csv_lines, "portions", endless)
    _, writer = await asked(urlsplit(gateway).port, staff("admin").token)
    assert await asyncio.to_thread(began.wait, 10)

    writer.close()
    await writer.wait_closed()

    assert await asyncio.to_thread(ended.wait, 10)
    assert [entry for entry in stored(AuditEntry) if entry.action == "users_exported"] == []


@on_postgresql
async def test_a_database_that_is_lost_while_it_copies_is_an_error_page(
    staff: Staff, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = csv_lines.portions

    def cut(session: Session, *args: Any) -> Iterator[csv_lines.Portion]:
        own = session.scalar(text("SELECT pg_backend_pid()"))
        with psycopg.connect(database_url) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [own])
        return whole(session, *args)

    monkeypatch.setattr(csv_lines, "portions", cut)

    answer = await staff("admin").get("/admin/users.csv")

    assert answer.status_code == 503
    assert "The database does not answer" in answer.text
