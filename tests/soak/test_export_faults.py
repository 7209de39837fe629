"""Exports of many people while logins go on, and what can go wrong with them: the job ends or begins anew as the page
shows, nobody gets a file that looks whole and is not, and how long logins take is printed, with and without."""

import asyncio
import hashlib
import os
import signal
import socket
import statistics
import subprocess
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from sqlalchemy import update

from tests import machine, running
from tests.databases import on_postgresql
from tests.factories import ExportFactory
from tests.running import Program, SiteKeys, unused_port
from tests.soak import wading
from tests.soak.asking import Asker, signed_in
from tests.soak.crowd import Crowd
from tests.soak.scale import SCALE, scaled
from wxadmin import sample
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import Export, ExportPart
from wxadmin.services import exports
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

PEOPLE = scaled(400_000, least=3_000)
LOGINS_A_SECOND = 40 if SCALE >= 1 else 10
SECONDS_WITHOUT = 10.0 if SCALE >= 1 else 1.0
SECONDS_OF_READING = 30 if SCALE >= 1 else 2
BYTES_A_SECOND = 10_000
ROOM = "4m" if SCALE >= 1 else "64k"
# At full size exports last long enough by themselves.
PROGRAM = ("-m", "wxadmin") if SCALE >= 1 else (wading.__file__,)
COLUMNS = "openid,unionid,nickname,scopes,account,site,first_login,last_login,logins"
_LEASE_IS_OVER = 90.0

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]


@dataclass
class TimedCrowd(Crowd):
    """Knows how long each login took, in seconds."""

    took: list[float] = field(default_factory=list)

    async def _log_in(self, http: Any, person: int) -> str:
        began = time.monotonic()
        end = await super()._log_in(http, person)
        if end == "a ticket":
            self.took.append(time.monotonic() - began)
        return end


@dataclass
class Scene:
    """A gateway over many people, whose address is the one that logins go to."""

    settings: Settings
    database: Database
    store: Store
    stored: Stored
    http: httpx.AsyncClient
    port: int
    folder: Path
    ways: dict[str, TimedCrowd] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def export(self) -> Export:
        """The newest one."""
        found: Export = max(self.stored(Export), key=lambda one: one.id)
        return found

    @property
    def folders(self) -> list[str]:
        kept = self.settings.exports_dir
        return sorted(path.name for path in kept.iterdir()) if kept.is_dir() else []

    def serving(self, port: int | None = None) -> Any:
        return running.serve(self.settings, port or self.port, folder=self.folder, wxadmin=PROGRAM)

    def ask(self, **changes: Any) -> None:
        self.store(lambda: ExportFactory(format="xlsx", columns=COLUMNS, **changes))

    async def asker(self) -> Asker:
        return await asyncio.to_thread(signed_in, self.database, self.address, self.http)

    async def until(self, holds: Callable[[], object], patience: float = _LEASE_IS_OVER) -> None:
        await asyncio.to_thread(running.until, holds, patience)

    async def is_half_done(self) -> None:
        await self.until(lambda: self.export.rows or self.export.state not in {"waiting", "running"})
        assert (self.export.state, 0 < self.export.rows < PEOPLE) == ("running", True)

    @asynccontextmanager
    async def logins(self, name: str) -> AsyncIterator[None]:
        """They go on through the block at a steady rate."""
        crowd, over = TimedCrowd(self.address), asyncio.Event()
        self.ways[name] = crowd
        visiting = asyncio.create_task(crowd.visit(LOGINS_A_SECOND, over))
        try:
            yield
        finally:
            over.set()
            await visiting

    async def without(self) -> None:
        """The same for a while without any export."""
        async with self.logins("without"):
            await asyncio.sleep(SECONDS_WITHOUT)

    async def file(self, number: int = 1) -> httpx.Response:
        headers = {"Authorization": f"Bearer {(await self.asker()).key}"}
        url = f"{self.address}/api/v1/exports/{self.export.id}/file?part={number}"
        return await self.http.get(url, headers=headers, timeout=60)

    def tell(self, what: str) -> None:
        told = (f"{name} {_p99(crowd.took):.0f} ms ({len(crowd.took)})" for name, crowd in self.ways.items())
        print(f"\n{what}: {PEOPLE} people, {LOGINS_A_SECOND} logins/s; p99 of a login: {', '.join(told)}")

    def require_logins(self) -> None:
        """All that were begun went well."""
        assert {end for crowd in self.ways.values() for end in crowd.ends} == {"a ticket"}


def _p99(took: Sequence[float]) -> float:
    return 1_000 * (statistics.quantiles(took, n=100)[-1] if len(took) > 1 else 0.0)


@pytest.fixture
def scene(
    settings: Settings,
    site_keys: SiteKeys,
    simulator: httpx.Client,
    store: Store,
    stored: Stored,
    database: Database,
    http: httpx.AsyncClient,
    tmp_path: Path,
) -> Scene:
    port = unused_port()
    sample.fill(settings.database, running.keys(), users=PEOPLE, events=0)
    changes = {"public_url": f"http://127.0.0.1:{port}", "log_level": "warning", "wechat_timeout": 5.0}
    return Scene(settings.model_copy(update=changes), database, store, stored, http, port, tmp_path)


def require_whole(scene: Scene, content: bytes) -> None:
    """It is what the receipt says, and can be read to its end."""
    export, [part] = scene.export, [one for one in scene.stored(ExportPart) if one.export_id == scene.export.id]
    assert (export.state, export.rows, part.rows) == ("done", part.rows, export.expected)
    assert export.rows >= PEOPLE
    assert hashlib.sha256(content).digest() == part.sha256
    file = scene.settings.exports_dir / f"{export.id}-{export.attempt}" / "1"
    assert file.read_bytes() == content
    with zipfile.ZipFile(file) as book:
        assert book.testzip() is None
        sheet = book.read("xl/worksheets/sheet1.xml")
    assert sheet.count(b"</row>") == export.rows + 1


async def test_what_a_killed_node_was_writing_is_made_anew_and_logins_go_on(scene: Scene) -> None:
    other = unused_port()
    with scene.serving() as staying, scene.serving(other) as dying:
        await scene.without()
        with _stopped(staying):
            scene.ask()
            await scene.until(lambda: scene.export.state == "running")
        async with scene.logins("meanwhile"):
            await scene.is_half_done()
            too_early = await scene.file()
            dying.kill()
            left, half = scene.export, scene.folders
            if SCALE < 1:
                over = update(Export).values(lease_until=utcnow())
                await asyncio.to_thread(scene.database.write_now, lambda session: session.execute(over))
            await scene.until(lambda: scene.export.state == "done")
            file = await scene.file()
    scene.tell("a node that was killed in the middle of an export")

    assert too_early.status_code == 404
    assert (left.state, left.attempt, half) == ("running", 1, [f"{left.id}-1.part"])
    assert scene.export.attempt == 2
    assert scene.export.as_of > left.as_of
    require_whole(scene, file.content)
    scene.require_logins()


async def test_a_disk_that_is_full_ends_the_export_and_not_the_logins(scene: Scene) -> None:
    with _little_room(scene.settings.exports_dir), scene.serving():
        await scene.without()
        async with scene.logins("meanwhile"):
            scene.ask()
            await scene.until(lambda: scene.export.state not in {"waiting", "running"})
            failed, refused, left = scene.export, await scene.file(), scene.folders
            scene.ask(filters='{"account": "tea"}')
            await scene.until(lambda: scene.export.state not in {"waiting", "running"})
            after = scene.export
        scene.tell("a disk that is full")

    assert (failed.state, failed.failure, left) == ("failed", "disk_full", [])
    assert refused.status_code == 404
    assert after.state == "done"
    scene.require_logins()


@on_postgresql
async def test_a_connection_that_is_lost_ends_the_export_and_not_the_logins(scene: Scene) -> None:
    with scene.serving():
        await scene.without()
        async with scene.logins("meanwhile"):
            scene.ask()
            await scene.is_half_done()
            ended = await asyncio.to_thread(_end_reading, scene.settings.database)
            await scene.until(lambda: scene.export.state != "running")
            failed, refused, left = scene.export, await scene.file(), scene.folders
            scene.ask()
            await scene.until(lambda: scene.export.state == "done")
            file = await scene.file()
    scene.tell("a connection that is lost")

    assert ended == 1
    assert (failed.state, failed.failure, left) == ("failed", "database", [])
    assert refused.status_code == 404
    require_whole(scene, file.content)
    scene.require_logins()


async def test_a_cancelled_export_leaves_nothing(scene: Scene) -> None:
    with scene.serving():
        await scene.without()
        async with scene.logins("meanwhile"):
            scene.ask()
            await scene.is_half_done()
            is_cancelled = scene.database.write_now(exports.cancel, scene.export.id, actor="lin")
            await scene.until(lambda: scene.export.state != "running")
            await scene.until(lambda: scene.folders == [])
            refused = await scene.file()
    scene.tell("a cancelled export")

    assert is_cancelled
    assert scene.export.state == "cancelled"
    assert refused.status_code == 404
    scene.require_logins()


async def test_a_slow_reader_gets_the_beginning_of_the_file_and_later_the_rest(scene: Scene) -> None:
    with scene.serving():
        await scene.without()
        scene.ask(delete_after_download=True)
        await scene.until(lambda: scene.export.state == "done")
        asker = await scene.asker()
        async with scene.logins("meanwhile"):
            url = f"{scene.address}/api/v1/exports/{scene.export.id}/file"
            head, begun = await asyncio.to_thread(_read_slowly, url, asker.key)
        headers = {"Authorization": f"Bearer {asker.key}", "Range": f"bytes={len(begun)}-"}
        rest = await scene.http.get(url, headers=headers, timeout=60)
        await scene.until(lambda: all(part.sent == part.size for part in scene.stored(ExportPart)))
    scene.tell(f"a reader at {BYTES_A_SECOND // 1_000} kB/s")

    [part] = scene.stored(ExportPart)
    assert f"content-length: {part.size}\r\n" in head.lower()
    assert 0 < len(begun) < part.size
    assert rest.status_code == 206
    require_whole(scene, begun + rest.content)
    scene.require_logins()


@contextmanager
def _stopped(program: Program) -> Iterator[None]:
    """It takes no work meanwhile."""
    os.kill(program.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(program.pid, signal.SIGCONT)


@contextmanager
def _little_room(folder: Path) -> Iterator[None]:
    """The folder is a disk of its own, and a small one."""
    folder.mkdir(parents=True, exist_ok=True)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    try:
        subprocess.run(mounting, check=True, capture_output=True, timeout=20)
    except (OSError, subprocess.CalledProcessError):
        machine.skip_or_fail(machine.Missing("no small disk: only root may mount one"))
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, timeout=20)


def _end_reading(url: str) -> int:
    """Ends the connections that copy rows to an export; returns how many they were."""
    found = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s"
    )
    with psycopg.connect(url) as connection:
        return len(connection.execute(found, ["COPY%"]).fetchall())


def _read_slowly(url: str, key: str) -> tuple[str, bytes]:
    """The head of the answer, and as much of the file as comes until the reader gives up."""
    parts = urlsplit(url)
    asked = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(30)
        connection.connect((parts.hostname or "", parts.port or 80))
        connection.sendall(asked.encode())
        received, over = b"", time.monotonic() + SECONDS_OF_READING
        while time.monotonic() < over:
            with suppress(TimeoutError):
                received += connection.recv(BYTES_A_SECOND // 10)
            time.sleep(0.1)
    head, _, body = received.partition(b"\r\n\r\n")
    return head.decode("latin-1") + "\r\n", body
