"""Databases for tests: migrated once as a template, copied for each test that needs one of its own.

A copy takes PostgreSQL a quarter of a second. So one that a test is done with is emptied for the next, where it is as
small and made as the template."""

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from wxadmin.database import schema
from wxadmin.models import Base

PREFIX = "wxadmin_test_"

on_sqlite = pytest.mark.parametrize("bed", ["sqlite"], indirect=True)
"""For tests of what happens before or beside any database, or on SQLite only."""
on_postgresql = pytest.mark.parametrize("bed", ["postgresql"], indirect=True)

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(600)",
}
"""A query that runs until it is ended, by dialect."""


class Bed(Protocol):
    """Makes databases of one kind and drops them."""

    def copy(self) -> str:
        """The URL of a new database at the newest schema."""
        ...

    def empty(self) -> str:
        """The URL of a new database with nothing in it."""
        ...

    def drop(self, url: str) -> None: ...


class SQLiteBed:
    """Files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._template = self.empty()
        schema.migrate(self._template)

    def copy(self) -> str:
        url = self.empty()
        shutil.copy(_file(self._template), _file(url))
        return url

    def empty(self) -> str:
        return f"sqlite:///{self._folder / str(next(self._numbers))}.sqlite3"

    def drop(self, url: str) -> None:
        for path in _file(url).parent.glob(f"{_file(url).name}*"):
            # Whoever closes it last, maybe a process that is ending, deletes the log.
            path.unlink(missing_ok=True)


class PostgreSQLBed:
    """Databases on one server, named after this run: a run lives as long as its connection, which carries its name."""

    def __init__(self, server: str) -> None:
        self.server = server
        self._run = f"{PREFIX}{secrets.token_hex(4)}"
        self._numbers = count()
        self._connection = psycopg.connect(server, autocommit=True, application_name=self._run)
        self._sweep()
        self._emptied: list[str] = []
        self._template = self.empty()
        schema.migrate(self._template)
        with psycopg.connect(self._template) as connection:
            self._made = _made(connection)
            self._counters = connection.execute(_COUNTERS).fetchone()

    def copy(self) -> str:
        return self._emptied.pop() if self._emptied else self._make(template=_name(self._template))

    def empty(self) -> str:
        return self._make(template="template0")

    def drop(self, url: str) -> None:
        if self._is_emptied(url):
            self._emptied.append(url)
        else:
            self._drop(_name(url))

    def close(self) -> None:
        for url in [*self._emptied, self._template]:
            self._drop(_name(url))
        self._connection.close()

    def _make(self, *, template: str) -> str:
        name = f"{self._run}_{next(self._numbers)}"
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        self._connection.execute(command)
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def _drop(self, name: str) -> None:
        command = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        self._connection.execute(command)

    def _is_emptied(self, url: str) -> bool:
        self._connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [_name(url)]
        )
        try:
            with psycopg.connect(url, options="-c lock_timeout=5s -c synchronous_commit=off") as connection:
                if _made(connection) != self._made:
                    return False
                connection.execute(_DELETE_ALL)
                connection.execute(_INSERT, self._counters)
        except psycopg.Error:
            return False
        return True

    def _sweep(self) -> None:
        """Drops what runs that were killed left behind. Names first: a run connects before it makes any."""
        names = self._column("SELECT datname FROM pg_database WHERE starts_with(datname, %s)")
        alive = set(
            self._column("SELECT application_name FROM pg_stat_activity WHERE starts_with(application_name, %s)")
        )
        for name in names:
            if name.rpartition("_")[0] not in alive:
                self._drop(name)

    def _column(self, query: str) -> list[str]:
        return [row[0] for row in self._connection.execute(query, [PREFIX])]


_LARGEST = 4_000_000
_OF_ALL_TABLES = (
    "FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace"
)
_CATALOG = f"""
SELECT md5(string_agg(concat_ws(' ', relname, relkind, relchecks, relhastriggers, attname, atttypid, attnotnull), ','
    ORDER BY relname, attnum)) {_OF_ALL_TABLES}
UNION ALL SELECT version_num FROM alembic_version
UNION ALL SELECT count(*)::text FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
    WHERE datname = current_database()
UNION ALL SELECT count(*)::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace AND indisvalid
"""
_DELETE_ALL = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables))
_COUNTERS = "SELECT json_agg(counter)::text FROM counter"
_INSERT = "INSERT INTO counter SELECT * FROM json_populate_recordset(NULL::counter, %s)"


def _made(connection: psycopg.Connection[tuple[Any, ...]]) -> tuple[Any, ...]:
    """What tables and indexes there are, and whether they are small."""
    size = "SELECT coalesce(sum(pg_relation_size(oid)), 0) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    [[used]] = connection.execute(size)
    return used < _LARGEST, *connection.execute(_CATALOG).fetchall()


@contextmanager
def locked(url: str) -> Iterator[sqlite3.Connection]:
    """Another program holds SQLite's write lock."""
    other = sqlite3.connect(_file(url), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    # Lets the lock go, whether or not there was a commit.
    other.close()


def _file(url: str) -> Path:
    return Path(make_url(url).database or "")


def _name(url: str) -> str:
    return make_url(url).database or ""
