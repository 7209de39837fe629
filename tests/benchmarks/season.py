"""Ten million users and twenty million events on PostgreSQL, a million and five million on SQLite: made once for each
kind of database and kept for the next run."""

import os
import random
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import create_engine, func, make_url, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.benchmarks.report import Report
from tests.running import keys
from wxadmin import sample
from wxadmin.clock import utcnow
from wxadmin.database import Database, schema
from wxadmin.database.engines import database_url
from wxadmin.ids import draw_rare
from wxadmin.models import AuditEntry, User

USERS_AND_EVENTS = {"sqlite": (1_000_000, 5_000_000), "postgresql": (10_000_000, 20_000_000)}
AUDIT_ENTRIES = 100_000
FOLDER = Path(tempfile.gettempdir()) / "wxadmin-bench-pages"
_DATABASE = "wxadmin_bench_pages"
# Pages tell of today: a sample whose last day is over would leave them empty.
_FRESH = timedelta(hours=12)
_ACTIONS = ("signed_in", "signed_in", "signed_out", "users_exported", "site_changed", "account_changed")


def databases(report: Report, benchmark: str) -> Iterator[tuple[str, str]]:
    """Each kind of database there is here, filled: its name and URL. To be dropped by hand."""
    FOLDER.mkdir(exist_ok=True)
    yield "SQLite", _filled(report, f"sqlite:///{FOLDER / 'pages.sqlite3'}")
    server = os.environ.get("WXADMIN_TEST_POSTGRES", "postgresql://127.0.0.1:5432/postgres")
    try:
        _make(server)
    except OperationalError:
        report.skip(f"{benchmark}, PostgreSQL", "no server on 127.0.0.1:5432; WXADMIN_TEST_POSTGRES names another")
    else:
        yield "PostgreSQL", _filled(report, make_url(server).set(database=_DATABASE).render_as_string(False))


def _make(server: str) -> None:
    admin = create_engine(database_url(server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        there = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": _DATABASE})
        if not there:
            connection.execute(text(f"CREATE DATABASE {_DATABASE}"))
    admin.dispose()


def _filled(report: Report, url: str) -> str:
    schema.migrate(url)
    if not _is_filled(url):
        report.note(f"filling {make_url(url).render_as_string()}, which takes some minutes")
        schema.migrate(url, "base")
        schema.migrate(url)
        users, events = USERS_AND_EVENTS[make_url(url).get_backend_name()]
        sample.fill(url, keys(), users=users, events=events)
    database = Database(url)
    if database.read_now(lambda session: session.scalars(select(func.count(AuditEntry.id))).one()) < AUDIT_ENTRIES:
        database.write_now(_add_audit_entries)
    database.close()
    _settle(url)
    return url


def _is_filled(url: str) -> bool:
    database = Database(url)
    newest = database.read_now(lambda session: session.scalar(select(func.max(User.last_login_at))))
    database.close()
    return newest is not None and newest > utcnow() - _FRESH


def _add_audit_entries(session: Session) -> None:
    """Ninety days of them."""
    rng = random.Random(1)
    now = utcnow()
    session.add_all(
        AuditEntry(
            id=draw_rare(),
            at=now - number * timedelta(days=90) / AUDIT_ENTRIES,
            actor=f"person-{rng.randrange(20)}",
            action=rng.choice(_ACTIONS),
            subject="sample-shop",
            details=None,
        )
        for number in range(AUDIT_ENTRIES)
    )


def _settle(url: str) -> None:
    """What PostgreSQL does by itself within minutes: it is not waited for."""
    engine = create_engine(database_url(url), isolation_level="AUTOCOMMIT")
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
