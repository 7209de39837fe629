"""The job that deletes what has been kept long enough: in batches, by one process, while logins go on; counts stay."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import steps
from tests.databases import on_sqlite
from tests.factories import (
    AttemptFactory,
    AuditEntryFactory,
    EventFactory,
    StaffSessionFactory,
    UploadedListFactory,
    UploadedValueFactory,
)
from tests.running import SiteKeys
from tests.visiting import Visitor, redeem
from wxadmin import app
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import Database
from wxadmin.flows.gateway import Gateway
from wxadmin.ids import Ids, first_id_at
from wxadmin.journal.writer import Writer
from wxadmin.models import (
    Attempt,
    AuditEntry,
    Event,
    JobRun,
    JobTurn,
    Site,
    StaffSession,
    Ticket,
    UploadedList,
    UploadedValue,
    User,
)
from wxadmin.queries import counts
from wxadmin.services import house, purging, turns, verifying
from wxadmin.services.purging import Keep
from wxadmin.settings import Settings
from wxadmin.tasks import purge, verify
from wxadmin.tasks.runner import Runner

Stored = Callable[[type], Sequence[Any]]
Store = Callable[[Callable[[], Any]], Any]
KEEP = Keep(events_days=200, audit_days=1_095)


@pytest.fixture
async def flow(settings: Settings, site_keys: SiteKeys, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    monkeypatch.setattr(purge, "_SHORTEST_PAUSE_S", 0.0)
    async with app.make_front(settings, "http://127.0.0.1") as front:
        yield front.gateway


@pytest.fixture
def days_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the job's clock, by which things grow old. Whose turn it is goes by the true one."""

    def days_later(days: float) -> None:
        monkeypatch.setattr(purge, "shared_now", lambda _: utcnow() + timedelta(days=days))

    return days_later


def counted(stored: Stored) -> dict[str, int]:
    return {model.__name__: len(stored(model)) for model in (Event, Attempt, AuditEntry)}


def put_off(database: Database) -> None:
    """The rest after a run is over."""
    database.write_now(lambda session: session.query(JobTurn).delete())


async def test_what_is_old_enough_goes_and_what_is_not_stays(
    flow: Gateway, store: Store, stored: Stored, days_later: Callable[[float], None]
) -> None:
    store(lambda: [EventFactory() for _ in range(3)])
    entries = len(stored(AuditEntry))

    days_later(199.9)
    early = await purge.run(flow, KEEP)
    put_off(flow.database)
    days_later(200.1)
    late = await purge.run(flow, KEEP)

    assert (early, late) == (0, 6)
    assert counted(stored) == {"Event": 0, "Attempt": 0, "AuditEntry": entries}


async def test_entries_of_the_audit_log_are_kept_for_three_years(
    flow: Gateway, store: Store, stored: Stored, days_later: Callable[[float], None]
) -> None:
    store(lambda: AuditEntryFactory.create_batch(3))
    entries = len(stored(AuditEntry))

    days_later(1_094.9)
    early = await purge.run(flow, KEEP)
    put_off(flow.database)
    days_later(1_095.1)
    late = await purge.run(flow, KEEP)

    assert (early, late) == (0, entries)
    assert stored(AuditEntry) == []


def test_nothing_younger_than_the_law_wants_it_kept_is_ever_deleted() -> None:
    now = utcnow()

    firsts = [Keep(events_days=1, audit_days=0).before(kind, now) for kind in purging.KINDS]

    assert max(firsts) <= first_id_at(now - timedelta(days=183))


async def test_it_is_done_batch_by_batch_from_the_oldest_on(database: Database, store: Store, stored: Stored) -> None:
    events = store(lambda: [EventFactory() for _ in range(12)])
    newest = max(one.id for one in events)

    first = database.write_now(purging.delete_batch, Event, after=-1, before=newest, limit=5)
    left = sorted(one.id for one in stored(Event))
    second = database.write_now(purging.delete_batch, Event, after=first.last, before=newest, limit=5)
    third = database.write_now(purging.delete_batch, Event, after=second.last, before=newest, limit=5)

    ids = sorted(one.id for one in events)
    assert left == ids[5:]
    assert [first.rows, second.rows, third.rows] == [5, 5, 1]
    assert third.last is None
    assert [one.id for one in stored(Event)] == [newest]


@pytest.fixture
def hour(database: Database, store: Store, gateway: str) -> Any:
    """An hour of the shop in which some began, some were refused and some failed; gives it."""
    shop = database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "shop")).one())
    node = database.write_now(house.register_node)
    writer = Writer(database.writer, ids=Ids(node), node=node)
    now = utcnow()
    starts = [steps.start(shop, at=now) for _ in range(30)]
    writer.write([*starts, steps.start(shop, at=now, refused="gw_loop", state_hash=None)])
    writer.write([steps.failure(steps.seen(one)) for one in starts[:7]])
    return hour_of(now)


async def test_counts_outlive_the_events_and_are_not_put_right_to_nothing(
    flow: Gateway, hour: Any, stored: Stored, days_later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = flow.database.read_now(counts.stored, hour)
    days_later(201)

    purged = await purge.run(flow, KEEP)
    # The job that verifies, as it runs by then, and somebody who has it look at that very hour.
    monkeypatch.setattr(verifying, "utcnow", lambda: utcnow() + timedelta(days=201))
    repaired = flow.database.write_now(verifying.repair_hour, hour)
    monkeypatch.setattr(verify, "utcnow", lambda: utcnow() + timedelta(days=201))
    verified = await verify.run(flow)

    assert purged == 30 + 1 + 7 + 30 + 1
    assert stored(Event) == []
    assert flow.database.read_now(counts.stored, hour) == before
    assert sum(len(rows) for rows in before.values()) > 3
    assert (repaired, verified) == (0, 0)


async def test_what_remains_refers_to_nothing_that_is_needed(
    visitor: Visitor, flow: Gateway, site_keys: SiteKeys, stored: Stored, days_later: Callable[[float], None]
) -> None:
    ticket = await visitor.log_in(scope="snsapi_userinfo", ref="4711")
    before = [(user.id, user.last_site_id, user.last_ref, user.logins) for user in stored(User)]
    days_later(201)

    await purge.run(flow, KEEP)
    redeemed = await redeem(visitor.http, visitor.gateway, site_keys.shop, ticket)
    again = await visitor.log_in()

    assert [(user.id, user.last_site_id, user.last_ref) for user in stored(User)] == [one[:3] for one in before]
    assert [user.logins for user in stored(User)] == [before[0][3] + 1]
    assert redeemed.status_code < 500
    assert again
    assert len(stored(Ticket)) == 2


async def test_a_run_that_dies_in_the_middle_is_taken_up_where_it_ended(
    flow: Gateway, store: Store, stored: Stored, days_later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lambda: [EventFactory() for _ in range(20)])
    monkeypatch.setattr(purge, "_AT_A_TIME", 5)
    days_later(201)
    really, done = purging.delete_batch, []

    def dies(*args: Any, **kwargs: Any) -> Any:
        if len(done) == 2:
            raise ConnectionAbortedError("the process died")
        done.append(really(*args, **kwargs))
        return done[-1]

    monkeypatch.setattr(purging, "delete_batch", dies)
    with pytest.raises(ConnectionAbortedError):
        await purge.run(flow, KEEP)
    left = len(stored(Event))
    monkeypatch.setattr(purging, "delete_batch", really)
    # Its turn is its own still; another process has it when that is over.
    rest = await purge.run(flow, KEEP)

    assert left == 10
    assert rest == 10 + 20
    assert (stored(Event), stored(Attempt)) == ([], [])


async def test_one_process_purges_for_all_and_then_rests(
    flow: Gateway, settings: Settings, store: Store, days_later: Callable[[float], None]
) -> None:
    store(lambda: [EventFactory() for _ in range(2)])
    days_later(201)
    async with app.make_front(settings, "http://127.0.0.1") as another:
        taken = await flow.database.write(turns.take, purge.NAME, node=flow.node, lasting=timedelta(minutes=1))
        meanwhile = await purge.run(another.gateway, KEEP)
        own = await purge.run(flow, KEEP)
        resting = await purge.run(another.gateway, KEEP)

    assert taken
    assert (meanwhile, own, resting) == (None, 4, None)


async def test_a_turn_passes_on_when_its_time_is_over(database: Database) -> None:
    minute, over = timedelta(minutes=1), timedelta(0)

    first = database.write_now(turns.take, "job", node=1, lasting=over)
    second = database.write_now(turns.take, "job", node=2, lasting=minute)
    late = database.write_now(turns.take, "job", node=1, lasting=minute)
    database.write_now(turns.rest, "job", node=1, lasting=over)
    own = database.write_now(turns.take, "job", node=2, lasting=minute)
    database.write_now(turns.rest, "job", node=2, lasting=over)
    free = database.write_now(turns.take, "job", node=1, lasting=minute)

    assert (first, second, late, own, free) == (True, True, False, True, True)


async def test_a_run_has_a_bound_and_the_next_look_goes_on(
    flow: Gateway, store: Store, stored: Stored, days_later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lambda: [EventFactory() for _ in range(9)])
    monkeypatch.setattr(purge, "_AT_A_TIME", 2)
    monkeypatch.setattr(purge, "_MOST_BATCHES", 4)
    days_later(201)

    runs = [await purge.run(flow, KEEP) for _ in range(5)]

    assert runs == [4 * 2, 1 + 3 * 2, 2 + 1, 0, None]
    assert counted(stored)["Attempt"] == 0


async def test_a_stop_is_not_kept_waiting(
    flow: Gateway, store: Store, stored: Stored, days_later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lambda: [EventFactory() for _ in range(6)])
    monkeypatch.setattr(purge, "_AT_A_TIME", 2)
    monkeypatch.setattr(purge, "_SHORTEST_PAUSE_S", 3_600.0)
    days_later(201)
    running = asyncio.create_task(purge.run(flow, KEEP))
    while len(stored(Event)) == 6:
        await asyncio.sleep(0.01)

    flow.stopping.set()
    deleted = await asyncio.wait_for(running, 60)
    turn = await flow.database.write(turns.take, purge.NAME, node=9_999, lasting=timedelta(minutes=1))

    assert deleted == 2
    assert turn


@on_sqlite
async def test_a_look_that_is_not_its_turn_is_no_run(flow: Gateway, stored: Stored) -> None:
    asked: list[int] = []

    async def run(gateway: Gateway) -> int | None:
        asked.append(1)
        return None if len(asked) > 1 else 5

    runner = Runner(flow, [purge.Job(purge.NAME, 0.02, run)])
    runner.start()
    while len(asked) < 3:
        await asyncio.sleep(0.01)
    await runner.stop(10)

    assert [run.rows for run in stored(JobRun)] == [5]


@on_sqlite
async def test_sign_ins_that_ended_by_themselves_go_too(flow: Gateway, store: Store, stored: Stored) -> None:
    store(lambda: StaffSessionFactory(expired=True))
    kept = store(lambda: StaffSessionFactory())

    deleted = await purge.run(flow, KEEP)

    assert deleted == 1
    assert [one.token_hash for one in stored(StaffSession)] == [kept.token_hash]


async def test_no_login_fails_while_much_is_purged(
    visitor: Visitor,
    flow: Gateway,
    database: Database,
    store: Store,
    days_later: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "shop")).one())
    store(lambda: [AttemptFactory(site=site, failed=True) for _ in range(3_000)])
    last = database.read_now(lambda session: session.scalar(select(func.max(Attempt.id)))) or 0
    # What was there before is old; what visitors do from now on is not.
    monkeypatch.setattr(Keep, "before", lambda *_: last + 1)
    monkeypatch.setattr(purge, "_AT_A_TIME", 20)
    days_later(0)
    purging_now = asyncio.create_task(purge.run(flow, KEEP))

    tickets = []
    while not purging_now.done():
        crowd = [Visitor(visitor.gateway, visitor.http, person) for person in range(1, 9)]
        tickets += await asyncio.gather(*(one.log_in() for one in crowd))
    deleted = await purging_now

    left = database.read_now(lambda session: session.scalars(select(Attempt)).all())
    assert deleted is not None
    assert deleted >= 3_000
    assert len(tickets) == len(set(tickets)) == len(left)
    assert [attempt.outcome for attempt in left] == ["succeeded"] * len(tickets)
    assert len(tickets) > 8
    assert database.read_now(counts.differing, hour_of(utcnow())) == {}


async def test_uploaded_lists_go_when_their_time_is_up(flow: Gateway, store: Store, stored: Stored) -> None:
    old = store(lambda: UploadedListFactory(kept_until=utcnow() - timedelta(seconds=1)))
    store(lambda: UploadedValueFactory(of_list=old))
    kept = store(lambda: UploadedValueFactory(of_list=store(UploadedListFactory)))

    await purge.run(flow, KEEP)

    assert [one.id for one in stored(UploadedList)] == [kept.list_id]
    assert [one.value for one in stored(UploadedValue)] == [kept.value]
