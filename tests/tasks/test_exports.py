"""Exports as jobs: whole files or none, whatever happens to process, disk and database; gone when kept long enough."""

import asyncio
import errno
import hashlib
import io
import json
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from tests.databases import ENDLESS, on_postgresql, on_sqlite
from tests.factories import ExportFactory, ExportPartFactory, UserFactory
from tests.running import SiteKeys
from wxadmin import app
from wxadmin.clock import utcnow
from wxadmin.database import Database, csv_lines
from wxadmin.errors import DatabaseUnavailable
from wxadmin.exporting import storage as storages
from wxadmin.exporting.storage import Storage
from wxadmin.flows.gateway import Gateway
from wxadmin.ids import first_id_at
from wxadmin.models import Export, ExportPart
from wxadmin.services import export_jobs
from wxadmin.settings import Settings
from wxadmin.tasks import exports
from wxadmin.tasks.exports import Keeping

Stored = Callable[[type], Sequence[Any]]
Store = Callable[[Callable[[], Any]], Any]


@pytest.fixture
async def flow(settings: Settings, site_keys: SiteKeys, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    monkeypatch.setattr(exports, "_TELLS_EVERY_S", 0.02)
    monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", 2)
    monkeypatch.setattr(csv_lines, "COPIED_AT_ONCE", 2)
    async with app.make_front(settings, "http://127.0.0.1") as front:
        yield front.gateway


@pytest.fixture
def keeping(settings: Settings) -> Keeping:
    return Keeping(Storage(settings.exports_dir), timedelta(days=7), timedelta(days=1_095))


def contents(keeping: Keeping) -> list[str]:
    """The names of all folders that are there."""
    root = keeping.storage.root
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


def only(stored: Stored) -> Export:
    [export] = stored(Export)
    return export  # type: ignore[no-any-return]


async def test_a_job_makes_a_file_and_its_receipt(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored
) -> None:
    made = [store(UserFactory).openid for _ in range(5)]
    asked = store(lambda: ExportFactory(format="openids", columns="openid", filters='{"scope": "explicit", "q": "小"}'))
    store(lambda: ExportFactory(format="openids", columns="openid", state="cancelled"))

    worked = await exports.run(flow, keeping)
    again = await exports.run(flow, keeping)

    assert (worked, again) == (1, None)
    [export] = [one for one in stored(Export) if one.id == asked.id]
    [part] = stored(ExportPart)
    content = keeping.storage.file(export.id, 1, 1).read_bytes()
    assert (export.state, export.attempt, export.failure) == ("done", 1, None)
    assert json.loads(export.filters) == {"scope": "explicit", "q": "…"}
    assert timedelta(days=6.99) < export.kept_until - export.ended_at <= timedelta(days=7)
    assert export.asked_at < export.as_of <= export.ended_at
    assert (export.rows, part.rows, part.size) == (len(content.splitlines()),) * 2 + (len(content),)
    assert part.sha256 == hashlib.sha256(content).digest()
    assert part.name.endswith(f"-{export.id}.txt")
    assert part.name.isascii()
    assert set(content.decode().splitlines()) <= set(made)


async def test_who_logs_in_meanwhile_is_not_in_the_file(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [store(UserFactory).openid for _ in range(7)]
    store(lambda: ExportFactory(format="openids", columns="openid"))
    whole = csv_lines.texts

    def texts(*args: Any) -> Iterator[csv_lines.Portion]:
        for portion in whole(*args):
            store(UserFactory)
            yield portion

    monkeypatch.setattr(csv_lines, "texts", texts)

    await exports.run(flow, keeping)

    content = keeping.storage.file(only(stored).id, 1, 1).read_text()
    assert content.splitlines() == made[::-1]


async def test_how_far_it_has_come_is_told_and_it_can_be_cancelled(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lambda: [UserFactory() for _ in range(5)])
    store(lambda: ExportFactory(format="openids", columns="openid"))
    going_on = halting(monkeypatch, after=2)

    running = asyncio.create_task(exports.run(flow, keeping))
    while only(stored).rows < 4:
        await asyncio.sleep(0.01)
    seen = only(stored)
    database.write_now(lambda session: session.execute(update(Export).values(cancel_asked=True)))
    going_on.set()
    await running

    assert (seen.state, seen.rows, seen.expected) == ("running", 4, 5)
    assert seen.lease_until > utcnow()
    assert only(stored).state in {"cancelled", "done"}
    if only(stored).state == "cancelled":
        assert contents(keeping) == []


async def test_a_cancelled_one_ends_in_the_middle_of_its_query(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(UserFactory)
    store(lambda: ExportFactory(format="openids", columns="openid"))
    began = threading.Event()

    def endless(session: Session, *_: Any) -> Iterator[csv_lines.Portion]:
        began.set()
        session.execute(text(ENDLESS[session.get_bind().dialect.name]))
        yield csv_lines.Portion(b"x", 1)

    monkeypatch.setattr(csv_lines, "texts", endless)
    running = asyncio.create_task(exports.run(flow, keeping))
    assert await asyncio.to_thread(began.wait, 20)

    database.write_now(lambda session: session.execute(update(Export).values(cancel_asked=True)))
    await running

    assert (only(stored).state, only(stored).failure) == ("cancelled", None)
    assert contents(keeping) == []


async def test_what_a_dead_process_left_is_begun_anew_by_another_with_a_later_as_of(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored, database: Database
) -> None:
    store(lambda: [UserFactory() for _ in range(3)])
    store(lambda: ExportFactory(format="openids", columns="openid"))
    left = database.write_now(export_jobs.claim, node=4711, lasting=timedelta())
    folder = keeping.storage.begin(left.id, left.attempt)
    (folder / "1").write_bytes(b"half a fi")

    await exports.run(flow, keeping)
    late = database.write_now(export_jobs.fail, left, export_jobs.Failure.DISK)

    assert (only(stored).state, only(stored).attempt, late) == ("done", 2, False)
    assert only(stored).as_of > left.started_at
    assert contents(keeping) == [f"{left.id}-1.part", f"{left.id}-2"]
    os.utime(folder, (1, 1))
    await exports.clear(flow, keeping)
    assert contents(keeping) == [f"{left.id}-2"]


async def test_one_that_kills_every_process_is_given_up(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored
) -> None:
    store(lambda: ExportFactory(state="running", attempt=5, node=4711, lease_until=utcnow() - timedelta(seconds=1)))

    await exports.run(flow, keeping)

    assert (only(stored).state, only(stored).failure) == ("failed", "interrupted")


async def test_a_process_that_ends_gives_it_back(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lambda: [UserFactory() for _ in range(5)])
    store(lambda: ExportFactory(format="openids", columns="openid"))
    going_on = halting(monkeypatch, after=1)

    running = asyncio.create_task(exports.run(flow, keeping))
    while only(stored).state != "running":
        await asyncio.sleep(0.01)
    flow.stopping.set()
    going_on.set()
    await running

    assert only(stored).state in {"waiting", "done"}
    if only(stored).state == "waiting":
        assert contents(keeping) == []


@on_sqlite
@pytest.mark.parametrize(
    ("number", "reason"), [(errno.ENOSPC, "disk_full"), (errno.EFBIG, "disk_full"), (errno.EIO, "disk")]
)
async def test_a_disk_that_takes_no_more_is_a_failure_that_says_so(
    flow: Gateway,
    keeping: Keeping,
    store: Store,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    reason: str,
) -> None:
    store(lambda: [UserFactory() for _ in range(9)])
    store(lambda: ExportFactory(format="openids", columns="openid"))
    whole = storages.opened_in

    class Narrow(io.BytesIO):
        def write(self, data: Any) -> int:
            if self.tell() > 64:
                raise OSError(number, "no room")
            return super().write(data)

    def opened_in(folder: Path, part: int) -> Any:
        whole(folder, part).close()
        return Narrow()

    monkeypatch.setattr(exports, "opened_in", opened_in)

    await exports.run(flow, keeping)

    assert (only(stored).state, only(stored).failure) == ("failed", reason)
    assert stored(ExportPart) == []
    assert contents(keeping) == []


@on_sqlite
async def test_a_message_to_many_is_not_made_for_one(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored
) -> None:
    store(UserFactory)
    store(lambda: ExportFactory(destination="mass_send", format="openids", columns="openid"))

    await exports.run(flow, keeping)

    assert (only(stored).state, only(stored).failure) == ("failed", "one_person")


@on_postgresql
async def test_a_database_that_is_lost_while_it_is_read_is_a_failure_that_says_so(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lambda: [UserFactory() for _ in range(9)])
    store(lambda: ExportFactory(format="openids", columns="openid"))
    whole = csv_lines.texts

    def cut(session: Session, *args: Any) -> Iterator[csv_lines.Portion]:
        own = session.scalar(text("SELECT pg_backend_pid()"))
        with psycopg.connect(database_url) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [own])
        return whole(session, *args)

    monkeypatch.setattr(csv_lines, "texts", cut)

    await exports.run(flow, keeping)

    assert (only(stored).state, only(stored).failure) == ("failed", "database")
    assert contents(keeping) == []


@on_sqlite
async def test_a_file_that_was_made_is_kept_where_it_is_not_known_whether_that_was_stored(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lambda: [UserFactory() for _ in range(2)])
    store(lambda: ExportFactory(format="openids", columns="openid"))
    whole = flow.database.write

    async def write(service: Any, *args: Any, **kwargs: Any) -> Any:
        done = await whole(service, *args, **kwargs)
        if service is export_jobs.finish:
            raise DatabaseUnavailable("its answer was lost")
        return done

    monkeypatch.setattr(flow.database, "write", write)

    await exports.run(flow, keeping)

    assert only(stored).state == "done"
    assert contents(keeping) == [f"{only(stored).id}-1"]


async def test_files_go_when_they_were_kept_long_enough_and_receipts_stay(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored, database: Database
) -> None:
    store(lambda: [UserFactory() for _ in range(2)])
    store(lambda: ExportFactory(format="openids", columns="openid"))
    await exports.run(flow, keeping)

    early = await exports.clear(flow, keeping)
    kept = contents(keeping)
    database.write_now(lambda session: session.execute(update(Export).values(kept_until=utcnow())))
    late = await exports.clear(flow, keeping)

    assert (early, late) == (0, 1)
    assert kept == [f"{only(stored).id}-1"]
    assert contents(keeping) == []
    assert only(stored).deleted_at is not None
    assert len(stored(ExportPart)) == 1


async def test_receipts_go_when_the_audit_log_would(
    flow: Gateway, keeping: Keeping, store: Store, stored: Stored
) -> None:
    of_old = {"id": first_id_at(utcnow() - timedelta(days=20)), "done": True}
    store(lambda: ExportPartFactory(export=ExportFactory(**of_old, deleted_at=utcnow())))
    store(lambda: ExportPartFactory(export=ExportFactory(done=True)))

    await exports.clear(flow, keeping)
    kept = len(stored(Export))
    await exports.clear(flow, replace(keeping, receipts=timedelta(days=19)))

    assert kept == 2
    assert (len(stored(Export)), len(stored(ExportPart))) == (1, 1)


def halting(monkeypatch: pytest.MonkeyPatch, after: int) -> threading.Event:
    """Portions, so many of them, and then none until the event is set."""
    going_on = threading.Event()
    whole = csv_lines.texts

    def texts(*args: Any) -> Iterator[csv_lines.Portion]:
        for number, portion in enumerate(whole(*args)):
            if number == after:
                going_on.wait(20)
            yield portion

    monkeypatch.setattr(csv_lines, "texts", texts)
    return going_on
