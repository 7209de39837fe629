"""Scopes and profiles: silent first, more when a site asks for it, and nothing that was granted is lost again."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.databases import on_sqlite
from tests.running import SiteKeys
from tests.visiting import Visitor, redeem
from wxadmin import app
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.flows.refresh import refresh_pass
from wxadmin.models import Attempt, Event, Token, User
from wxadmin.settings import Settings
from wxadmin.simulator import World, sns
from wxadmin.simulator.faults import Fault
from wxadmin.simulator.people import Person

Stored = Callable[[type], Sequence]

EXPLICIT = "snsapi_userinfo"


def profile_calls(stored: Stored) -> list[tuple[str, str]]:
    events = sorted((event for event in stored(Event) if event.stage == "userinfo"), key=lambda event: event.id)
    return [(event.event_class, event.code) for event in events]


def granted(stored: Stored) -> list[tuple[bool, bool]]:
    return [(user.granted_base, user.granted_userinfo) for user in stored(User)]


async def test_a_silent_visitor_agrees_later_and_stays_the_same_person(visitor: Visitor, stored: Stored) -> None:
    await visitor.log_in()
    silent = granted(stored)

    await visitor.log_in(scope=EXPLICIT)
    [user] = stored(User)

    assert (silent, granted(stored)) == ([(True, False)], [(True, True)])
    assert (user.nickname, user.unionid, user.logins) == (Person(1).nickname, Person(1).unionid, 2)


async def test_a_silent_login_takes_nothing_of_what_was_granted(
    visitor: Visitor, stored: Stored, http: httpx.AsyncClient, site_keys: SiteKeys
) -> None:
    await visitor.log_in(scope=EXPLICIT)

    login = (await redeem(http, visitor.gateway, site_keys.shop, await visitor.log_in())).json()
    [user] = stored(User)

    assert granted(stored) == [(True, True)]
    assert (user.nickname, user.unionid) == (Person(1).nickname, Person(1).unionid)
    assert [attempt.scope_granted for attempt in sorted(stored(Attempt), key=lambda attempt: attempt.id)] == [
        EXPLICIT,
        "snsapi_base",
    ]
    # This login's own scope, and nobody's nickname for it.
    assert (login["scope"], login["profile"]) == ("snsapi_base", None)


@pytest.mark.parametrize("answered", ["snsapi_base,snsapi_userinfo,", "snsapi_base,", "snsapi_userinfo", ",", ""])
@on_sqlite
async def test_no_refresh_answer_takes_a_granted_scope_away(
    visitor: Visitor,
    settings: Settings,
    database: Database,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    answered: str,
) -> None:
    really = sns.refresh
    monkeypatch.setattr(sns, "refresh", lambda *asked: really(*asked) | {"scope": answered})
    await visitor.log_in(scope=EXPLICIT)
    [before] = stored(Token)
    database.write_now(_make_due)

    async with app.make_front(settings, "http://127.0.0.1") as front:
        report = await refresh_pass(front.gateway)
    [after] = stored(Token)

    assert report.renewed == 1
    assert granted(stored) == [(True, True)]
    assert (before.scope, after.scope) == (EXPLICIT, EXPLICIT)


def _make_due(session: Session) -> None:
    session.execute(update(Token).values(next_refresh_at=utcnow() - timedelta(seconds=1)))


@pytest.mark.parametrize(("asked", "sent"), [("zh_CN", "zh_CN"), ("zh_TW", "zh_TW"), ("en", "en"), (None, "zh_CN")])
@on_sqlite
async def test_the_language_of_the_link_goes_through_to_the_profile(
    visitor: Visitor, stored: Stored, asked: str | None, sent: str
) -> None:
    await visitor.log_in(scope=EXPLICIT, **({"lang": asked} if asked else {}))

    assert [user.language for user in stored(User)] == [sent]


async def test_a_token_that_wechat_does_not_know_yet_is_shown_once_more(
    visitor: Visitor, stored: Stored, world: World
) -> None:
    world.faults.order(Fault("userinfo", "errcode", errcode=40001, times=1))

    await visitor.log_in(scope=EXPLICIT)

    assert profile_calls(stored) == [("failure", "40001"), ("ok", "")]
    assert [user.nickname for user in stored(User)] == [Person(1).nickname]
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]


@pytest.mark.parametrize(("errcode", "times"), [(40001, 2), (48001, 1), (40003, 1), (-1, 1)])
@on_sqlite
async def test_a_refused_profile_is_asked_for_no_further_and_the_login_succeeds(
    visitor: Visitor, stored: Stored, world: World, errcode: int, times: int
) -> None:
    world.faults.order(Fault("userinfo", "errcode", errcode=errcode))

    ticket = await visitor.log_in(scope=EXPLICIT)

    assert ticket
    assert profile_calls(stored) == [("failure", str(errcode))] * times
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]
    assert granted(stored) == [(True, True)]
