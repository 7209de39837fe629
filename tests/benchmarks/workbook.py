"""A million users as a workbook and in the other formats: rows/s, XLSX against XlsxWriter in constant memory, which is
given the same rows in one query."""

import importlib
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from tests.benchmarks import crowd
from tests.benchmarks.report import Report
from wxadmin.database import Database
from wxadmin.exporting.making import Progress, make
from wxadmin.exporting.subjects.users import COLUMNS, USUAL
from wxadmin.models import Format, Site, User
from wxadmin.queries.masking import CLEAR
from wxadmin.queries.user_filters import UserFilters
from wxadmin.queries.wanted_users import selected, wanted

GOAL = 4.0
_AT_ONCE = 1_000


def run(report: Report) -> None:
    for name, url in crowd.databases(report, "workbook"):
        database = Database(url)
        with tempfile.TemporaryDirectory() as folder:
            speeds = {kind: crowd.USERS / _seconds(partial(_ours, database, kind, Path(folder))) for kind in Format}
            _against_xlsxwriter(report, name, database, speeds[Format.XLSX], Path(folder))
        database.close()
        for kind, speed in speeds.items():
            report.note(f"export, {name}: {kind} {speed:,.0f} rows/s")


def _against_xlsxwriter(report: Report, name: str, database: Database, ours: float, folder: Path) -> None:
    try:
        xlsxwriter = importlib.import_module("xlsxwriter")
    except ImportError:
        report.skip(f"workbook, {name}", "no XlsxWriter: pip install xlsxwriter")
        return
    theirs = _seconds(lambda: database.long_reads.read_now(_theirs, xlsxwriter, folder / "theirs.xlsx"))
    report.compare(f"workbook, {name}: rows/s", ours, "XlsxWriter, constant_memory", crowd.USERS / theirs, goal=GOAL)


def _ours(database: Database, kind: Format, folder: Path) -> None:
    made = database.long_reads.read_now(
        make, crowd.plan(kind), lambda number: (folder / f"{kind}-{number}").open("wb"), Progress()
    )
    assert made.rows == crowd.USERS, made.rows


def _theirs(session: Session, xlsxwriter: Any, file: Path) -> None:
    book = xlsxwriter.Workbook(str(file), {"constant_memory": True, "remove_timezone": True})
    sheet = book.add_worksheet()
    day = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    columns = [COLUMNS[name].of for name in USUAL if name != "site"]
    asked = wanted(session, UserFilters(), ZoneInfo("Asia/Shanghai"), CLEAR)
    query = selected([*columns, Site.title], asked).order_by(User.id.desc())
    rows = session.execute(query, execution_options={"yield_per": _AT_ONCE})
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, column, value)
            else:
                sheet.write(number, column, value, day if hasattr(value, "year") else None)
    book.close()


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
