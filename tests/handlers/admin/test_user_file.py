"""The list of users as a file: whole, for those who may, on record, and stopped when nobody waits for it."""

import asyncio
import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.databases import on_sqlite
from tests.factories import UserFactory
from wxadmin.errors import DatabaseUnavailable
from wxadmin.models import AuditEntry
from wxadmin.queries import user_file

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
    monkeypatch.setattr(user_file, "ROWS_AT_ONCE", 3)
    made = [store(UserFactory).openid for _ in range(9)]

    answer = await staff("admin").get("/admin/users.csv")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))[1:]
    assert [row[0] for row in rows] == made[::-1]


@on_sqlite
async def test_a_database_that_fails_halfway_is_an_error_page_and_no_file(
    store: Store, staff: Staff, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        store(UserFactory)
    monkeypatch.setattr(user_file, "ROWS_AT_ONCE", 2)
    whole = user_file.portion

    def failing(*args: Any, below: int, **kwargs: Any) -> user_file.Portion:
        if below != user_file.BEGINNING:
            raise DatabaseUnavailable("gone")
        return whole(*args, below=below, **kwargs)

    monkeypatch.setattr(user_file, "portion", failing)

    answer = await staff("admin").get("/admin/users.csv")

    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Content-Disposition" not in answer.headers
    assert [entry for entry in stored(AuditEntry) if entry.action == "users_exported"] == []


@on_sqlite
async def test_nothing_more_is_read_when_nobody_waits_for_the_file(
    store: Store, staff: Staff, gateway: str, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        store(UserFactory)
    monkeypatch.setattr(user_file, "ROWS_AT_ONCE", 1)
    portions: list[int] = []
    going_on = asyncio.Event()
    loop = asyncio.get_running_loop()

    def endless(*args: Any, below: int, **kwargs: Any) -> user_file.Portion:
        portions.append(below)
        asyncio.run_coroutine_threadsafe(going_on.wait(), loop).result(10)
        return user_file.Portion("x\r\n", 1, below)

    monkeypatch.setattr(user_file, "portion", endless)
    ada = staff("admin")
    port = urlsplit(gateway).port
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /admin/users.csv HTTP/1.1\r\nHost: x\r\nCookie: wxadmin_session={ada.token}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        while not portions:
            await asyncio.sleep(0.01)

    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.1)
    going_on.set()
    await asyncio.sleep(0.3)
    read = len(portions)
    await asyncio.sleep(0.2)

    assert len(portions) == read
    assert [entry for entry in stored(AuditEntry) if entry.action == "users_exported"] == []
