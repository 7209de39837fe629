"""How others fare while a million users are exported, and while the file is taken: waits and memory of one server."""

import http.client
import math
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.benchmarks import crowd
from tests.benchmarks.report import Report
from tests.benchmarks.stores import unused_port
from tests.running import METRICS_TOKEN, SECRET_KEY, serve
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.exporting.subjects.users import USUAL
from wxadmin.models import Export, ExportState, Format, ReturnURL, Role, Staff
from wxadmin.services import exports, sessions, staff
from wxadmin.services.exports import ExportForm
from wxadmin.settings import Settings

FORMATS = (Format.CSV_EXCEL, Format.XLSX)
IDLE_S = 10.0
GOAL_MS = 10.0
GOAL_MB = 20.0
_ZONE = "Asia/Shanghai"
_NAME = "bench"
# Nothing listens there: the sample's accounts call nobody.
_NO_WECHAT = "http://127.0.0.1:9"
# A browser that takes the file as fast as it comes.
_TAKE = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
address = "/admin/exports/" + sys.argv[3] + "/file"
connection.request("GET", address, headers={"Cookie": "wxadmin_session=" + sys.argv[2]})
answer = connection.getresponse()
assert answer.status == 200, answer.status
while answer.read(1 << 20):
    pass
"""
_MEMORY = {name: re.compile(rf"{name}:\s+(\d+) kB") for name in ("VmRSS", "VmHWM")}


@dataclass(frozen=True, slots=True)
class Server:
    database: Database
    port: int
    pid: int
    paths: dict[str, str]

    def asked(self, until: Callable[[], bool]) -> dict[str, list[float]]:
        return _asked(self.port, self.paths, until=until)


def run(report: Report) -> None:
    for name, url in crowd.databases(report, "company"):
        database = Database(url)
        token = database.write_now(_signed_in)
        back = database.read_now(lambda session: session.scalars(select(ReturnURL.url).limit(1)).one())
        paths = {"/healthz": "", "/readyz": "", "/auth": "?" + urlencode({"url": back})}
        with tempfile.TemporaryDirectory() as folder, _serving(url, Path(folder)) as (port, pid):
            server = Server(database, port, pid, paths)
            # What any first file needs, the program's own text among it, is no growth.
            _wait(_done(server, _asked_for(server, Format.XLSX, {"last_from": "2998-01-01"})))
            idle = server.asked(_after(IDLE_S))
            for kind in FORMATS:
                _measure(report, f"company, {name}, {kind}", server, token=token, kind=kind, idle=idle)
        database.close()


def _measure(
    report: Report, label: str, server: Server, *, token: str, kind: Format, idle: dict[str, list[float]]
) -> None:
    before = _memory(server.pid, "VmRSS")
    _forget_peak(server.pid)
    number = _asked_for(server, kind, {})
    making = server.asked(_done(server, number))
    taking = server.asked(_ended(_take(server.port, token, number)))
    grown = (_memory(server.pid, "VmHWM") - before) / 1024
    for what, waits in {"is made": making, "is taken": taking}.items():
        for path in server.paths:
            medians = f"medians {median(waits[path]):.1f} and {median(idle[path]):.1f}"
            title = f"{label}: {path} while the file {what}, p99 in ms (goal {GOAL_MS:.0f}; {medians})"
            report.compare(title, p99(waits[path]), "the same at rest", p99(idle[path]))
    report.note(f"{label}: memory of the server grows by {grown:.1f} MB (goal {GOAL_MB:.0f})")


def _asked_for(server: Server, kind: Format, filters: dict[str, str]) -> int:
    form = ExportForm(
        destination="other",
        purpose="other",
        note="a benchmark",
        filters=filters,
        filter_zone=_ZONE,
        zone=_ZONE,
        language="zh_CN",
        format=kind,
        columns=(*USUAL, "account"),
    )
    return server.database.write_now(lambda session: exports.ask(session, form, actor=_NAME, role=Role.ADMIN).id)


def _done(server: Server, number: int) -> Callable[[], bool]:
    def is_over() -> bool:
        state = server.database.read_now(
            lambda session: session.scalar(select(Export.state).where(Export.id == number))
        )
        assert state not in {ExportState.FAILED, ExportState.CANCELLED}, state
        return state == ExportState.DONE

    return is_over


def _wait(is_over: Callable[[], bool]) -> None:
    while not is_over():
        time.sleep(0.1)


def _ended(taking: "subprocess.Popen[bytes]") -> Callable[[], bool]:
    def is_over() -> bool:
        assert not taking.poll()
        return taking.returncode is not None

    return is_over


@contextmanager
def _serving(url: str, folder: Path) -> Iterator[tuple[int, int]]:
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        database_url=url,
        secret_keys=[SECRET_KEY],
        metrics_token=METRICS_TOKEN,
        wechat_open_url=_NO_WECHAT,
        wechat_api_url=_NO_WECHAT,
        log_level="warning",
    )
    port = unused_port()
    with serve(settings, port, folder=folder) as server:
        yield port, server.pid


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _take(port: int, token: str, number: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", _TAKE, str(port), token, str(number)])


def _asked(port: int, paths: dict[str, str], *, until: Callable[[], bool]) -> dict[str, list[float]]:
    """The milliseconds of each request, one after the other on one connection, a hundred a second."""
    took: dict[str, list[float]] = {path: [] for path in paths}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while not until():
        for path, query in paths.items():
            began = time.perf_counter()
            connection.request("GET", path + query)
            answer = connection.getresponse()
            answer.read()
            took[path].append((time.perf_counter() - began) * 1000)
            assert answer.status in {200, 302}, (path, answer.status)
            time.sleep(0.01)
    return took


def _memory(pid: int, name: str) -> int:
    """In kB: what it has now (VmRSS) or had at most (VmHWM)."""
    found = _MEMORY[name].search(Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1])


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _signed_in(session: Session) -> str:
    person = session.scalar(select(Staff).where(Staff.name == _NAME))
    if person is None:
        person = staff.add(session, name=_NAME, role=Role.ADMIN, password="a password of a benchmark", actor=_NAME)
        session.flush()
    return sessions.begin(session, person.id, name=_NAME, now=utcnow(), ip=None, user_agent=_NAME)


def p99(values: list[float]) -> float:
    """The value that 99 % of them do not exceed."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]
