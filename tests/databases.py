"""Databases for tests: migrated once as a template, copied for each test that needs one of its own."""

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from wxadmin.database import schema

PREFIX = "wxadmin_test_"

on_sqlite = pytest.mark.parametrize("bed", ["sqlite"], indirect=True)
"""For tests of what happens before or beside any database, or on SQLite only."""
on_postgresql = pytest.mark.parametrize("bed", ["postgresql"], indirect=True)


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
        shutil.copyfile(_file(self._template), _file(url))
        return url

    def empty(self) -> str:
        return f"sqlite:///{self._folder / str(next(self._numbers))}.sqlite3"

    def drop(self, url: str) -> None:
        for path in _file(url).parent.glob(f"{_file(url).name}*"):
            path.unlink()


class PostgreSQLBed:
    """Databases on one server, named after this run: a run lives as long as its connection, which carries its name."""

    def __init__(self, server: str) -> None:
        self.server = server
        self._run = f"{PREFIX}{secrets.token_hex(4)}"
        self._numbers = count()
        self._connection = psycopg.connect(server, autocommit=True, application_name=self._run)
        self._sweep()
        self._template = self.empty()
        schema.migrate(self._template)

    def copy(self) -> str:
        return self._make(template=_name(self._template))

    def empty(self) -> str:
        return self._make(template="template0")

    def drop(self, url: str) -> None:
        self._drop(_name(url))

    def close(self) -> None:
        self.drop(self._template)
        self._connection.close()

    def _make(self, *, template: str) -> str:
        name = f"{self._run}_{next(self._numbers)}"
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        self._connection.execute(command)
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def _drop(self, name: str) -> None:
        command = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        self._connection.execute(command)

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
