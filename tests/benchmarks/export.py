"""The file of a million users: rows/s against the database's own shell, memory, and how others fare meanwhile."""

import http.client
import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from tests.benchmarks import crowd
from tests.benchmarks.report import Report
from tests.benchmarks.stores import unused_port
from tests.running import METRICS_TOKEN, SECRET_KEY, serve
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import ReturnURL, Role, Staff, User
from wxadmin.queries import user_file
from wxadmin.queries.masking import CLEAR
from wxadmin.queries.user_filters import UserFilters
from wxadmin.queries.users import selected, wanted
from wxadmin.services import sessions, staff
from wxadmin.settings import Settings

TIMES = 3
IDLE_S = 10.0
GOAL_MS = 10.0
GOAL_MB = 20.0
_GOALS = {"SQLite": 0.5, "PostgreSQL": 0.35}
_ZONE = ZoneInfo("Asia/Shanghai")
_NAME = "bench"
# Nothing listens there: the sample's accounts call nobody.
_NO_WECHAT = "http://127.0.0.1:9"
# A browser that takes the file as fast as it comes.
_TAKE = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
connection.request("GET", "/admin/users.csv" + sys.argv[3], headers={"Cookie": "wxadmin_session=" + sys.argv[2]})
answer = connection.getresponse()
assert answer.status == 200, answer.status
while answer.read(1 << 20):
    pass
"""
_MEMORY = {name: re.compile(rf"{name}:\s+(\d+) kB") for name in ("VmRSS", "VmHWM")}


def run(report: Report) -> None:
    for name, url in crowd.databases(report, "export"):
        _speed(report, name, url)
        _company(report, name, url)


def _speed(report: Report, name: str, url: str) -> None:
    """Both sides write to a file, in turn; the best of each counts."""
    shell = _shell(name)
    if shutil.which(shell) is None:
        report.skip(f"export, {name}", f"no {shell}")
        return
    database = Database(url)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "users.csv"
        statement = database.read_now(_statement)
        sides: tuple[Callable[[], None], ...] = (
            partial(_by_us, database, file),
            partial(_by_shell, url, statement, file),
        )
        seconds = [[_seconds(side) for side in sides] for _ in range(TIMES)]
    database.close()
    ours, theirs = (min(times) for times in zip(*seconds, strict=True))
    label = f"export, {name}: rows/s into a file (goal {_GOALS[name]})"
    report.compare(label, crowd.USERS / ours, f"{shell}, the same SELECT expression", crowd.USERS / theirs)


def _shell(name: str) -> str:
    return {"SQLite": "sqlite3", "PostgreSQL": "psql"}[name]


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _by_us(database: Database, file: Path) -> None:
    with file.open("wb") as opened:
        rows = database.long_reads.read_now(user_file.write, opened, UserFilters(), _ZONE, str, masks=CLEAR)
    assert rows == crowd.USERS, rows


def _by_shell(url: str, statement: str, file: Path) -> None:
    if url.startswith("sqlite"):
        command = ["sqlite3", "-readonly", "-csv", make_url(url).database or ""]
        said = statement
    else:
        command = ["psql", "--quiet", "--no-psqlrc", url]
        said = f"COPY ({statement}) TO STDOUT (FORMAT csv);"
    with file.open("wb") as opened:
        subprocess.run(command, input=said.encode(), stdout=opened, check=True)


def _statement(session: Session) -> str:
    """The columns of the file, quotes and ends of lines left to the shell."""
    cells = [cell.shown for cell in user_file._cells(_ZONE, str)]
    query = selected(cells, wanted(session, UserFilters(), _ZONE, CLEAR)).order_by(User.id.desc())
    compiled = str(query.compile(session.connection(), compile_kwargs={"literal_binds": True}))
    # Doubled for the driver, which is not asked here.
    return compiled.replace("%%", "%")


def _company(report: Report, name: str, url: str) -> None:
    """Others' requests to a server at rest, and to one that writes the file."""
    database = Database(url)
    token = database.write_now(_signed_in)
    back = database.read_now(lambda session: session.scalars(select(ReturnURL.url).limit(1)).one())
    database.close()
    paths = {"/healthz": "", "/readyz": "", "/auth": "?" + urlencode({"url": back})}
    with tempfile.TemporaryDirectory() as folder, _serving(url, Path(folder)) as (port, pid):
        # What any first file needs, the program's own text among it, is no growth.
        _take(port, token, "?last_from=2998-01-01").wait()
        idle = _asked(port, paths, until=_after(IDLE_S))
        before = _memory(pid, "VmRSS")
        _forget_peak(pid)
        busy = _asked(port, paths, until=_taken(port, token))
        grown = (_memory(pid, "VmHWM") - before) / 1024
    for path in paths:
        label = f"export, {name}: {path} while the file is written, p99 in ms (goal {GOAL_MS:.0f}; "
        label += f"medians {median(busy[path]):.1f} and {median(idle[path]):.1f})"
        report.compare(label, p99(busy[path]), "the same at rest", p99(idle[path]))
    print(f"export, {name}: memory of the server grows by {grown:.1f} MB (goal {GOAL_MB:.0f})", flush=True)


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


def _take(port: int, token: str, query: str = "") -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _TAKE, str(port), token, query])


def _taken(port: int, token: str) -> Callable[[], bool]:
    """Whether the file has been taken so many times, one after the other."""
    taking = [_take(port, token)]

    def is_over() -> bool:
        if taking[-1].poll() is None:
            return False
        assert taking[-1].returncode == 0
        if len(taking) == TIMES:
            return True
        taking.append(_take(port, token))
        return False

    return is_over


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
