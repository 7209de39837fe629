"""Renewing access tokens: which are due, what each answer leads to, and what a login does to a refresh in flight."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests import running
from tests.databases import on_sqlite
from tests.running import SiteKeys
from tests.visiting import Visitor
from wxadmin import app
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import DatabaseUnavailable
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.refresh import refresh_pass
from wxadmin.flows.sealing import opened_refresh_token
from wxadmin.journal import Journal
from wxadmin.models import Account, Event, Token, User
from wxadmin.security.hashes import sha256
from wxadmin.services.tokens import LeasedToken
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault
from wxadmin.wechat.client import WeChat

Stored = Callable[[type], Sequence]


@pytest.fixture
async def flow(settings: Settings, site_keys: SiteKeys) -> AsyncIterator[Gateway]:
    """What the flows of a second process work with, on the same database."""
    async with app.make_front(settings, "http://127.0.0.1") as front:
        yield front.gateway


def change(database: Database, model: type, **values: object) -> None:
    database.write_now(lambda session: session.execute(update(model).values(**values)))


@pytest.fixture
def make_due(database: Database) -> Callable[[], datetime]:
    """Makes every token due; gives the moment that they were due at."""

    def make_due() -> datetime:
        due = utcnow() - timedelta(seconds=1)
        change(database, Token, next_refresh_at=due)
        return due

    return make_due


def refreshes(stored: Stored) -> list[Event]:
    return [event for event in stored(Event) if event.stage == "refresh"]


async def test_a_due_token_is_renewed_for_another_life(
    visitor: Visitor, flow: Gateway, make_due: Callable, stored: Stored, world: World
) -> None:
    await visitor.log_in(scope="snsapi_userinfo")
    make_due()
    [before] = stored(Token)

    report = await refresh_pass(flow)
    [after], [user], [event] = stored(Token), stored(User), refreshes(stored)

    assert (report.leased, report.renewed, report.overtaken, dict(report.failed)) == (1, 1, 0, {})
    assert after.expires_at > before.expires_at
    assert timedelta(seconds=900) <= after.expires_at - after.next_refresh_at <= timedelta(seconds=1_530)
    assert (after.state, after.lease_owner, after.lease_until, after.failures) == ("active", None, None, 0)
    assert after.refresh_expires_at == before.refresh_expires_at
    assert after.scope == "snsapi_userinfo"
    assert (event.event_class, event.user_id) == ("ok", user.id)
    assert [call.openid for call in world.calls.since(0, "refresh")] == [user.openid]


async def test_a_token_that_is_not_due_is_left_alone(
    visitor: Visitor, flow: Gateway, stored: Stored, world: World
) -> None:
    await visitor.log_in()

    report = await refresh_pass(flow)

    assert report.leased == 0
    assert list(world.calls.since(0, "refresh")) == []


async def test_all_due_tokens_are_renewed_in_one_pass(
    visitor: Visitor, flow: Gateway, make_due: Callable, world: World
) -> None:
    for visitor.person in range(1, 21):
        await visitor.log_in()
    make_due()

    report = await refresh_pass(flow)

    assert (report.leased, report.renewed) == (20, 20)
    assert len({call.openid for call in world.calls.since(0, "refresh")}) == 20


async def test_what_wechat_renews_opens_again(
    visitor: Visitor, flow: Gateway, make_due: Callable, stored: Stored, world: World
) -> None:
    await visitor.log_in()
    make_due()
    await refresh_pass(flow)
    [token], [user], [call] = stored(Token), stored(User), world.calls.since(0, "refresh")
    leased = LeasedToken(
        token.user_id, token.account_id, user.openid, token.refresh_sealed, token.scope, token.failures, token.version
    )

    opened = opened_refresh_token(running.keys(), leased)

    assert sha256(opened) == call.refresh_token


@pytest.mark.parametrize("errcode", [40030, 42002, 42007, 50001, 40029])
@on_sqlite
async def test_a_token_that_wechat_calls_dead_needs_consent(
    visitor: Visitor, flow: Gateway, make_due: Callable, stored: Stored, *, world: World, errcode: int
) -> None:
    await visitor.log_in()
    make_due()
    world.faults.order(Fault("refresh", "errcode", errcode=errcode, times=1))

    report = await refresh_pass(flow)
    [token], [event] = stored(Token), refreshes(stored)
    make_due()
    second = await refresh_pass(flow)

    assert dict(report.failed) == {str(errcode): 1}
    assert (token.state, token.last_code) == ("needs_consent", str(errcode))
    assert (event.event_class, event.code) == ("failure", str(errcode))
    assert second.leased == 0


TRANSIENT = [
    Fault("refresh", "errcode", errcode=-1),
    Fault("refresh", "errcode", errcode=45011),
    Fault("refresh", "errcode", errcode=45009),
    Fault("refresh", "errcode", errcode=40013),
    Fault("refresh", "errcode", errcode=99999),
    Fault("refresh", "slow", seconds=3),
    Fault("refresh", "status", status=500),
    Fault("refresh", "html"),
    Fault("refresh", "cut"),
    Fault("refresh", "drop"),
]


@pytest.mark.parametrize("fault", TRANSIENT, ids=lambda fault: f"{fault.kind} {fault.errcode}")
@on_sqlite
async def test_every_other_failure_is_tried_again_later(
    visitor: Visitor, flow: Gateway, make_due: Callable, stored: Stored, *, world: World, fault: Fault
) -> None:
    await visitor.log_in()
    make_due()
    world.faults.order(Fault(**{name: getattr(fault, name) for name in fault.__slots__} | {"times": 1}))

    before = utcnow()
    await refresh_pass(flow)
    [token], [event] = stored(Token), refreshes(stored)

    assert (token.state, token.failures, token.lease_owner) == ("active", 1, None)
    assert token.last_code == event.code
    assert token.next_refresh_at > before + timedelta(seconds=10)


async def test_pauses_grow_with_each_failure_and_end_with_a_success(
    visitor: Visitor, flow: Gateway, make_due: Callable, stored: Stored, *, world: World
) -> None:
    await visitor.log_in()
    pauses = []
    for _ in range(6):
        make_due()
        world.faults.order(Fault("refresh", "errcode", errcode=-1, times=1))
        await refresh_pass(flow)
        pauses.append(stored(Token)[0].next_refresh_at - utcnow())
    make_due()

    await refresh_pass(flow)
    [token] = stored(Token)

    assert pauses[0] < timedelta(seconds=31)
    assert timedelta(minutes=7) < pauses[-1] < timedelta(minutes=17)
    assert (token.failures, token.last_code) == (0, None)


async def test_a_lost_answer_costs_nothing(
    visitor: Visitor, flow: Gateway, make_due: Callable, stored: Stored, *, world: World
) -> None:
    await visitor.log_in()
    make_due()
    world.faults.order(Fault("refresh", "drop", after=True, times=1))
    await refresh_pass(flow)
    make_due()

    report = await refresh_pass(flow)

    assert report.renewed == 1
    assert [token.state for token in stored(Token)] == ["active"]


async def test_a_login_overtakes_a_refresh_in_flight(
    visitor: Visitor, flow: Gateway, make_due: Callable, stored: Stored, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    await visitor.log_in()
    make_due()
    really = WeChat.refresh

    async def refresh(self: WeChat, *asked: str) -> Any:
        grant = await really(self, *asked)
        await visitor.log_in()
        return grant

    monkeypatch.setattr(WeChat, "refresh", refresh)
    report = await refresh_pass(flow)
    [token] = stored(Token)

    assert (report.leased, report.renewed, report.overtaken) == (1, 0, 1)
    assert (token.refreshed_at, token.lease_owner) == (None, None)
    assert len(refreshes(stored)) == 1


async def test_a_login_brings_back_a_token_that_needed_consent(
    visitor: Visitor, database: Database, stored: Stored
) -> None:
    await visitor.log_in()
    change(database, Token, state="needs_consent", last_code="42002", failures=1)

    await visitor.log_in()
    [token] = stored(Token)

    assert (token.state, token.last_code, token.failures) == ("active", None, 0)


async def test_an_answer_about_somebody_else_is_not_believed(
    visitor: Visitor, flow: Gateway, make_due: Callable, stored: Stored, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    await visitor.log_in()
    make_due()
    really = WeChat.refresh

    async def refresh(self: WeChat, *asked: str) -> Any:
        return replace(await really(self, *asked), openid="oSomebodyElse")

    monkeypatch.setattr(WeChat, "refresh", refresh)
    report = await refresh_pass(flow)

    assert dict(report.failed) == {"gw_bad_reply": 1}
    assert [token.state for token in stored(Token)] == ["active"]


@pytest.mark.parametrize("changed", [{"refresh_policy": "none"}, {"disabled_at": datetime(2026, 1, 1).astimezone()}])
async def test_an_account_may_be_left_out(
    visitor: Visitor, flow: Gateway, make_due: Callable, database: Database, *, changed: dict[str, object]
) -> None:
    await visitor.log_in()
    make_due()
    change(database, Account, **changed)

    report = await refresh_pass(flow)

    assert report.leased == 0


async def test_a_token_under_a_lost_key_is_kept_and_named(
    visitor: Visitor, flow: Gateway, make_due: Callable, database: Database, *, stored: Stored
) -> None:
    await visitor.log_in()
    make_due()
    change(database, Token, refresh_sealed=b"\0\0\0\0" + b"x" * 60)

    report = await refresh_pass(flow)

    assert dict(report.failed) == {"gw_key_missing": 1}
    assert [token.state for token in stored(Token)] == ["active"]


async def test_a_database_that_is_gone_ends_the_pass_and_cuts_no_call_off(
    visitor: Visitor, flow: Gateway, make_due: Callable, world: World, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    for visitor.person in range(1, 11):
        await visitor.log_in()
    make_due()

    async def write(self: Journal, step: object) -> object:
        raise DatabaseUnavailable("the database is gone")

    monkeypatch.setattr(Journal, "write", write)
    with pytest.raises(DatabaseUnavailable, match="gone"):
        await refresh_pass(flow)

    assert len(list(world.calls.since(0, "refresh"))) == 10


async def test_two_processes_share_the_due_tokens_out(
    visitor: Visitor, settings: Settings, flow: Gateway, make_due: Callable, *, world: World
) -> None:
    for visitor.person in range(1, 31):
        await visitor.log_in()
    make_due()

    async with app.make_front(settings, "http://127.0.0.1") as other:
        reports = await asyncio.gather(refresh_pass(flow), refresh_pass(other.gateway))

    assert sum(report.renewed for report in reports) == 30
    assert len(list(world.calls.since(0, "refresh"))) == 30
