"""One user's token, refreshed or checked because somebody asks for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests import granted
from tests.databases import on_sqlite
from tests.running import SiteKeys
from wxadmin import app
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.on_demand import Checked, Demanded, Word, check_one, refresh_one
from wxadmin.models import Account, AccountRefresh, AuditEntry, Event, RefreshPass, Token
from wxadmin.services import pauses
from wxadmin.services.leases import NoLease
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Stored = Callable[[type], Sequence[Any]]


@pytest.fixture
async def flow(settings: Settings, site_keys: SiteKeys, database: Database) -> AsyncIterator[Gateway]:
    """A process with one user, whose token is not due."""
    granted.grant(database, [1], due_at=utcnow() + timedelta(minutes=30))
    async with app.make_front(settings, "http://127.0.0.1") as front:
        yield front.gateway


@pytest.fixture
def user_id(flow: Gateway, stored: Stored) -> int:
    [token] = stored(Token)
    return int(token.user_id)


def change(database: Database, model: type, **values: object) -> None:
    database.write_now(lambda session: session.execute(update(model).values(**values)))


def audited(stored: Stored) -> list[tuple[str, str]]:
    return [(entry.actor, entry.action) for entry in stored(AuditEntry) if entry.action.startswith("token_")]


async def test_a_token_is_renewed_though_it_is_not_due(flow: Gateway, user_id: int, stored: Stored) -> None:
    [before] = stored(Token)

    done = await refresh_one(flow, user_id, actor="ada")

    [after], [made] = stored(Token), stored(RefreshPass)
    assert done == Demanded()
    assert after.expires_at > before.expires_at
    assert (made.trigger, made.actor, made.leased, made.renewed) == ("staff", "ada", 1, 1)
    assert audited(stored) == [("ada", "token_refreshed")]


async def test_what_wechat_refuses_is_told_and_stored(
    flow: Gateway, user_id: int, stored: Stored, world: World
) -> None:
    world.faults.order(Fault("refresh", "errcode", errcode=42007, times=1))

    done = await refresh_one(flow, user_id, actor="ada")

    [token], [event], [made] = stored(Token), stored(Event), stored(RefreshPass)
    assert done == Demanded(code="42007")
    assert (token.state, event.code, made.failures) == ("needs_consent", "42007", {"42007": 1})


async def test_a_token_of_a_paused_account_is_renewed_and_the_account_stays_paused(
    flow: Gateway, user_id: int, database: Database, stored: Stored
) -> None:
    database.write_now(pauses.pause, "tea", actor="bob")

    done = await refresh_one(flow, user_id, actor="ada")

    assert done == Demanded()
    assert [row.hold for row in stored(AccountRefresh)] == ["staff"]


async def test_a_token_that_is_renewed_by_hand_tells_that_the_account_is_mended(
    flow: Gateway, user_id: int, stored: Stored, world: World
) -> None:
    world.faults.order(Fault("refresh", "errcode", errcode=40013, times=1))
    await refresh_one(flow, user_id, actor="ada")
    held = [row.hold for row in stored(AccountRefresh)]

    await refresh_one(flow, user_id, actor="ada")

    assert held == ["config"]
    assert [row.hold for row in stored(AccountRefresh)] == [None]


@pytest.mark.parametrize(
    ("model", "values", "reason"),
    [
        (Token, {"state": "needs_consent"}, NoLease.NEEDS_CONSENT),
        (Token, {"lease_owner": 7, "lease_until": utcnow() + timedelta(days=9)}, NoLease.REFRESHING),
        (Account, {"disabled_at": utcnow()}, NoLease.ACCOUNT_OFF),
        (Account, {"appid": "wxsample0000000001"}, NoLease.ACCOUNT_OFF),
    ],
)
async def test_a_token_that_cannot_be_renewed_now_says_why(
    flow: Gateway, user_id: int, database: Database, world: World, *, model: type, values: Any, reason: NoLease
) -> None:
    change(database, model, **values)

    done = await refresh_one(flow, user_id, actor="ada")

    assert done == Demanded(reason)
    assert list(world.calls.since(0)) == []


@on_sqlite
async def test_nobody_has_a_token_to_renew_or_to_check(flow: Gateway) -> None:
    assert await refresh_one(flow, 17, actor="ada") == Demanded(NoLease.MISSING)
    assert await check_one(flow, 17, actor="ada") == Checked(Word.MISSING)


async def test_who_asks_and_walks_away_has_the_answer_stored_all_the_same(
    flow: Gateway, user_id: int, world: World, stored: Stored
) -> None:
    world.settings = world.settings.changed({"latency_ms": 200})
    asking = asyncio.create_task(refresh_one(flow, user_id, actor="ada"))
    while not stored(AuditEntry) or not audited(stored):
        await asyncio.sleep(0.01)

    asking.cancel()
    await flow.drained()

    assert stored(Token)[0].refreshed_at is not None


async def test_wechat_says_whether_a_token_is_good(
    flow: Gateway, user_id: int, stored: Stored, database: Database, *, world: World
) -> None:
    good = await check_one(flow, user_id, actor="ada")
    world.settings = world.settings.changed({"token_lifetime": 1})
    world.faults.order(Fault("auth", "errcode", errcode=40003, times=1))
    bad = await check_one(flow, user_id, actor="ada")

    assert (good, bad) == (Checked(Word.GOOD), Checked(Word.BAD))
    assert [token.state for token in stored(Token)] == ["active"]
    assert audited(stored) == [("ada", "token_checked")] * 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("auth", "errcode", errcode=-1, times=1), "-1"),
        (Fault("auth", "errcode", errcode=45011, times=1), "45011"),
        (Fault("auth", "slow", seconds=3, times=1), "gw_timeout"),
        (Fault("auth", "html", times=1), "gw_bad_reply"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.impatient
@on_sqlite
async def test_wechat_that_does_not_say_is_not_taken_for_a_no(
    flow: Gateway, user_id: int, world: World, fault: Fault, *, code: str
) -> None:
    world.faults.order(fault)

    said = await check_one(flow, user_id, actor="ada")

    assert said == Checked(Word.UNKNOWN, code)


@pytest.mark.parametrize(
    ("model", "values", "code"),
    [
        (Account, {"appid": "wxsample0000000001"}, "gw_account_off"),
        (Account, {"disabled_at": utcnow()}, "gw_account_off"),
        (Token, {"access_sealed": b"\0\0\0\0" + b"x" * 60}, "gw_key_missing"),
    ],
)
@on_sqlite
async def test_a_token_that_cannot_be_sent_is_not_checked(
    flow: Gateway, user_id: int, database: Database, world: World, *, model: type, values: Any, code: str
) -> None:
    change(database, model, **values)

    said = await check_one(flow, user_id, actor="ada")

    assert said == Checked(Word.UNKNOWN, code)
    assert list(world.calls.since(0)) == []
