"""A million users as CSV: rows/s of an export's making against the database's own shell."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.orm import Session

from tests.benchmarks import crowd
from tests.benchmarks.report import Report
from wxadmin.database import Database
from wxadmin.exporting import lines
from wxadmin.exporting.making import Progress, make
from wxadmin.exporting.subject import Asking
from wxadmin.models import Format

TIMES = 3
_GOALS = {"SQLite": 0.5, "PostgreSQL": 0.35}


def run(report: Report) -> None:
    for name, url in crowd.databases(report, "export"):
        _speed(report, name, url)


def _speed(report: Report, name: str, url: str) -> None:
    """Both sides write to a file, in turn; the best of each counts."""
    shell = _shell(name)
    if shutil.which(shell) is None:
        report.skip(f"export, {name}", f"no {shell}")
        return
    database = Database(url)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "users"
        statement = database.read_now(_statement)
        sides: tuple[Callable[[], None], ...] = (
            partial(_by_us, database, file),
            partial(_by_shell, url, statement, file),
        )
        seconds = [[_seconds(side) for side in sides] for _ in range(TIMES)]
    database.close()
    ours, theirs = (min(times) for times in zip(*seconds, strict=True))
    other = f"{shell}, the same SELECT expression"
    report.compare(
        f"export, {name}: rows/s into a file", crowd.USERS / ours, other, crowd.USERS / theirs, goal=_GOALS[name]
    )


def _shell(name: str) -> str:
    return {"SQLite": "sqlite3", "PostgreSQL": "psql"}[name]


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _by_us(database: Database, file: Path) -> None:
    plan = crowd.plan(Format.CSV_EXCEL)
    made = database.long_reads.read_now(
        make, plan, lambda number: file.with_suffix(f".{number}").open("wb"), Progress()
    )
    assert made.rows == crowd.USERS, made.rows


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
    plan = crowd.plan(Format.CSV_EXCEL)
    cells = [lines._spreadsheet_cell(column, plan.telling).shown for column in plan.columns]
    sought = plan.subject.sought(session, plan.filters, Asking(plan.filter_zone, plan.asked_at, plan.masks))
    query = sought.selecting(cells).order_by(sought.newest_first.desc())
    compiled = str(query.compile(session.connection(), compile_kwargs={"literal_binds": True}))
    # Doubled for the driver, which is not asked here.
    return compiled.replace("%%", "%")
