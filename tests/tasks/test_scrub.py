"""After a person was forgotten, nothing of them is left in the database's files, byte for byte."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text

from tests import remains
from tests.databases import ENDLESS, on_postgresql, on_sqlite
from tests.factories import AttemptFactory, AttemptNoteFactory, TokenFactory, UserChannelFactory, UserFactory
from tests.running import SiteKeys
from wxadmin import app
from wxadmin.database import Database, scrubbing
from wxadmin.database.scrubbing import Cleaned
from wxadmin.errors import DatabaseUnavailable
from wxadmin.models import Erasure, Site, User
from wxadmin.services import cleaning, forgetting
from wxadmin.settings import Settings
from wxadmin.tasks import scrub as scrub_task

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]
# Bytes that nothing else has.
KNOWN = {
    "openid": "oScrub-openid-7Qk2vXw9ZtR1",
    "unionid": "oScrub-unionid-8Lm3nYp4VsA",
    "nickname": "Scrubbed Nickname 小雨",
    "last_ref": "scrub-member-4711",
}


@pytest.fixture
def person(store: Store, database: Database) -> User:
    """Somebody among three hundred, whose row has been written anew often, as logins do."""
    made: User = store(lambda: UserFactory(**KNOWN))
    store(lambda: TokenFactory(user=made))
    store(lambda: UserChannelFactory(user=made, last_ref=KNOWN["last_ref"]))
    site = database.read_now(lambda session: session.get_one(Site, made.last_site_id))
    attempt = store(
        lambda: AttemptFactory(
            site=site, succeeded=True, user=made, ref=KNOWN["last_ref"], return_url=f"https://a.b/?o={KNOWN['openid']}"
        )
    )
    store(lambda: AttemptNoteFactory(attempt=attempt, text=f"{KNOWN['nickname']} rang"))
    store(lambda: [UserFactory(site=site) for _ in range(300)])
    for number in range(30):
        database.write_now(
            lambda session, number: session.execute(
                text('UPDATE "user" SET logins = :number, nickname = nickname || :more'),
                {"number": number, "more": "."},
            ),
            number,
        )
    return made


def forget(database: Database, person: User) -> Erasure:
    return database.write_now(forgetting.forget, person.id, reason="person_asks", actor="ada")


def scrub(database: Database) -> Cleaned | None:
    return scrubbing.scrub(database.writer.url, cleaning.TABLES)


def test_nothing_of_a_forgotten_person_is_left_in_the_files(
    database: Database, database_url: str, person: User
) -> None:
    assert remains.found(database_url, KNOWN.values())
    forget(database, person)

    how = scrub(database)

    assert how is Cleaned.REWRITTEN
    assert remains.found(database_url, KNOWN.values()) == []


@on_postgresql
def test_what_the_planner_has_kept_of_the_person_goes_too(database: Database, database_url: str, person: User) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    forget(database, person)

    scrub(database)

    assert remains.found(database_url, KNOWN.values()) == []


def test_a_big_database_is_cleaned_in_its_place(
    database: Database, database_url: str, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrubbing, "_SMALL_BYTES", 0)
    forget(database, person)

    how = scrub(database)

    assert how is (Cleaned.OVERWRITTEN if database.is_sqlite else Cleaned.VACUUMED)
    if database.is_sqlite:
        assert remains.found(database_url, KNOWN.values()) == []


def test_while_somebody_reads_as_of_before_it_is_put_off(
    database: Database, database_url: str, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrubbing, "_PATIENCE_S", 0.2)

    def reads(session: Any) -> Cleaned | None:
        session.execute(text('SELECT count(*) FROM "user"')).all()
        forget(database, person)
        return scrub(database)

    meanwhile = database.long_reads.read_now(reads)
    afterwards = scrub(database)

    assert (meanwhile, afterwards) == (None, Cleaned.REWRITTEN)
    assert remains.found(database_url, KNOWN.values()) == []


@on_sqlite
def test_the_writer_leaves_nothing_where_something_was(database: Database) -> None:
    with database.writer.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar_one() == 1


@on_sqlite
def test_a_file_that_was_filled_by_an_older_program_is_clean_too(
    database: Database, sqlite_url: str, person: User, database_url: str
) -> None:
    with sqlite3.connect(make_url(database_url).database or "") as older:
        older.execute("PRAGMA secure_delete = OFF")
        older.execute("CREATE TABLE old (text)")
        older.executemany("INSERT INTO old VALUES (?)", [(KNOWN["openid"] * 3,)] * 300)
        older.execute("DELETE FROM old")
    older.close()
    forget(database, person)

    scrub(database)

    assert remains.found(database_url, KNOWN.values()) == []


async def test_the_job_completes_the_receipts(
    database: Database, person: User, stored: Stored, settings: Settings, site_keys: SiteKeys
) -> None:
    forget(database, person)

    async with app.make_front(settings, "http://127.0.0.1") as front:
        done, again = await scrub_task.run(front.gateway), await scrub_task.run(front.gateway)

    [receipt] = stored(Erasure)
    assert (done, again) == (1, 0)
    assert receipt.cleaned_at is not None
    assert receipt.cleaned_how == "rewritten"


async def test_a_process_that_stops_breaks_it_off_and_the_next_one_goes_on(
    database: Database,
    person: User,
    stored: Stored,
    settings: Settings,
    site_keys: SiteKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forget(database, person)

    def work_for_ever(connection: Any, *_: Any) -> None:
        kind = "sqlite" if database.is_sqlite else "postgresql"
        connection.execute(ENDLESS[kind]).fetchall()

    async with app.make_front(settings, "http://127.0.0.1") as front:
        with monkeypatch.context() as patched:
            patched.setattr(scrubbing, "_scrub_sqlite", work_for_ever)
            patched.setattr(scrubbing, "_scrub_postgresql", work_for_ever)
            running = asyncio.create_task(scrub_task.run(front.gateway))
            await asyncio.sleep(0.2)
            front.gateway.stopping.set()
            broken_off = await running
        front.gateway.stopping.clear()
        done = await scrub_task.run(front.gateway)

    assert (broken_off, done) == (0, 1)


def test_files_that_cannot_be_cleaned_are_told_in_a_line(
    database: Database, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: Any, *_: Any) -> None:
        connection.execute("SELECT no_such_column")

    monkeypatch.setattr(scrubbing, "_scrub_sqlite", fail)
    monkeypatch.setattr(scrubbing, "_scrub_postgresql", fail)

    with pytest.raises(DatabaseUnavailable, match="the database's files were not cleaned"):
        scrub(database)
