"""Starts what tests talk to: the gateway inside the test or as a process, furnished with an account and two sites."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy.orm import Session

from wxadmin import app
from wxadmin.database import Database
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts, house, sites
from wxadmin.services.sites import SiteForm
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID, secret_for

SECRET_KEY = "the key that this test run seals with"
METRICS_TOKEN = "the-token-of-this-test-run"
RETURN_URL = "https://shop.example.com/back"
CLINIC_URL = "https://clinic.example.com/"
_PATIENCE_S = 120.0
_WXADMIN = ("-m", "wxadmin")
# Below what Linux gives to outgoing connections.
_PORTS = range(12_000, 32_000)
_PORTS_A_WORKER = 1_000


@dataclass(frozen=True, slots=True)
class SiteKeys:
    shop: str
    clinic: str


def keys() -> KeyRing:
    return KeyRing([SECRET_KEY])


def furnish(database_url: str, secret: str = secret_for(DEFAULT_APPID)) -> SiteKeys:
    """The account `tea` with the sites `shop` and `clinic`."""
    database = Database(database_url)
    try:
        return database.write_now(_furnish, secret)
    finally:
        database.close()


def _furnish(session: Session, secret: str) -> SiteKeys:
    house.require_keys(session, keys().ids)
    accounts.add(session, keys(), name="tea", appid=DEFAULT_APPID, secret=secret, title="云雾茶铺", actor="test")
    shop = SiteForm(return_urls=[RETURN_URL], title="云雾茶铺", contact="店长 010-12345678")
    clinic = SiteForm(return_urls=[CLINIC_URL])
    return SiteKeys(
        sites.add(session, keys(), account="tea", name="shop", form=shop, actor="test").api_key,
        sites.add(session, keys(), account="tea", name="clinic", form=clinic, actor="test").api_key,
    )


def switch(database: Database, **form: Any) -> str | None:
    """Changes what the site `shop` is set to; gives the hand-off key where one was made. For the gateway to know at
    once, before its first request."""
    return database.write_now(sites.change, keys(), "shop", SiteForm(**form), actor="test")


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """The gateway on an unused port, in this process, as `serve` runs it; gives its address."""
    stop, ready = asyncio.Event(), asyncio.Event()
    sockets = app.listen("127.0.0.1", 0)
    server = asyncio.create_task(app.serve_until(stop, settings, sockets, ready=ready))
    server.add_done_callback(lambda _: ready.set())
    await ready.wait()
    try:
        if not server.done():
            yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        stop.set()
        try:
            await server
        finally:
            for listening in sockets:
                listening.close()


def environment(settings: Settings) -> dict[str, str]:
    """The settings as a process reads them, and nothing else of this process's environment that it could be led by."""
    said = settings.model_dump(mode="json", exclude_defaults=True)
    values = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in said.items()}
    return {"PATH": os.environ["PATH"], **{f"WXADMIN_{name.upper()}": value for name, value in values.items()}}


def run(*arguments: str, env: dict[str, str], folder: Path, said: str = "") -> subprocess.CompletedProcess[str]:
    """A command of wxadmin from its beginning to its end; `said` is its standard input."""
    return subprocess.run(
        [sys.executable, *_WXADMIN, *arguments],
        env=env,
        cwd=folder,
        input=said,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )


class Program:
    """A process that goes on until it is told to end; what it writes is kept in a file."""

    def __init__(self, *command: str, env: dict[str, str], folder: Path, executable: str = sys.executable) -> None:
        self._output = folder / f"output-{time.monotonic_ns()}"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [executable, *command],
                env=env,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self._output.read_text("utf-8")

    @property
    def children(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def ends(self) -> int:
        """Waits for its end and gives the exit code."""
        return self.process.wait(_PATIENCE_S)

    def terminate(self) -> int:
        """Tells it to end, as a service manager would, and gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ends()

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.process.kill()
        self.process.wait(_PATIENCE_S)

    def answers(self, url: str, patience: float = _PATIENCE_S) -> None:
        """Waits until the address answers."""
        until(lambda: self.process.poll() is not None or _answers(url), patience)
        assert self.process.poll() is None, self.output


@contextmanager
def started(*command: str, env: dict[str, str], folder: Path, executable: str = sys.executable) -> Iterator[Program]:
    """`python …`, or another program, as a process, killed at the end of the block if it still runs."""
    program = Program(*command, env=env, folder=folder, executable=executable)
    try:
        yield program
    finally:
        program.kill()


@contextmanager
def serve(
    settings: Settings, port: int, *options: str, folder: Path, wxadmin: Sequence[str] = _WXADMIN
) -> Iterator[Program]:
    """`wxadmin serve` as a process, once it answers; `wxadmin` is what Python is told to run as that."""
    command = (*wxadmin, "serve", "--port", str(port), *options)
    with started(*command, env=environment(settings), folder=folder) as program:
        program.answers(f"http://127.0.0.1:{port}/healthz")
        yield program


def until(holds: Callable[[], object], patience: float = _PATIENCE_S) -> None:
    """Waits until `holds()` is true."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        time.sleep(0.02)


def unused_port() -> int:
    """A port that nobody uses: of this test process alone, and of none that the system gives to connections."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _PORTS.start + worker * _PORTS_A_WORKER % len(_PORTS)
    while True:
        port = random.randrange(first, first + _PORTS_A_WORKER)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False
