"""Migrations: up, down and up again on filled databases, two at once, and no drift from the models."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, inspect, select, text

from tests.databases import Bed
from tests.factories import EVERY_FACTORY, AttemptFactory, UserFactory, stored
from wxadmin.database import Database, schema
from wxadmin.database.engines import database_url as parsed_url
from wxadmin.database.engines import make_writer
from wxadmin.errors import SchemaNotCurrent
from wxadmin.models import Base, User

SCRIPTS = ScriptDirectory(str(schema.migrations_folder()))
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database of the test's own at the newest schema."""
    opened = make_writer(parsed_url(database_url), connections=2)
    yield opened
    opened.dispose()


@pytest.fixture
def empty_url(bed: Bed) -> Iterator[str]:
    url = bed.empty()
    yield url
    bed.drop(url)


def fill(url: str) -> None:
    """Two rows at least in every table."""
    database = Database(url)
    for factory in EVERY_FACTORY:
        database.write_now(stored, lambda factory=factory: factory.create_batch(2))
    database.close()


def rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        return {
            table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one() for table in sorted(tables)
        }


def test_the_migrations_make_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        drift = compare_metadata(context, Base.metadata)

    assert drift == []


def test_a_filled_database_goes_down_and_up_again(database_url: str, engine: Engine) -> None:
    fill(database_url)
    engine.dispose()

    down = schema.migrate(database_url, "base")
    left = rows(engine)
    engine.dispose()
    up = schema.migrate(database_url)

    assert down == (REVISIONS[-1], None)
    assert left == {"alembic_version": 0}
    assert up == (None, REVISIONS[-1])
    fill(database_url)


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_way_up_from_each_revision_keeps_every_row(database_url: str, engine: Engine, revision: str) -> None:
    fill(database_url)
    engine.dispose()
    schema.migrate(database_url, revision)
    before = rows(engine)
    engine.dispose()

    schema.migrate(database_url)

    after = rows(engine)
    assert {table: after[table] for table in before} == before
    assert sum(before.values()) >= 2 * len(EVERY_FACTORY)


def test_a_migration_breaks_no_reference(database_url: str, engine: Engine) -> None:
    fill(database_url)
    engine.dispose()

    schema.migrate(database_url, REVISIONS[0])
    schema.migrate(database_url)

    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for key in table.foreign_keys:
                orphans = select(func.count()).where(key.parent.not_in(select(key.column)))
                assert connection.execute(orphans).scalar_one() == 0, key


def test_a_hand_off_that_was_stored_without_effect_is_not_switched_on_by_an_update(
    database_url: str, engine: Engine
) -> None:
    fill(database_url)
    schema.migrate(database_url, "20261120_user_refs")
    with engine.begin() as connection:
        connection.execute(text("UPDATE site SET handoff = 'openid'"))
    engine.dispose()

    schema.migrate(database_url)

    with engine.connect() as connection:
        assert set(connection.execute(text("SELECT handoff FROM site")).scalars()) == {"ticket"}


def test_first_consents_are_taken_from_attempts_where_all_of_these_are_kept(database_url: str, engine: Engine) -> None:
    at = datetime(2026, 11, 20, 4, tzinfo=UTC)
    day = timedelta(days=1)

    def crowd() -> dict[str, int]:
        newcomer, regular, silent = (UserFactory(first_seen_at=at), UserFactory(first_seen_at=at - day), UserFactory())
        silent.granted_userinfo = False
        for user, scope, later in (
            *((newcomer, "snsapi_base", 0), (newcomer, "snsapi_base,snsapi_userinfo", 2)),
            *((newcomer, "snsapi_base,snsapi_userinfo", 3), (regular, "snsapi_base,snsapi_userinfo", 1)),
        ):
            moment = at + later * day
            AttemptFactory(
                user_id=user.id, outcome="succeeded", scope_granted=scope, started_at=moment, ended_at=moment
            )
        return {"newcomer": newcomer.id, "regular": regular.id, "silent": silent.id}

    database = Database(database_url)
    made = database.write_now(stored, crowd)
    database.close()
    schema.migrate(database_url, "20261126_notices")
    engine.dispose()

    schema.migrate(database_url)

    with engine.connect() as connection:
        found = dict(connection.execute(select(User.id, User.explicit_at)).all())
    assert found == {made["newcomer"]: at + 2 * day, made["regular"]: None, made["silent"]: None}


def test_two_that_migrate_at_once_do_it_once(empty_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        results = pool.map(schema.migrate, [empty_url] * 4, chunksize=1)

    assert sorted(results, key=str) == [(REVISIONS[-1], REVISIONS[-1])] * 3 + [(None, REVISIONS[-1])]


def test_a_migration_that_fails_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    (tmp_path / "env.py").write_text((schema.migrations_folder() / "env.py").read_text())
    (versions / "bad.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\nrevision, down_revision = 'bad', None\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('id', sa.Integer))\n"
        "    op.execute('SELECT * FROM nowhere')\n"
    )
    monkeypatch.setattr(schema, "migrations_folder", lambda: tmp_path)

    with pytest.raises(Exception, match="nowhere"):
        schema.migrate(empty_url)

    engine = make_writer(parsed_url(empty_url), connections=1)
    assert rows(engine) == {}
    engine.dispose()


def test_a_current_database_is_let_through(engine: Engine) -> None:
    current = schema.current_revision(engine)

    schema.require_current(engine)

    assert current == schema.newest_revision() == REVISIONS[-1]


def test_an_empty_database_is_refused_with_the_command_that_helps(empty_url: str) -> None:
    engine = make_writer(parsed_url(empty_url), connections=1)

    with pytest.raises(SchemaNotCurrent, match=r"no schema.*run `wxadmin migrate`"):
        schema.require_current(engine)

    engine.dispose()


def test_a_database_of_a_newer_version_is_refused_with_what_to_update(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '29991231_later'"))

    with pytest.raises(SchemaNotCurrent, match="update wxadmin"):
        schema.require_current(engine)


def test_every_table_has_a_primary_key_and_named_constraints(engine: Engine) -> None:
    with engine.connect() as connection:
        inspector = inspect(connection)

        tables = [table for table in inspector.get_table_names() if table != "alembic_version"]
        keys = {table: inspector.get_pk_constraint(table)["name"] for table in tables}

    assert keys == {table: f"pk_{table}" for table in tables}


def test_a_database_in_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "wxadmin.sqlite3"
    schema.migrate(f"sqlite:///{file}")

    with sqlite3.connect(file) as opened:
        opened.execute("UPDATE counter SET value = value")
        opened.commit()
        modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}

    assert modes.keys() >= {"wxadmin.sqlite3", "wxadmin.sqlite3-wal"}
    assert set(modes.values()) == {0o600}
