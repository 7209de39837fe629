"""Databases of their own for the benchmarks, with one account and one site."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.exc import OperationalError

from tests.benchmarks.report import Report
from wxadmin.database import Database, schema
from wxadmin.database.engines import database_url
from wxadmin.models import Account, Site
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts, house, sites
from wxadmin.services.sites import SiteForm


@dataclass(frozen=True)
class Store:
    database: Database
    node: int
    account_id: int
    site_id: int


@contextmanager
def furnished_store(url: str) -> Iterator[Store]:
    schema.migrate(url)
    database = Database(url)
    try:
        keys = KeyRing(["k" * 32])
        database.write_now(
            accounts.add, keys, name="bench", appid="wx0123456789abcdef", secret="s" * 32, title=None, actor="bench"
        )
        form = SiteForm(return_urls=["https://shop.example.com/back"])
        database.write_now(sites.add, keys, account="bench", name="shop", form=form, actor="bench")
        yield Store(
            database,
            database.write_now(house.register_node),
            database.read_now(lambda session: session.scalars(select(Account.id)).one()),
            database.read_now(lambda session: session.scalars(select(Site.id)).one()),
        )
    finally:
        database.close()


def databases(report: Report, benchmark: str) -> Iterator[tuple[str, str]]:
    """Each kind of database there is here: its name, and the URL of an empty one."""
    with sqlite_url() as url:
        yield "SQLite", url
    with postgresql_url() as server_url:
        if server_url is None:
            report.skip(f"{benchmark}, PostgreSQL", "no server on 127.0.0.1:5432; WXADMIN_TEST_POSTGRES names another")
        else:
            yield "PostgreSQL", server_url


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def sqlite_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="wxadmin-bench-") as folder:
        yield f"sqlite:///{Path(folder) / 'bench.sqlite3'}"


@contextmanager
def postgresql_url() -> Iterator[str | None]:
    server = os.environ.get("WXADMIN_TEST_POSTGRES", "postgresql://127.0.0.1:5432/postgres")
    admin = create_engine(database_url(server), isolation_level="AUTOCOMMIT")
    name = f"wxadmin_bench_{uuid4().hex[:8]}"
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        yield None
        return
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
