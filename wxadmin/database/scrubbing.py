"""What was deleted goes from the database's files too.

A deleted row is still readable in a file for as long as its place is not used again: in SQLite's log of changes, in
PostgreSQL's old versions of rows and in what it keeps of columns for its planner. SQLite's writer overwrites with zeros
what it frees (engines.py).
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL

from wxadmin.database.engines import make_writer
from wxadmin.database.failures import translated
from wxadmin.errors import DatabaseUnavailable

# What is as small as this is written anew within about a second, which logins can wait.
_SMALL_BYTES = 64 * 1024 * 1024
_PATIENCE_S = 2.0
_LOOK_EVERY_S = 0.1
# Whoever waits for a table's lock lets everybody else wait behind.
_LOCK_WAIT_MS = 200


class Cleaned(StrEnum):
    """How thoroughly."""

    REWRITTEN = "rewritten"
    """Everything was written anew, and the old files are gone."""
    OVERWRITTEN = "overwritten"
    """SQLite has zeros in its place."""
    VACUUMED = "vacuumed"
    """PostgreSQL has given its place free; what is left of it on a page of a big table goes as the page fills again."""


def scrub(url: URL, tables: Sequence[str]) -> Cleaned | None:
    """Cleans after transactions that have been committed before; `tables` are those that they changed. None where
    somebody still reads what was there before, and it has to be tried again. Raises DatabaseUnavailable."""
    return Scrub(url, tables).run()


class Scrub:
    """The same, which another thread may break off: a table of many millions takes minutes."""

    def __init__(self, url: URL, tables: Sequence[str]) -> None:
        self._url = url
        self._tables = tables
        self._lock = threading.Lock()
        self._connection: object = None
        self._is_over = False

    def run(self) -> Cleaned | None:
        engine = make_writer(self._url, connections=1)
        try:
            with translated():
                borrowed = engine.raw_connection()
            try:
                self._lend(borrowed.dbapi_connection)
                return self._clean(borrowed.dbapi_connection)
            finally:
                self._lend(None)
                # Its settings are not those of others.
                borrowed.invalidate()
        except (sqlite3.Error, psycopg.Error) as error:
            if self._is_over:
                return None
            raise DatabaseUnavailable(f"the database's files were not cleaned: {type(error).__name__}") from error
        finally:
            engine.dispose()

    def end(self) -> None:
        """Has it broken off; what was cleaned stays so."""
        with self._lock, suppress(psycopg.Error):
            self._is_over = True
            if isinstance(self._connection, sqlite3.Connection):
                self._connection.interrupt()
            elif isinstance(self._connection, psycopg.Connection):
                self._connection.cancel_safe(timeout=_PATIENCE_S)

    def _clean(self, connection: Any) -> Cleaned | None:
        if self._is_over:
            return None
        if isinstance(connection, sqlite3.Connection):
            return _scrub_sqlite(connection, Path(self._url.database or ""))
        return _scrub_postgresql(connection, self._tables)

    def _lend(self, connection: object) -> None:
        with self._lock:
            self._connection = connection


def _scrub_sqlite(connection: sqlite3.Connection, file: Path) -> Cleaned | None:
    connection.execute(f"PRAGMA busy_timeout={_LOCK_WAIT_MS}")
    is_small = file.stat().st_size <= _SMALL_BYTES
    if is_small and not _tried(lambda: _vacuum(connection)):
        return None
    if not _tried(lambda: _truncate(connection)):
        return None
    return Cleaned.REWRITTEN if is_small else Cleaned.OVERWRITTEN


def _vacuum(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


def _truncate(connection: sqlite3.Connection) -> bool:
    """Moves the log of changes into the file and empties it, unless somebody reads as of before."""
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _scrub_postgresql(connection: psycopg.Connection, tables: Sequence[str]) -> Cleaned | None:
    connection.autocommit = True
    connection.execute(f"SET lock_timeout = {_LOCK_WAIT_MS}")
    row = connection.execute("SELECT pg_current_xact_id()::text").fetchone()
    assert row is not None
    if not _tried(lambda: _is_past(connection, row[0])):
        return None
    names = [sql.Identifier(name) for name in tables]
    # The planner keeps values of columns as samples.
    connection.execute(sql.SQL("ANALYZE {}").format(sql.SQL(", ").join(names)))
    statistics = sql.Identifier("pg_catalog", "pg_statistic")
    for name in [*names, statistics]:
        # Without it, an index may keep what it says of a few rows.
        connection.execute(sql.SQL("VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) {}").format(name))
    small = [name for name in names if _is_small(connection, name)]
    for name in [*small, statistics]:
        # What the first kind of VACUUM has given free this one leaves behind. Alone it would take along whatever an
        # old transaction might see, though that be another database's.
        if not _tried(lambda name=name: _rewrite(connection, name)):  # type: ignore[misc]
            return None
    return Cleaned.REWRITTEN if len(small) == len(names) else Cleaned.VACUUMED


def _is_past(connection: psycopg.Connection, transaction: str) -> bool:
    """Whether everything in this database that began before the transaction is over, so that nobody sees old versions
    any more."""
    row = connection.execute(
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND greatest(age(backend_xmin), age(backend_xid)) > age(%(ours)s::xid8::xid))",
        {"ours": transaction},
    ).fetchone()
    return row is not None and bool(row[0])


def _is_small(connection: psycopg.Connection, table: sql.Identifier) -> bool:
    row = connection.execute("SELECT pg_total_relation_size(%s::regclass)", [table.as_string(connection)]).fetchone()
    return row is not None and row[0] <= _SMALL_BYTES


def _rewrite(connection: psycopg.Connection, table: sql.Identifier) -> bool:
    try:
        connection.execute(sql.SQL("VACUUM (FULL) {}").format(table))
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _tried(attempt: Callable[[], bool]) -> bool:
    """Whether it succeeds soon."""
    deadline = time.monotonic() + _PATIENCE_S
    while not attempt():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True
