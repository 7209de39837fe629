"""POST /api/v1/tickets/redeem: what a site's server gets for a ticket, and what it is told when it gets nothing."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from tests.databases import on_sqlite
from tests.running import SiteKeys
from tests.visiting import Visitor, redeem
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import Attempt, Event, Ticket, User
from wxadmin.services import sites
from wxadmin.simulator import DEFAULT_APPID
from wxadmin.simulator.people import Person

Stored = Callable[[type], Sequence]


def problem(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    said: dict[str, Any] = response.json()
    assert said["status"] == response.status_code
    assert said["request_id"] == response.headers["X-Request-Id"]
    return said


async def test_a_ticket_says_who_logged_in(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, stored: Stored
) -> None:
    ticket = await visitor.log_in(scope="snsapi_userinfo", nonce="n-1", ref="42")

    response = await redeem(http, visitor.gateway, site_keys.shop, ticket)
    login = response.json()
    [attempt] = stored(Attempt)

    assert response.status_code == 200
    assert login | {"authenticated_at": None, "profile": None} == {
        "login_id": str(attempt.id),
        "openid": Person(1).openid(DEFAULT_APPID),
        "unionid": Person(1).unionid,
        "scope": "snsapi_userinfo",
        "profile": None,
        "nonce": "n-1",
        "ref": "42",
        "browser_bound": True,
        "authenticated_at": None,
        "account": "tea",
    }
    assert login["profile"]["nickname"] == "小明"
    assert datetime.fromisoformat(login["authenticated_at"]) == attempt.ended_at
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_silent_login_tells_the_openid_alone(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys
) -> None:
    await visitor.log_in(scope="snsapi_userinfo")

    login = (await redeem(http, visitor.gateway, site_keys.shop, await visitor.log_in())).json()

    assert (login["scope"], login["profile"]) == ("snsapi_base", None)


async def test_a_ticket_works_once(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, stored: Stored
) -> None:
    ticket = await visitor.log_in()
    await redeem(http, visitor.gateway, site_keys.shop, ticket)

    again = await redeem(http, visitor.gateway, site_keys.shop, ticket)
    blocked = max(stored(Event), key=lambda event: event.id)

    assert again.status_code == 409
    assert problem(again)["reason"] == "gw_ticket_spent"
    assert (blocked.stage, blocked.event_class, blocked.code) == ("redeem", "blocked", "gw_ticket_spent")
    assert blocked.attempt_id == stored(Attempt)[0].id


async def test_of_many_servers_at_once_one_gets_the_login(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys
) -> None:
    ticket = await visitor.log_in()

    responses = await asyncio.gather(
        *(redeem(http, visitor.gateway, site_keys.shop, ticket) for _ in range(20)),
    )

    assert sorted(response.status_code for response in responses) == [200, *[409] * 19]


async def test_a_server_that_lost_the_answer_gets_it_again(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys
) -> None:
    ticket = await visitor.log_in()
    first = await redeem(http, visitor.gateway, site_keys.shop, ticket, idempotency_key="order-1")

    again = await redeem(http, visitor.gateway, site_keys.shop, ticket, idempotency_key="order-1")
    other = await redeem(http, visitor.gateway, site_keys.shop, ticket, idempotency_key="order-2")

    assert again.json() == first.json()
    assert (again.status_code, other.status_code) == (200, 409)


async def test_the_answer_is_repeated_for_a_minute_only(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, database: Database
) -> None:
    ticket = await visitor.log_in()
    await redeem(http, visitor.gateway, site_keys.shop, ticket, idempotency_key="order-1")
    earlier = update(Ticket).values(redeemed_at=utcnow() - timedelta(seconds=61))
    database.write_now(lambda session: session.execute(earlier))

    late = await redeem(http, visitor.gateway, site_keys.shop, ticket, idempotency_key="order-1")

    assert late.status_code == 409


@pytest.mark.parametrize(("key", "status"), [("", 400), ("k" * 255, 200), ("k" * 256, 400)])
@on_sqlite
async def test_an_idempotency_key_has_a_length(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, key: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {site_keys.shop}", "Idempotency-Key": key}

    response = await http.post(
        f"{visitor.gateway}/api/v1/tickets/redeem", json={"ticket": await visitor.log_in()}, headers=headers
    )

    assert response.status_code == status


async def test_a_ticket_is_for_its_own_site_and_stays_good_for_it(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, stored: Stored
) -> None:
    ticket = await visitor.log_in()

    foreign = await redeem(http, visitor.gateway, site_keys.clinic, ticket)
    own = await redeem(http, visitor.gateway, site_keys.shop, ticket)

    assert foreign.status_code == 403
    assert problem(foreign)["reason"] == "gw_ticket_other_site"
    assert own.status_code == 200
    assert "gw_ticket_other_site" in {event.code for event in stored(Event)}


async def test_a_ticket_ends_after_five_minutes(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, database: Database
) -> None:
    ticket = await visitor.log_in()
    over = update(Ticket).values(expires_at=utcnow() - timedelta(seconds=1))
    database.write_now(lambda session: session.execute(over))

    response = await redeem(http, visitor.gateway, site_keys.shop, ticket)

    assert response.status_code == 410
    assert problem(response)["reason"] == "gw_ticket_expired"


async def test_the_site_may_say_its_number_for_the_visitor(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, stored: Stored
) -> None:
    ticket = await visitor.log_in(ref="before")

    login = (await redeem(http, visitor.gateway, site_keys.shop, ticket, ref="会员 7")).json()

    assert login["ref"] == "会员 7"
    assert [attempt.ref for attempt in stored(Attempt)] == ["会员 7"]
    assert [user.last_ref for user in stored(User)] == ["会员 7"]


@pytest.mark.parametrize("ref", ["13812345678", "0086 138 1234 5678", "11010519491231002X"])
@on_sqlite
async def test_a_phone_or_identity_number_is_refused_and_the_ticket_stays_good(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, stored: Stored, ref: str
) -> None:
    ticket = await visitor.log_in()

    refused = await redeem(http, visitor.gateway, site_keys.shop, ticket, ref=ref)
    login = await redeem(http, visitor.gateway, site_keys.shop, ticket, ref="member-7")

    assert refused.status_code == 400
    assert "send the site's own number for the person" in problem(refused)["detail"]
    assert ref not in refused.text
    assert (login.status_code, login.json()["ref"]) == (200, "member-7")
    assert [attempt.ref for attempt in stored(Attempt)] == ["member-7"]


async def test_a_made_up_ticket_is_unknown(
    gateway: str, http: httpx.AsyncClient, site_keys: SiteKeys, stored: Stored
) -> None:
    response = await redeem(http, gateway, site_keys.shop, "MADEUP")

    assert response.status_code == 404
    assert problem(response)["reason"] == "gw_ticket_unknown"
    assert stored(Event) == []


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wxs_WRONG", "Basic d3hzOg==", "Bearer %FF", "Bearer ' OR 1=1 --"],
)
@on_sqlite
async def test_without_the_key_of_a_site_nothing_is_said(
    visitor: Visitor, http: httpx.AsyncClient, authorization: str | None
) -> None:
    ticket = await visitor.log_in()
    headers = {} if authorization is None else {"Authorization": authorization}

    response = await http.post(f"{visitor.gateway}/api/v1/tickets/redeem", json={"ticket": ticket}, headers=headers)

    assert response.status_code == 401
    assert problem(response)["reason"] == "gw_site_key"
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="wxadmin"'


@pytest.mark.parametrize("body", ['{"ticket": "%s"}', '{"ticket": "%s", "ref": "会员 7"}'])
async def test_a_wrong_key_is_an_event_of_the_tickets_attempt_and_the_ticket_stays_good(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, stored: Stored, body: str
) -> None:
    ticket = await visitor.log_in()
    [attempt] = stored(Attempt)

    for headers in ({"Authorization": "Bearer wxs_WRONG"}, {}):
        content = (body % ticket).encode()
        await http.post(f"{visitor.gateway}/api/v1/tickets/redeem", content=content, headers=headers)
    blocked = [event for event in stored(Event) if event.event_class == "blocked"]
    own = await redeem(http, visitor.gateway, site_keys.shop, ticket)

    assert [(event.stage, event.code) for event in blocked] == [("redeem", "gw_site_key")] * 2
    assert {(event.attempt_id, event.site_id) for event in blocked} == {(attempt.id, attempt.site_id)}
    assert own.status_code == 200


async def test_without_a_key_a_ticket_that_exists_is_answered_like_one_that_does_not(
    visitor: Visitor, http: httpx.AsyncClient, stored: Stored
) -> None:
    tickets = [await visitor.log_in(), "MADEUP", "A" * 32]

    answers = [await redeem(http, visitor.gateway, "wxs_WRONG", ticket) for ticket in tickets]

    assert len({answer.text.replace(answer.headers["X-Request-Id"], "") for answer in answers}) == 1
    assert len([event for event in stored(Event) if event.event_class == "blocked"]) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ticket": 7}', b'{"ticket": "\xff"}', b'{"ticket": "T", "ref": ""}'])
@on_sqlite
async def test_a_wrong_key_is_what_is_wrong_whatever_the_body_says(
    gateway: str, http: httpx.AsyncClient, stored: Stored, body: bytes
) -> None:
    response = await http.post(
        f"{gateway}/api/v1/tickets/redeem", content=body, headers={"Authorization": "Bearer wxs_WRONG"}
    )

    assert response.status_code == 401
    assert problem(response)["reason"] == "gw_site_key"
    assert stored(Event) == []


@on_sqlite
async def test_a_key_in_the_address_or_in_a_cookie_is_no_key(
    gateway: str, http: httpx.AsyncClient, site_keys: SiteKeys
) -> None:
    response = await http.post(
        f"{gateway}/api/v1/tickets/redeem?key={site_keys.shop}",
        json={"ticket": "T"},
        headers={"Cookie": f"key={site_keys.shop}"},
    )

    assert response.status_code == 401


@on_sqlite
async def test_a_rotated_key_goes_on_while_its_grace_runs(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, database: Database
) -> None:
    first, second = await visitor.log_in(), await visitor.log_in()
    new = database.write_now(sites.rotate_key, "shop", timedelta(hours=1), actor="test")
    # The gateway looks for changed settings once a second.
    await asyncio.sleep(1.1)

    by_old = await redeem(http, visitor.gateway, site_keys.shop, first)
    by_new = await redeem(http, visitor.gateway, new, second)

    assert (by_old.status_code, by_new.status_code) == (200, 200)


@on_sqlite
async def test_a_rotated_key_without_grace_stops_and_is_told_why(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, database: Database, stored: Stored
) -> None:
    ticket = await visitor.log_in()
    database.write_now(sites.rotate_key, "shop", timedelta(0), actor="test")
    await asyncio.sleep(1.1)

    response = await redeem(http, visitor.gateway, site_keys.shop, ticket)

    assert response.status_code == 401
    assert "its grace ended at " in problem(response)["detail"]
    assert [event.code for event in stored(Event) if event.event_class == "blocked"] == ["gw_site_key"]


@on_sqlite
async def test_the_key_of_a_site_that_was_switched_off_says_so(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, database: Database, stored: Stored
) -> None:
    ticket = await visitor.log_in()
    database.write_now(sites.disable, "shop", actor="test")
    await asyncio.sleep(1.1)

    response = await redeem(http, visitor.gateway, site_keys.shop, ticket)

    assert response.status_code == 401
    assert "no site that is switched on" in problem(response)["detail"]
    assert [event.code for event in stored(Event) if event.event_class == "blocked"] == ["gw_site_key"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "JSON"),
        (b"ticket=abc", "JSON"),
        (b"[]", "the body"),
        (b"null", "the body"),
        (b'"abc"', "the body"),
        (b"{}", "ticket"),
        (b'{"ticket": null}', "ticket"),
        (b'{"ticket": 7}', "ticket"),
        (b'{"ticket": ["abc"]}', "ticket"),
        (b'{"ticket": {"$gt": ""}}', "ticket"),
        (b'{"ticket": ""}', "ticket"),
        (b'{"ticket": "' + b"t" * 257 + b'"}', "ticket"),
        (b'{"ticket": "abc", "ref": ""}', "ref"),
        (b'{"ticket": "abc", "ref": "' + b"r" * 65 + b'"}', "ref"),
        (b'{"ticket": "abc", "ref": "\\u0000"}', "ref"),
        (b'{"ticket": "abc", "ref": "a\\nb"}', "ref"),
        (b'{"ticket": "abc", "openid": "oAdmin"}', "openid"),
        (b'{"ticket": "abc"', "JSON"),
        (b'{"ticket": "\xff"}', "JSON"),
        (b'{"ticket": "\\ud800"}', "JSON"),
        (b"[" * 60_000, "JSON"),
    ],
)
@on_sqlite
async def test_a_malformed_body_is_told_what_to_change(
    gateway: str, http: httpx.AsyncClient, site_keys: SiteKeys, body: bytes, said: str
) -> None:
    response = await http.post(
        f"{gateway}/api/v1/tickets/redeem", content=body, headers={"Authorization": f"Bearer {site_keys.shop}"}
    )

    assert response.status_code == 400
    assert said in problem(response)["detail"]


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE ticket; --", "<script>alert(1)</script>", "\\u0000", "𠮷", "../../etc/passwd"]
)
async def test_a_ticket_of_any_text_is_only_unknown(
    gateway: str, http: httpx.AsyncClient, site_keys: SiteKeys, text: str
) -> None:
    response = await http.post(
        f"{gateway}/api/v1/tickets/redeem",
        content=f'{{"ticket": "{text}"}}'.encode(),
        headers={"Authorization": f"Bearer {site_keys.shop}"},
    )

    assert response.status_code == 404
    assert text not in response.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@on_sqlite
async def test_a_ticket_is_redeemed_by_post_alone(gateway: str, http: httpx.AsyncClient, method: str) -> None:
    response = await http.request(method, f"{gateway}/api/v1/tickets/redeem")

    assert response.status_code == 405
