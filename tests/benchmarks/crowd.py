"""A million users, made once for each kind of database and kept for the next run; to be dropped by hand."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, func, make_url, select, text
from sqlalchemy.exc import OperationalError

from tests.benchmarks.report import Report
from tests.running import keys
from wxadmin import sample
from wxadmin.clock import utcnow
from wxadmin.database import Database, schema
from wxadmin.database.engines import database_url
from wxadmin.exporting.making import Plan
from wxadmin.exporting.plans import plan_of
from wxadmin.exporting.subjects.users import USUAL
from wxadmin.models import Export, Format, User

USERS = 1_000_000
FOLDER = Path(tempfile.gettempdir()) / "wxadmin-bench-export"
_DATABASE = "wxadmin_bench_export"


def databases(report: Report, benchmark: str) -> Iterator[tuple[str, str]]:
    """Each kind of database there is here, filled: its name and URL."""
    FOLDER.mkdir(exist_ok=True)
    yield "SQLite", _filled(f"sqlite:///{FOLDER / 'users.sqlite3'}")
    server = os.environ.get("WXADMIN_TEST_POSTGRES", "postgresql://127.0.0.1:5432/postgres")
    try:
        _make(server)
    except OperationalError:
        report.skip(f"{benchmark}, PostgreSQL", "no server on 127.0.0.1:5432; WXADMIN_TEST_POSTGRES names another")
    else:
        yield "PostgreSQL", _filled(make_url(server).set(database=_DATABASE).render_as_string(False))


def plan(kind: Format) -> Plan:
    """All of them, as a file of this format, with the columns that a file has where nobody chooses."""
    export = Export(subject="users", destination="other", format=kind, filters="{}", role="admin", language="zh_CN")
    export.columns = "openid" if kind is Format.OPENIDS else ",".join(USUAL)
    export.filter_zone = export.zone = "Asia/Shanghai"
    export.asked_at = utcnow()
    return plan_of(export)


def _make(server: str) -> None:
    admin = create_engine(database_url(server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        names = connection.scalars(text("SELECT datname FROM pg_database"))
        if _DATABASE not in set(names):
            connection.execute(text(f"CREATE DATABASE {_DATABASE}"))
    admin.dispose()


def _filled(url: str) -> str:
    schema.migrate(url)
    if not _is_filled(url):
        print(f"filling {make_url(url).render_as_string()} with {USERS:,} users", flush=True)
        sample.fill(url, keys(), users=USERS, events=0)
    _settle(url)
    return url


def _is_filled(url: str) -> bool:
    database = Database(url)
    users = database.read_now(lambda session: session.scalar(select(func.count()).select_from(User)))
    database.close()
    return bool(users)


def _settle(url: str) -> None:
    """What PostgreSQL does by itself within minutes: it is not waited for."""
    engine = create_engine(database_url(url), isolation_level="AUTOCOMMIT")
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
