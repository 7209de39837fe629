"""/auth/callback: where WeChat sends the visitor back to."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import update

from tests.databases import on_sqlite
from tests.running import RETURN_URL, SiteKeys, until
from tests.visiting import Visitor, redeem, ticket_of
from wxadmin.database import Database
from wxadmin.models import Attempt, CodeClaim, Event, Ticket, Token, User
from wxadmin.security.hashes import sha256
from wxadmin.simulator import DEFAULT_APPID, World
from wxadmin.simulator.faults import Fault
from wxadmin.simulator.people import Person

Stored = Callable[[type], Sequence]


def events_of(stored: Stored) -> list[tuple[str, str, str]]:
    return [(event.stage, event.event_class, event.code) for event in sorted(stored(Event), key=lambda e: e.id)]


async def test_a_login_ends_at_the_site_with_a_ticket_and_everything_stored(
    visitor: Visitor, stored: Stored, world: World
) -> None:
    begun = await visitor.start(url=f"{RETURN_URL}?table=4#/menu", scope="snsapi_userinfo", channel="door")
    response = await visitor.get(await visitor.agree(begun))

    back = urlsplit(response.headers["Location"])
    [attempt], [user], [ticket], [token] = (stored(model) for model in (Attempt, User, Ticket, Token))

    assert f"{back.scheme}://{back.netloc}{back.path}" == RETURN_URL
    assert parse_qs(back.query).keys() == {"table", "ticket"}
    assert back.fragment == "/menu"
    assert sha256(ticket_of(response)) == ticket.ticket_hash
    assert (user.openid, user.nickname) == (Person(1).openid(DEFAULT_APPID), "小明")
    assert (user.unionid, user.logins, user.last_channel) == (Person(1).unionid, 1, "door")
    assert (attempt.outcome, attempt.user_id, ticket.attempt_id) == ("succeeded", user.id, attempt.id)
    assert (token.user_id, token.state) == (user.id, "active")
    assert events_of(stored) == [(stage, "ok", "") for stage in ("start", "return", "exchange", "userinfo", "handoff")]
    assert world.calls.exchanged == 1


async def test_a_silent_login_asks_for_no_profile(visitor: Visitor, stored: Stored) -> None:
    await visitor.log_in()

    [user] = stored(User)

    assert (user.nickname, user.unionid, user.granted_userinfo) == (None, None, False)
    assert [stage for stage, _, _ in events_of(stored)] == ["start", "return", "exchange", "handoff"]


@pytest.mark.parametrize("number", range(1, 21))
@on_sqlite
async def test_no_nickname_is_too_strange_to_be_kept(visitor: Visitor, stored: Stored, number: int) -> None:
    visitor.person = number

    await visitor.log_in(scope="snsapi_userinfo")
    [user] = stored(User)

    assert user.nickname == Person(number).nickname.replace("\0", "\ufffd").replace("\ud83d", "\ufffd")


async def test_strange_nicknames_are_kept_on_both_databases(visitor: Visitor, stored: Stored) -> None:
    for number in (7, 8):
        visitor.person = number
        await visitor.log_in(scope="snsapi_userinfo")

    assert {user.nickname for user in stored(User)} == {"零\ufffd字节", "半个\ufffd表情"}


async def test_a_second_callback_gets_the_same_login_with_a_ticket_of_its_own(
    visitor: Visitor, stored: Stored, world: World
) -> None:
    callback = await visitor.agree(await visitor.start())
    first = await visitor.get(callback)

    again = await visitor.get(callback)
    tickets = stored(Ticket)

    assert again.status_code == 302
    assert again.headers["Location"].partition("ticket=")[0] == first.headers["Location"].partition("ticket=")[0]
    assert {ticket.ticket_hash for ticket in tickets} == {sha256(ticket_of(first)), sha256(ticket_of(again))}
    assert len({(ticket.attempt_id, ticket.user_id, ticket.site_id) for ticket in tickets}) == 1
    assert events_of(stored)[-1] == ("return", "harmless", "gw_state_used")
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]
    assert [user.logins for user in stored(User)] == [1]
    assert world.calls.exchanged == 1


async def test_a_second_callback_with_another_code_gets_the_login_too(
    visitor: Visitor, stored: Stored, world: World
) -> None:
    begun = await visitor.start()
    first, second = await visitor.agree(begun), await visitor.agree(begun)
    await visitor.get(first)

    again = await visitor.get(second)

    assert ticket_of(again)
    assert world.calls.exchanged == 1
    assert len(stored(Ticket)) == 2


async def test_both_tickets_of_a_repeated_callback_can_be_redeemed(
    visitor: Visitor, site_keys: SiteKeys, http: httpx.AsyncClient
) -> None:
    callback = await visitor.agree(await visitor.start(nonce="n-1"))
    tickets = [ticket_of(await visitor.get(callback)) for _ in range(2)]

    redeemed = [await redeem(http, visitor.gateway, site_keys.shop, ticket) for ticket in tickets]

    assert [answer.status_code for answer in redeemed] == [200, 200]
    assert len({answer.json()["login_id"] for answer in redeemed}) == 1
    assert {answer.json()["nonce"] for answer in redeemed} == {"n-1"}


async def test_ten_minutes_after_a_login_its_callback_brings_it_no_more(
    visitor: Visitor, stored: Stored, database: Database
) -> None:
    callback = await visitor.agree(await visitor.start())
    await visitor.get(callback)
    [attempt] = stored(Attempt)
    earlier = update(Attempt).values(ended_at=attempt.ended_at - timedelta(minutes=10, seconds=1))
    database.write_now(lambda session: session.execute(earlier))

    again = await visitor.get(callback)

    assert again.status_code == 410
    assert "<h1" in again.text
    assert len(stored(Ticket)) == 1


async def test_many_callbacks_at_once_exchange_the_code_once_and_all_get_the_login(
    visitor: Visitor, stored: Stored, world: World, http: httpx.AsyncClient
) -> None:
    callback = await visitor.agree(await visitor.start())
    world.faults.order(Fault("exchange", "slow", seconds=0.2, times=1))
    twins = [Visitor(visitor.gateway, http, cookies=dict(visitor.cookies)) for _ in range(10)]

    responses = await asyncio.gather(*(twin.get(callback) for twin in twins))

    assert len({ticket_of(response) for response in responses}) == 10
    assert world.calls.stats()["calls"]["exchange"] == {"0": 1}
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]
    assert [user.logins for user in stored(User)] == [1]
    assert events_of(stored).count(("return", "harmless", "gw_state_used")) == 9
    assert not [event for event in stored(Event) if event.event_class == "failure"]


@pytest.mark.impatient
async def test_a_second_code_that_comes_while_the_first_fails_is_tried(
    visitor: Visitor, stored: Stored, world: World, http: httpx.AsyncClient
) -> None:
    begun = await visitor.start()
    first, second = await visitor.agree(begun), await visitor.agree(begun)
    twin = Visitor(visitor.gateway, http, cookies=dict(visitor.cookies))
    world.faults.order(Fault("exchange", "slow", seconds=3, times=2))

    failed = asyncio.create_task(visitor.get(first))
    await asyncio.to_thread(until, lambda: stored(CodeClaim))
    recovered = await twin.get(second)

    assert (await failed).status_code == 504
    assert ticket_of(recovered)
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]


async def test_another_browser_changes_nothing(visitor: Visitor, stored: Stored, http: httpx.AsyncClient) -> None:
    callback = await visitor.agree(await visitor.start(nonce="n-1", ref="42"))
    robot = Visitor(visitor.gateway, http)
    refused = await robot.get(callback)

    after_robot = [(attempt.outcome, attempt.returned_at, attempt.code_hash) for attempt in stored(Attempt)]
    own = await visitor.get(callback)

    assert refused.status_code == 403
    assert after_robot == [(None, None, None)]
    assert ("return", "harmless", "gw_state_cookie_lost") in events_of(stored)
    assert own.status_code == 302
    assert "nonce=n-1" not in refused.text
    assert "ref=42" not in refused.text


async def test_the_cookie_of_another_attempt_does_not_fit(visitor: Visitor, stored: Stored) -> None:
    callback = await visitor.agree(await visitor.start())
    [name] = visitor.cookies
    visitor.cookies[name] = "19acf.AAAA"

    response = await visitor.get(callback)

    assert response.status_code == 403
    assert events_of(stored)[-1] == ("return", "harmless", "gw_other_browser")
    assert stored(CodeClaim) == []


async def test_several_tabs_do_not_disturb_each_other(visitor: Visitor, stored: Stored) -> None:
    first, second = [await visitor.agree(await visitor.start()) for _ in range(2)]

    responses = [await visitor.get(second), await visitor.get(first)]

    assert [response.status_code for response in responses] == [302, 302]
    assert [user.logins for user in stored(User)] == [2]


async def test_a_state_ends_after_ten_minutes(visitor: Visitor, stored: Stored, database: Database) -> None:
    callback = await visitor.agree(await visitor.start())
    [attempt] = stored(Attempt)
    earlier = update(Attempt).values(started_at=attempt.started_at - timedelta(minutes=10, seconds=1))
    database.write_now(lambda session: session.execute(earlier))

    response = await visitor.get(callback)

    assert response.status_code == 410
    assert events_of(stored)[-1] == ("return", "harmless", "gw_state_expired")
    assert stored(User) == []


async def test_a_visitor_who_declines_is_denied_and_may_begin_again(
    visitor: Visitor, stored: Stored, world: World
) -> None:
    world.settings = world.settings.changed({"deny_returns_state": True})
    begun = await visitor.start(scope="snsapi_userinfo", nonce="n-1")

    response = await visitor.get(await visitor.agree(begun, answer="deny"))
    [attempt] = stored(Attempt)

    assert response.status_code == 200
    assert attempt.outcome == "denied"
    assert "/auth?url=" in response.text
    assert "nonce=n-1" in response.text
    assert events_of(stored) == [("start", "ok", ""), ("return", "ok", "")]


async def test_a_person_of_the_snapshot_page_is_no_user(visitor: Visitor, stored: Stored) -> None:
    begun = await visitor.start(scope="snsapi_userinfo")

    response = await visitor.get(await visitor.agree(begun, answer="snapshot"))
    [attempt] = stored(Attempt)

    assert response.status_code == 200
    assert attempt.outcome == "snapshot"
    assert (stored(User), stored(Ticket), stored(Token)) == ([], [], [])


async def test_a_second_code_may_follow_a_failed_first(visitor: Visitor, stored: Stored, world: World) -> None:
    begun = await visitor.start()
    first, second = await visitor.agree(begun), await visitor.agree(begun)
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    failed = await visitor.get(first)
    outcome_so_far = stored(Attempt)[0].outcome

    recovered = await visitor.get(second)
    [attempt] = stored(Attempt)

    assert (failed.status_code, outcome_so_far) == (400, "failed")
    assert recovered.status_code == 302
    assert attempt.outcome == "succeeded"
    assert attempt.recovered_at is not None
    assert [event.recovered for event in stored(Event) if event.stage == "handoff"] == [True]


async def test_the_same_code_is_not_tried_again_after_it_failed(visitor: Visitor, stored: Stored, world: World) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    callback = await visitor.agree(await visitor.start())
    first = await visitor.get(callback)

    again = await visitor.get(callback)

    assert again.status_code == first.status_code == 400
    assert again.text.count("<h1") == 1
    assert world.calls.stats()["calls"]["exchange"] == {"40029": 1}
    assert stored(Attempt)[0].outcome == "failed"


async def test_a_login_is_stored_though_the_visitor_is_gone(
    visitor: Visitor, stored: Stored, world: World, http: httpx.AsyncClient
) -> None:
    callback = await visitor.agree(await visitor.start())
    world.faults.order(Fault("exchange", "slow", seconds=0.3, times=1))

    with pytest.raises(httpx.ReadTimeout):
        await http.get(
            visitor.gateway + callback, timeout=0.1, headers={"Cookie": "=".join(next(iter(visitor.cookies.items())))}
        )
    await asyncio.to_thread(until, lambda: stored(User))

    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?code=abc", 400),
        ("?state=", 400),
        ("?state=unknown&code=abc", 400),
        ("?state=unknown", 400),
        ("?state=%00&code=abc", 400),
        ("?state=%ED%A0%80&code=abc", 400),
        ("?state=a&state=b&code=abc", 400),
        ("?state[]=a&code[]=b", 400),
        ("?state=%27%20OR%201=1--&code=abc", 400),
        ("?state=%3Cscript%3Ealert(1)%3C/script%3E&code=abc", 400),
        (f"?state={'s' * 129}&code=abc", 400),
        ("?state=abc&code=%00", 400),
        ("?state=abc&code=%ED%A0%80", 400),
        ("?state=abc&code=a%20b", 400),
        ("?state=abc&code=a&code=b", 400),
        (f"?state=abc&code={'c' * 257}", 400),
        ("?state=abc&code=%27%3B%20DROP%20TABLE%20user--", 400),
    ],
)
@on_sqlite
async def test_a_return_that_nobody_was_sent_out_for_is_a_page_and_changes_nothing(
    visitor: Visitor, stored: Stored, query: str, status: int
) -> None:
    response = await visitor.get(f"/auth/callback{query}")

    assert response.status_code == status
    assert "<h1" in response.text
    assert "<script>alert" not in response.text
    assert (stored(Attempt), stored(Event)) == ([], [])


async def test_a_state_that_was_never_given_out_is_looked_up_and_not_found(visitor: Visitor, stored: Stored) -> None:
    response = await visitor.get("/auth/callback?state=NeverGivenOut&code=0123456789abcdef")

    assert response.status_code == 400
    assert stored(Event) == []


@pytest.mark.parametrize(
    "code", ["%27%3B%20DROP%20TABLE%20user--", "%3Cscript%3E", "%00", "%ED%A0%80", "x" * 257, "a&code=b"]
)
@on_sqlite
async def test_a_malformed_code_does_not_spend_the_attempt(visitor: Visitor, stored: Stored, code: str) -> None:
    callback = await visitor.agree(await visitor.start())
    state = parse_qs(urlsplit(callback).query)["state"][0]

    bad = await visitor.get(f"/auth/callback?code={code}&state={state}")
    good = await visitor.get(callback)

    assert bad.status_code == 400
    assert good.status_code == 302
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]


@on_sqlite
async def test_a_made_up_code_is_refused_by_wechat_and_said_so(visitor: Visitor, stored: Stored) -> None:
    state = parse_qs(urlsplit(await visitor.agree(await visitor.start())).query)["state"][0]

    response = await visitor.get(f"/auth/callback?code=%22%3E%3Cscript%3E&state={state}")
    [attempt] = stored(Attempt)

    assert response.status_code == 400
    assert (attempt.outcome, attempt.ended_by) == ("failed", "40029")
    assert '"><script>' not in response.text


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Purpose": "prefetch"}, {"Purpose": "preview"}, {"X-Moz": "prefetch"}, {"Sec-Purpose": "prerender"}],
)
@on_sqlite
async def test_a_browser_that_looks_ahead_consumes_nothing(
    visitor: Visitor, stored: Stored, headers: dict[str, str]
) -> None:
    callback = await visitor.agree(await visitor.start())

    ahead = await visitor.get(callback, **headers)
    returned_at = stored(Attempt)[0].returned_at

    assert (ahead.status_code, returned_at) == (204, None)
    assert (await visitor.get(callback)).status_code == 302


@on_sqlite
async def test_a_robot_that_asks_for_the_head_consumes_nothing(visitor: Visitor, stored: Stored) -> None:
    callback = await visitor.agree(await visitor.start())

    head = await visitor.http.head(visitor.gateway + callback)
    returned_at = stored(Attempt)[0].returned_at

    assert (head.status_code, returned_at) == (204, None)
    assert (await visitor.get(callback)).status_code == 302
