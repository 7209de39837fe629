"""Renewing access tokens: which are due, what each answer leads to, and what a login does to a refresh in flight."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import pytest
from sqlalchemy import select, update

from tests import granted, running
from tests.databases import on_postgresql, on_sqlite
from tests.running import SiteKeys
from tests.visiting import Visitor
from wxadmin import app
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import DatabaseUnavailable
from wxadmin.flows import calls
from wxadmin.flows import refresh as refreshing_pass
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.refresh import refresh_pass
from wxadmin.flows.renewing import Held
from wxadmin.flows.sealing import opened_refresh_token
from wxadmin.journal import Journal
from wxadmin.models import Account, AccountRefresh, Event, RefreshPass, Token, Trigger, User
from wxadmin.security.hashes import sha256
from wxadmin.services import accounts
from wxadmin.services.accounts import RefreshForm
from wxadmin.services.leases import LeasedToken
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
def few_at_once(flow: Gateway) -> Gateway:
    """The same with two calls at once, so that there is somebody to hear of what the first came to."""
    return replace(flow, refresh_concurrency=2)


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
    assert timedelta(seconds=900) <= after.expires_at - after.next_refresh_at <= timedelta(seconds=1_845)
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

    assert (report.leased, report.renewed, dict(report.failed)) == (20, 20, {})
    assert len({call.openid for call in world.calls.since(0, "refresh")}) == 20


async def test_what_wechat_renews_opens_again(
    visitor: Visitor, flow: Gateway, make_due: Callable, stored: Stored, world: World
) -> None:
    await visitor.log_in()
    make_due()
    await refresh_pass(flow)
    [token], [user], [call] = stored(Token), stored(User), world.calls.since(0, "refresh")
    leased = LeasedToken(
        user_id=token.user_id,
        account_id=token.account_id,
        openid=user.openid,
        refresh_sealed=token.refresh_sealed,
        scope=token.scope,
        failures=token.failures,
        unknown_since=None,
        due_at=token.next_refresh_at,
        ends_at=token.refresh_expires_at,
        version=token.version,
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
@pytest.mark.impatient
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
    assert before < token.next_refresh_at < utcnow() + timedelta(seconds=30)


async def test_pauses_grow_with_each_failure_and_end_with_a_success(
    visitor: Visitor,
    flow: Gateway,
    make_due: Callable,
    stored: Stored,
    *,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.99)
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

    async def write_all(self: Journal, steps: Sequence[object]) -> list[object]:
        return [DatabaseUnavailable("the database is gone")] * len(steps)

    monkeypatch.setattr(Journal, "write_all", write_all)
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


@pytest.fixture
def many_due(database: Database, site_keys: SiteKeys) -> None:
    """Forty people whose tokens are due."""
    granted.grant(database, range(1, 41))


def hold(database: Database) -> tuple[str | None, str | None]:
    """Why the account is held, and by which code."""
    standings = database.read_now(lambda session: session.scalars(select(AccountRefresh)).all())
    return (standings[0].hold, standings[0].hold_code) if standings else (None, None)


def make_probe_due(database: Database) -> None:
    change(database, AccountRefresh, probe_at=utcnow())


async def test_a_fault_of_the_configuration_stops_the_pass_and_one_probe_finds_it_mended(
    many_due: None, few_at_once: Gateway, database: Database, world: World, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What failed is not due again meanwhile.
    monkeypatch.setattr(random, "random", lambda: 0.99)
    world.faults.order(Fault("refresh", "errcode", errcode=40164))

    broken = await refresh_pass(few_at_once)
    called = len(list(world.calls.since(0, "refresh")))
    held = hold(database)
    while_held = await refresh_pass(few_at_once)
    make_probe_due(database)
    probe = await refresh_pass(few_at_once)
    world.faults.clear()
    make_probe_due(database)
    mended = await refresh_pass(few_at_once)
    rest = await refresh_pass(few_at_once)

    assert held == ("config", "40164")
    assert called <= 2
    assert broken.given_back == broken.leased - called
    assert (while_held.leased, probe.leased, dict(probe.failed)) == (0, 1, {"40164": 1})
    assert (mended.leased, mended.renewed) == (1, 1)
    assert hold(database) == (None, None)
    assert rest.renewed == 40 - called - 2


async def test_the_breaker_opens_when_wechat_is_not_well_and_a_probe_closes_it(
    few_at_once: Gateway, site_keys: SiteKeys, database: Database, world: World
) -> None:
    granted.grant(database, range(1, 1_001))
    world.faults.order(Fault("refresh", "errcode", errcode=-1))

    report = await refresh_pass(few_at_once)
    held = hold(database)
    world.faults.clear()
    make_probe_due(database)
    probe = await refresh_pass(few_at_once)

    assert held == ("breaker", "-1")
    assert 20 <= report.failed["-1"] < 600
    assert probe.renewed == 1
    assert hold(database) == (None, None)


async def test_the_quota_of_the_day_holds_the_account_until_tomorrow(
    many_due: None, few_at_once: Gateway, database: Database, world: World
) -> None:
    world.faults.order(Fault("refresh", "errcode", errcode=45009))

    await refresh_pass(few_at_once)
    again = await refresh_pass(few_at_once)

    assert hold(database) == ("quota", "45009")
    assert again.leased == 0


async def test_no_more_calls_are_made_than_the_quota_allows(
    many_due: None, flow: Gateway, database: Database, world: World
) -> None:
    change(database, Account, refresh_quota=300)
    world.settings = world.settings.changed({"quota": 300})

    report = await refresh_pass(flow)

    moments = [call.at for call in world.calls.since(0, "refresh")]
    assert (report.renewed, dict(report.failed)) == (40, {})
    # Five seconds' worth at once, and the rest at the pace.
    assert moments[-1] - moments[0] > 3


async def test_what_would_outlast_its_lease_is_not_called(
    many_due: None, flow: Gateway, stored: Stored, world: World, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Held, "now", lambda held: held.lease.until - timedelta(seconds=flow.wechat.timeout))

    report = await refresh_pass(flow)

    assert list(world.calls.since(0, "refresh")) == []
    assert report.given_back == report.leased >= 40
    assert {token.lease_owner for token in stored(Token)} == {None}


@pytest.mark.parametrize("skew", [timedelta(minutes=-20), timedelta(minutes=20)], ids=["behind", "ahead"])
@on_postgresql
async def test_a_node_whose_clock_is_minutes_off_refreshes_as_the_others_do(
    many_due: None, flow: Gateway, stored: Stored, *, monkeypatch: pytest.MonkeyPatch, skew: timedelta
) -> None:
    for module in (refreshing_pass, calls):
        monkeypatch.setattr(module, "utcnow", lambda: utcnow() + skew)

    report = await refresh_pass(flow)

    now, life = utcnow(), timedelta(hours=2)
    assert report.renewed == 40
    assert all(timedelta() <= now + life - token.expires_at < timedelta(minutes=1) for token in stored(Token))
    assert all(now < token.next_refresh_at < token.expires_at - timedelta(minutes=14) for token in stored(Token))


async def test_a_token_whose_thirty_days_are_over_is_not_refreshed_in_vain(
    many_due: None, flow: Gateway, database: Database, stored: Stored, *, world: World
) -> None:
    change(database, Token, refresh_expires_at=utcnow() - timedelta(seconds=1))

    report = await refresh_pass(flow)

    assert (report.leased, report.put_aside) == (0, 40)
    assert list(world.calls.since(0, "refresh")) == []
    assert {(token.state, token.last_code) for token in stored(Token)} == {("needs_consent", "42002")}


async def test_the_last_refresh_of_a_consent_is_not_followed_by_another(
    many_due: None, flow: Gateway, database: Database, stored: Stored
) -> None:
    ends_at = utcnow() + timedelta(minutes=30)
    change(database, Token, refresh_expires_at=ends_at)

    await refresh_pass(flow)

    assert all(token.next_refresh_at == token.expires_at > ends_at for token in stored(Token))


async def test_a_new_refresh_token_is_kept_and_begins_its_own_thirty_days(
    many_due: None, flow: Gateway, stored: Stored, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_at = {token.user_id: token.refresh_expires_at for token in stored(Token)}
    really, replaced = WeChat.refresh, "83_another-refresh-token"

    async def refresh(self: WeChat, *asked: str) -> Any:
        return replace(await really(self, *asked), refresh_token=replaced, expires_in=600)

    monkeypatch.setattr(WeChat, "refresh", refresh)
    await refresh_pass(flow)

    opened = {
        running.keys().open(token.refresh_sealed, f"token/{token.account_id}/{user.openid}/refresh")
        for token, user in zip(by_user(stored(Token), "user_id"), by_user(stored(User), "id"), strict=True)
    }
    assert opened == {replaced}
    assert all(token.refresh_expires_at > ends_at[token.user_id] for token in stored(Token))
    # As short as it is, it is refreshed before it ends.
    assert all(token.next_refresh_at <= token.expires_at - timedelta(seconds=240) for token in stored(Token))


def by_user(rows: Sequence, name: str) -> list:
    return sorted(rows, key=attrgetter(name))


async def test_tokens_that_had_to_wait_for_an_outage_to_end_are_spread_anew(
    flow: Gateway, database: Database, site_keys: SiteKeys, stored: Stored
) -> None:
    granted.grant(database, range(1, 101), due_at=utcnow() - timedelta(minutes=30))

    await refresh_pass(flow)

    moments = sorted(token.next_refresh_at for token in stored(Token))
    assert moments[-1] - moments[0] > timedelta(hours=1)


async def test_after_a_change_of_policy_what_rested_is_refreshed(
    flow: Gateway, database: Database, site_keys: SiteKeys, stored: Stored
) -> None:
    granted.grant(database, range(1, 21), scope="snsapi_base")
    change(database, Account, refresh_policy="userinfo")
    left_out = await refresh_pass(flow)

    database.write_now(accounts.change, "tea", refresh=RefreshForm(policy="all"), actor="ada")
    report = await refresh_pass(flow)

    assert (left_out.leased, left_out.put_aside) == (0, 20)
    assert report.renewed == 20
    assert [row.waking_after for row in stored(AccountRefresh)] == [None]


async def test_a_pass_that_did_something_stands_in_the_ledger(
    many_due: None, flow: Gateway, world: World, stored: Stored
) -> None:
    world.faults.order(Fault("refresh", "errcode", errcode=42002, times=3))

    await refresh_pass(flow, Trigger.COMMAND)
    await refresh_pass(flow, Trigger.COMMAND)

    [made] = stored(RefreshPass)
    assert (made.node, made.trigger, made.leased, made.renewed) == (flow.node, "command", 40, 37)
    assert made.failures == {"42002": 3}
    assert made.ended_at is not None
