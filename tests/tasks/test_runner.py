"""Jobs run in turns, are seen to have run, and hold up neither each other nor a stop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from sqlalchemy import select, update

from tests.databases import on_sqlite
from tests.running import SiteKeys
from tests.visiting import Visitor
from wxadmin import app
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import DatabaseUnavailable
from wxadmin.flows.gateway import Gateway
from wxadmin.models import JobRun, RefreshPass, Token
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.tasks import refresh
from wxadmin.tasks.runner import Job, Runner

Stored = Callable[[type], Sequence]
pytestmark = on_sqlite


@pytest.fixture
async def flow(settings: Settings, site_keys: SiteKeys) -> AsyncIterator[Gateway]:
    async with app.make_front(settings, "http://127.0.0.1") as front:
        yield front.gateway


async def test_a_job_runs_again_and_again_and_its_last_run_is_kept(flow: Gateway, stored: Stored) -> None:
    turns: list[int] = []
    three = asyncio.Event()

    async def run(gateway: Gateway) -> int:
        turns.append(len(turns))
        if len(turns) == 3:
            three.set()
        return len(turns)

    runner = Runner(flow, [Job("count", 0.02, run)])
    runner.start()
    await asyncio.wait_for(three.wait(), 10)
    await runner.stop(10)
    [kept] = stored(JobRun)

    assert (kept.name, kept.rows, kept.error, kept.node) == ("count", len(turns), None, flow.node)
    assert kept.started_at <= kept.ended_at


@pytest.mark.parametrize(
    ("failure", "kept"),
    [(ValueError("secret"), "ValueError"), (DatabaseUnavailable("the database is gone"), "the database is gone")],
)
async def test_a_job_that_fails_is_tried_again_and_seen_to_have_failed(
    flow: Gateway, stored: Stored, failure: Exception, kept: str
) -> None:
    failed_twice = asyncio.Event()
    turns: list[int] = []

    async def run(gateway: Gateway) -> int:
        turns.append(1)
        if len(turns) == 2:
            failed_twice.set()
        raise failure

    runner = Runner(flow, [Job("fail", 0.02, run)])
    runner.start()
    await asyncio.wait_for(failed_twice.wait(), 10)
    await runner.stop(10)

    assert [run.error for run in stored(JobRun)] == [kept]


async def test_a_pass_that_still_runs_is_not_started_again_and_is_waited_for(flow: Gateway, stored: Stored) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()
    turns: list[int] = []

    async def run(gateway: Gateway) -> int:
        turns.append(1)
        began.set()
        await may_end.wait()
        return 7

    runner = Runner(flow, [Job("slow", 0.01, run)])
    runner.start()
    await asyncio.wait_for(began.wait(), 10)
    await asyncio.sleep(0.1)
    stopping = asyncio.create_task(runner.stop(10))
    await asyncio.sleep(0.05)
    was_waiting = not stopping.done()
    may_end.set()
    await stopping

    assert was_waiting
    assert len(turns) == 1
    assert [run.rows for run in stored(JobRun)] == [7]


async def test_a_stop_does_not_wait_for_all_tokens_that_are_due(
    settings: Settings, site_keys: SiteKeys, world: World, visitor: Visitor, *, database: Database
) -> None:
    for visitor.person in range(1, 21):
        await visitor.log_in()
    database.write_now(lambda session: session.execute(update(Token).values(next_refresh_at=utcnow())))
    world.settings = world.settings.changed({"latency_ms": 100})

    async with app.make_front(settings.model_copy(update={"refresh_concurrency": 2}), "http://127.0.0.1") as front:
        runner = Runner(front.gateway, [refresh.job(0.01)])
        runner.start()
        while not list(world.calls.since(0, "refresh")):
            await asyncio.sleep(0.01)
        await runner.stop(10)
    called = {call.openid for call in world.calls.since(0, "refresh")}
    renewed = database.read_now(
        lambda session: session.scalars(select(Token).where(Token.refreshed_at.is_not(None))).all()
    )

    assert 0 < len(called) < 20
    assert len(renewed) == len(called)


async def test_a_stop_gives_back_what_was_leased_and_not_called(
    settings: Settings, site_keys: SiteKeys, world: World, visitor: Visitor, *, database: Database, stored: Stored
) -> None:
    for visitor.person in range(1, 11):
        await visitor.log_in()
    database.write_now(lambda session: session.execute(update(Token).values(next_refresh_at=utcnow())))
    world.settings = world.settings.changed({"latency_ms": 300})

    async with app.make_front(settings.model_copy(update={"refresh_concurrency": 2}), "http://127.0.0.1") as front:
        runner = Runner(front.gateway, [refresh.job(0.01)])
        runner.start()
        while not list(world.calls.since(0, "refresh")):
            await asyncio.sleep(0.01)
        has_ended = await runner.stop(10)

    assert has_ended
    assert [token.lease_owner for token in stored(Token)] == [None] * 10
    [made] = stored(RefreshPass)
    assert made.ended_at is not None
    assert made.leased == made.renewed + made.given_back
    assert made.given_back > 0


async def test_a_pass_that_will_not_end_is_cut_off_when_its_time_is_over(flow: Gateway) -> None:
    began = asyncio.Event()

    async def run(gateway: Gateway) -> int:
        began.set()
        await asyncio.Event().wait()
        return 0

    runner = Runner(flow, [Job("stuck", 0.01, run)])
    runner.start()
    await asyncio.wait_for(began.wait(), 10)

    assert not await runner.stop(0.05)


async def test_one_job_does_not_wait_for_another(flow: Gateway) -> None:
    may_end, ran = asyncio.Event(), asyncio.Event()

    async def slow(gateway: Gateway) -> int:
        await may_end.wait()
        return 0

    async def quick(gateway: Gateway) -> int:
        ran.set()
        return 0

    runner = Runner(flow, [Job("slow", 0.01, slow), Job("quick", 0.02, quick)])
    runner.start()
    await asyncio.wait_for(ran.wait(), 10)
    may_end.set()
    await runner.stop(10)

    assert ran.is_set()
