"""The event loop's side: those who come together share a transaction, and too long a queue turns some away."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select

from tests import steps
from tests.databases import locked, on_sqlite
from tests.factories import AttemptFactory
from wxadmin.database import Database
from wxadmin.errors import Overloaded, Taken
from wxadmin.journal import Journal, queue
from wxadmin.models import Attempt, Event, Site
from wxadmin.services.claims import Claimed

Store = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def commits(database: Database, journal: Journal) -> Iterator[list[Connection]]:
    """The transactions that the journal has committed."""
    seen: list[Connection] = []

    def note(connection: Connection) -> None:
        seen.append(connection)

    event.listen(database.writer, "commit", note)
    yield seen
    event.remove(database.writer, "commit", note)


def number_of_attempts(database: Database) -> int:
    return database.read_now(lambda session: session.scalars(select(func.count(Attempt.id))).one())


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what another thread does."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_step_has_been_committed_when_its_write_returns(
    database: Database, journal: Journal, site: Site
) -> None:
    step = steps.start(site)

    await journal.write(step)

    assert await database.read(lambda session: session.get_one(Attempt, step.attempt_id).outcome) is None


async def test_a_hundred_at_once_share_a_few_transactions(
    database: Database, journal: Journal, site: Site, commits: list[Connection]
) -> None:
    writes = [journal.write(steps.start(site)) for _ in range(100)]

    await asyncio.gather(*writes)

    assert number_of_attempts(database) == 100
    assert 1 <= len(commits) <= 5


async def test_those_who_come_while_a_batch_is_written_share_the_next(
    database: Database, journal: Journal, site: Site, commits: list[Connection]
) -> None:
    async def visitors(number: int) -> None:
        for _ in range(number):
            await journal.write(steps.start(site))

    await asyncio.gather(*(visitors(10) for _ in range(20)))

    assert number_of_attempts(database) == 200
    assert len(commits) < 100


async def test_each_gets_the_answer_to_their_own_step(journal: Journal, store: Store, site: Site) -> None:
    attempts = store(lambda: [AttemptFactory(site=site) for _ in range(40)])

    results = await asyncio.gather(*(journal.write(steps.claim(attempt)) for attempt in attempts))

    assert all(isinstance(result, Claimed) for result in results)
    assert [result.attempt.id for result in results] == [attempt.id for attempt in attempts]


async def test_one_who_brought_a_bad_row_is_told_and_the_others_are_served(
    database: Database, journal: Journal, site: Site
) -> None:
    batch = [steps.start(site) for _ in range(20)]
    bad = steps.start(site, support_code=batch[0].support_code)

    *results, last = await asyncio.gather(*(journal.write(step) for step in [*batch, bad]), return_exceptions=True)

    assert results == [None] * 20
    assert isinstance(last, Taken)
    assert number_of_attempts(database) == 20


@on_sqlite
async def test_one_who_no_longer_waits_stops_nobody_and_their_step_is_stored(
    database_url: str, database: Database, journal: Journal, site: Site
) -> None:
    with locked(database_url):
        gone, patient = (asyncio.create_task(journal.write(steps.start(site))) for _ in range(2))
        await asyncio.sleep(0.02)
        gone.cancel()
        await asyncio.sleep(0.02)
    async with asyncio.timeout(5):
        await patient

    assert gone.cancelled()
    assert number_of_attempts(database) == 2


@on_sqlite
async def test_a_long_queue_behind_a_stuck_writer_turns_new_visitors_away_but_loses_no_login(
    monkeypatch: pytest.MonkeyPatch, database_url: str, database: Database, journal: Journal, store: Store, site: Site
) -> None:
    monkeypatch.setattr(queue, "_LONGEST_WAIT_S", 0.1)
    attempt = store(lambda: AttemptFactory(site=site, returned=True))
    with locked(database_url):
        stuck = asyncio.create_task(journal.write(steps.start(site)))
        await asyncio.sleep(0.15)
        waiting = [asyncio.create_task(journal.write(steps.login(steps.seen(attempt), f"o{n}"))) for n in range(64)]
        await until(lambda: journal.depth == 64)

        with pytest.raises(Overloaded) as refused:
            await journal.write(steps.start(site))
        admitted = asyncio.create_task(journal.write(steps.failure(steps.seen(attempt))))
        await until(lambda: journal.depth == 65)
    await asyncio.gather(stuck, admitted, *waiting)

    assert refused.value.retry_after >= 1
    assert number_of_attempts(database) == 2
    events = await database.read(lambda session: session.scalars(select(func.count(Event.id))).one())
    assert events == 1 + 2 * 64 + 1
    await journal.write(steps.start(site))


@on_sqlite
async def test_a_short_queue_is_not_turned_away_for_a_slow_pace(
    database_url: str, database: Database, journal: Journal, site: Site
) -> None:
    journal._pace = 0.1

    with locked(database_url):
        waiting = [asyncio.create_task(journal.write(steps.start(site))) for _ in range(30)]
        await asyncio.sleep(0.05)
        waiting.append(asyncio.create_task(journal.write(steps.start(site))))
        await asyncio.sleep(0.02)
    await asyncio.gather(*waiting)

    assert number_of_attempts(database) == 31


@on_sqlite
async def test_a_writer_that_stands_still_turns_everybody_away(
    monkeypatch: pytest.MonkeyPatch, database_url: str, database: Database, journal: Journal, site: Site
) -> None:
    monkeypatch.setattr(queue, "_LONGEST_WAIT_S", 0.05)

    with locked(database_url):
        first = asyncio.create_task(journal.write(steps.start(site)))
        await asyncio.sleep(0.2)
        with pytest.raises(Overloaded):
            await journal.write(steps.start(site))
    await first

    assert number_of_attempts(database) == 1


@on_sqlite
async def test_more_than_a_batch_can_hold_is_written_in_several(
    database: Database, journal: Journal, site: Site, commits: list[Connection]
) -> None:
    await asyncio.gather(*(journal.write(steps.start(site)) for _ in range(600)))

    assert number_of_attempts(database) == 600
    assert len(commits) >= 3


async def test_an_idle_journal_expects_no_wait(journal: Journal, site: Site) -> None:
    await journal.write(steps.start(site))

    wait = journal.expected_wait()

    assert (wait, journal.depth) == (0, 0)


async def test_a_stuck_writer_is_seen_by_how_long_it_has_been_stuck(
    monkeypatch: pytest.MonkeyPatch, journal: Journal, site: Site
) -> None:
    task = asyncio.create_task(journal.write(steps.start(site)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    now = time.monotonic()
    monkeypatch.setattr(queue.time, "monotonic", lambda: now + 7)

    wait = journal.expected_wait()

    assert wait >= 7
    monkeypatch.undo()
    await task


async def test_who_comes_after_the_writer_has_stopped_is_told_at_once(
    database: Database, journal: Journal, site: Site
) -> None:
    database.close()

    async with asyncio.timeout(2):
        with pytest.raises(RuntimeError, match="shutdown"):
            await journal.write(steps.start(site))
