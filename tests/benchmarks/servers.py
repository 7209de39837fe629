"""The programs of a benchmark of logins: the gateway, WeChat's simulator, and what they are held against."""

import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.report import Report
from tests.benchmarks.stores import databases
from tests.running import METRICS_TOKEN, SECRET_KEY, Program, environment, furnish, started, until, unused_port
from wxadmin.database import schema
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID, secret_for

RIVALS = Path(__file__).with_name("rivals")
"""What the gateway is held against, as programs of their own."""


@dataclass(frozen=True, slots=True)
class Server:
    """`url` ends without a slash."""

    url: str
    program: Program


@dataclass(frozen=True, slots=True)
class Place:
    """A furnished database with WeChat's simulator beside it, whose people allow everything."""

    store: str
    database_url: str
    site_key: str
    wechat: Server
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a rival is told of WeChat."""
        return {"WECHAT": self.wechat.url, "APPID": DEFAULT_APPID, "APPSECRET": secret_for(DEFAULT_APPID)}


def places(report: Report, benchmark: str) -> Iterator[Place]:
    """One for each kind of database there is here."""
    for store, database_url in databases(report, benchmark):
        schema.migrate(database_url)
        site_key = furnish(database_url).shop
        with tempfile.TemporaryDirectory() as folder, wechat(Path(folder)) as simulator:
            yield Place(store, database_url, site_key, simulator, Path(folder))


@contextmanager
def wechat(folder: Path) -> Iterator[Server]:
    port = unused_port()
    command = ("-m", "wxadmin.simulator", "--port", str(port), "--answer", "allow")
    with server(*command, port=port, folder=folder) as simulator:
        yield simulator


@contextmanager
def gateway(place: Place, *program: str) -> Iterator[Server]:
    """`serve` of the program, which is wxadmin where none is named: one process."""
    settings = Settings(
        _env_file=None,
        data_dir=place.folder,
        database_url=place.database_url,
        secret_keys=[SECRET_KEY],
        metrics_token=METRICS_TOKEN,
        wechat_open_url=place.wechat.url,
        wechat_api_url=place.wechat.url,
        log_level="warning",
    )
    port = unused_port()
    command = (*(program or ("-m", "wxadmin")), "serve", "--port", str(port))
    with server(*command, port=port, env=environment(settings), folder=place.folder) as serving:
        yield serving


@contextmanager
def server(
    *command: str, port: int, folder: Path, env: Mapping[str, str] | None = None, executable: str = sys.executable
) -> Iterator[Server]:
    """A program, Python's where no other is named, from when its port takes connections until it is told to end."""
    env = {"PATH": os.environ["PATH"], **(env or {})}
    with started(*command, env=env, folder=folder, executable=executable) as program:
        until(lambda: program.process.poll() is not None or _listens(port))
        assert program.process.poll() is None, program.output
        try:
            yield Server(f"http://127.0.0.1:{port}", program)
        finally:
            program.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
