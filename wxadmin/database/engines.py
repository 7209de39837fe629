"""Engines for the two databases, set up so that transactions begin as this program means them to."""

import os
import random
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

BUSY_TIMEOUT_S = 5

# SQLite's own waiting soon looks only every 100 ms, and a neighbour who writes without a pause is back long before
# that: whoever waits so may never have a turn. A writer looks every few milliseconds instead.
_LOOK_OFTEN = {"busy_timeout": "10"}
# What is freed is overwritten with zeros, always: the copy that a page keeps when it is split could not be found any
# more when its row is forgotten. It costs nothing where a row is changed in its place, and one
# more written page for each that becomes free, so that deleting in bulk takes about twice as long.
_LEAVE_NOTHING = {"secure_delete": "ON"}
_VANISHED_AFTER_S = 10
# Compiling a query, or calling workers to it, costs ten times what it saves for a page, saves nothing for a list that
# is sent as it is read, and takes what logins need.
_PLAIN_READING = "-c default_transaction_read_only=on -c jit=off -c max_parallel_workers_per_gather=0"
_EXPECTED = "the database must be sqlite:///path or postgresql://user@host/name"
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


def database_url(url: str) -> URL:
    """A plain `sqlite:///…` or `postgresql://…` as SQLAlchemy's URL, with the driver this program uses.

    Raises ValueError, which does not repeat the URL: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(_EXPECTED) from None
    driver = _DRIVERS.get(parsed.drivername.partition("+")[0])
    # A database in memory would be another one for each connection.
    if driver is None or (driver == "sqlite" and parsed.database in {None, "", ":memory:"}):
        raise ValueError(_EXPECTED)
    return parsed.set(drivername=driver)


def make_writer(url: URL, connections: int) -> Engine:
    """An engine for transactions that write. SQLite has one connection: it has one writer at a time anyway."""
    if url.drivername == "sqlite":
        pragmas = {"synchronous": "FULL", **_LOOK_OFTEN, **_LEAVE_NOTHING}
        return _make_sqlite(url, connections=1, begin="BEGIN IMMEDIATE", pragmas=pragmas)
    return _make_postgresql(url, connections)


def make_reader(url: URL, connections: int) -> Engine:
    """An engine for transactions that only read; the database itself refuses a write on it."""
    if url.drivername == "sqlite":
        return _make_sqlite(url, connections=connections, begin="BEGIN", pragmas={"query_only": "ON"})
    options = f"{_PLAIN_READING} -c statement_timeout=30s"
    # Nor is one plan made for all filters that a page may be asked for: what suits one reads a whole table for another.
    return _make_postgresql(url, connections, options, prepare_threshold=None)


def make_long_reader(url: URL, connections: int) -> Engine:
    """The same for reads that take minutes: each transaction sees the database as it was at its beginning."""
    if url.drivername == "sqlite":
        return make_reader(url, connections)
    return _make_postgresql(url, connections, f"{_PLAIN_READING} -c default_transaction_isolation=repeatable\\ read")


def has_one_writer(connection: Connection) -> bool:
    """Whether a transaction that writes sees no change by another until it ends."""
    return connection.dialect.name == "sqlite"


def make_private(file: Path) -> None:
    """Makes an empty database where there is none, for its owner's eyes only; SQLite gives the files beside it the same
    mode."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # What cannot be opened is left for SQLite to meet and to name.
    with suppress(OSError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def _make_sqlite(url: URL, *, connections: int, begin: str, pragmas: dict[str, str]) -> Engine:
    make_private(Path(url.database or ""))
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        # An error that names a row's values would carry them into logs.
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:
        # The driver's own transactions begin deferred and upgrade, which fails at once with "database is locked".
        connection.isolation_level = None
        for name, value in {"journal_mode": "WAL", "foreign_keys": "ON", **pragmas}.items():
            connection.execute(f"PRAGMA {name}={value}")

    patience = BUSY_TIMEOUT_S

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        deadline = time.monotonic() + patience
        while _is_kept_waiting(connection, begin) and time.monotonic() < deadline:
            time.sleep(random.uniform(0.001, 0.004))  # noqa: S311, it only keeps two from looking in step
        if not _dbapi(connection).in_transaction:
            connection.exec_driver_sql(begin)

    return engine


def _is_kept_waiting(connection: Connection, begin: str) -> bool:
    """Begins, unless another writer is at work; any other trouble is left for SQLAlchemy to meet and to name."""
    try:
        _dbapi(connection).execute(begin)
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    return False


def _dbapi(connection: Connection) -> sqlite3.Connection:
    own: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]
    return own


def _make_postgresql(url: URL, connections: int, options: str = "", **of_driver: Any) -> Engine:
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_S,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": BUSY_TIMEOUT_S,
            # A host that vanished without a word would else be waited for as long as the kernel repeats: a quarter of
            # an hour for what was sent, two hours for an answer.
            "tcp_user_timeout": _VANISHED_AFTER_S * 1000,
            "keepalives_idle": _VANISHED_AFTER_S,
            "keepalives_interval": BUSY_TIMEOUT_S,
            "options": f"-c timezone=UTC -c datestyle=ISO -c lock_timeout={BUSY_TIMEOUT_S}s {options}",
            **of_driver,
        },
    )
