"""The schema: bringing a database to the newest one, and refusing one that is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import NullPool

from wxadmin.database.engines import BUSY_TIMEOUT_S, database_url, make_private
from wxadmin.database.failures import translated
from wxadmin.errors import SchemaNotCurrent

# Any number that no other program on the same PostgreSQL is likely to lock.
_ADVISORY_LOCK = 7_758_441_903


def migrations_folder() -> Path:
    """In a checkout beside the package, in a wheel inside it: a stray `migrations` beside it is not ours."""
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent
    return (checkout if (checkout / "pyproject.toml").is_file() else package) / "migrations"


@cache
def newest_revision() -> str | None:
    """The revision that this version of the program needs. Looking for it reads every migration there is."""
    return ScriptDirectory(str(migrations_folder())).get_current_head()


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at; None for an empty one. Raises DatabaseUnavailable."""
    with translated(), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_current(engine: Engine) -> None:
    """Raises SchemaNotCurrent, with the command that helps."""
    current, newest = current_revision(engine), newest_revision()
    if current == newest:
        return
    known = {script.revision for script in ScriptDirectory(str(migrations_folder())).walk_revisions()}
    if current is not None and current not in known:
        raise SchemaNotCurrent(f"the database is at {current}, which this version does not know: update wxadmin")
    raise SchemaNotCurrent(f"the database is at {current or 'no schema'}, not at {newest}: run `wxadmin migrate`")


def migrate(url: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Brings the database to `revision`; returns the revisions before and after.

    One transaction under one lock, so that several may start at once and a migration that fails leaves nothing.
    """
    with translated(), _locked_connection(url) as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        run = command.downgrade if _is_older(revision, than=before) else command.upgrade
        run(_config(connection), revision)
        after = MigrationContext.configure(connection).get_current_revision()
        if connection.dialect.name == "sqlite":
            _check_foreign_keys(connection)
    return before, after


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    return config


def _is_older(revision: str, *, than: str | None) -> bool:
    if revision == "base":
        return True
    if revision == "head" or than is None:
        return False
    older = ScriptDirectory(str(migrations_folder())).iterate_revisions(than, "base")
    return revision in {script.revision for script in older} - {than}


@contextmanager
def _locked_connection(url: str) -> Iterator[Connection]:
    engine = create_engine(database_url(url), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            yield connection
    finally:
        engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    """Foreign keys off before the transaction begins: copying a parent table would else empty its children, and
    inside a transaction the PRAGMA does nothing. BEGIN IMMEDIATE is the lock."""
    make_private(Path(engine.url.database or ""))

    @event.listens_for(engine, "connect")
    def set_up(connection, record) -> None:  # type: ignore[no-untyped-def]
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 12_000}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=OFF")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise SchemaNotCurrent(f"the migration would break {len(broken)} references; nothing was changed")
