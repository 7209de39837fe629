"""Hand-off `openid`: the address that a visitor goes back to says who they are, under the site's own signature."""

import hmac
import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests import running
from tests.databases import on_sqlite
from tests.running import CLINIC_URL, RETURN_URL, SiteKeys, switch
from tests.visiting import Visitor, redeem, ticket_of
from wxadmin.database import Database
from wxadmin.models import Attempt, Site, Ticket, User
from wxadmin.models.sealed import handoff_key_bound_to
from wxadmin.services import sites
from wxadmin.simulator import DEFAULT_APPID, World
from wxadmin.simulator.faults import Fault
from wxadmin.simulator.people import Person

Stored = Callable[[type], Sequence]

OPENID = Person(1).openid(DEFAULT_APPID)


@pytest.fixture
def handoff_key(database: Database, site_keys: SiteKeys) -> str:
    """The shop's, which is told OpenIDs."""
    key = switch(database, handoff="openid")
    assert key is not None
    return key


async def come_back(visitor: Visitor, **asked: str) -> httpx.Response:
    return await visitor.get(await visitor.agree(await visitor.start(**asked)))


def told(response: httpx.Response) -> dict[str, str]:
    """What the address says, each once."""
    query = parse_qs(urlsplit(response.headers["Location"]).query, keep_blank_values=True, strict_parsing=True)
    assert {len(values) for values in query.values()} == {1}, query
    return {name: values[0] for name, values in query.items()}


def expected_sig(response: httpx.Response, key: str) -> str:
    """As integrate.md says that it is made."""
    said = told(response)
    url = re.split("[?&]ticket=", response.headers["Location"])[0]
    message = f"{url}\n{said['openid']}\n{said['ts']}\n{said['ticket']}"
    return hmac.new(key.encode(), message.encode(), sha256).hexdigest()


async def test_a_silent_login_tells_the_openid_and_nothing_else_of_the_person(
    visitor: Visitor, handoff_key: str, http: httpx.AsyncClient, site_keys: SiteKeys
) -> None:
    response = await come_back(visitor, url=f"{RETURN_URL}?table=4#/menu")

    said = told(response)
    person = (await redeem(http, visitor.gateway, site_keys.shop, said["ticket"])).json()
    assert list(said) == ["table", "ticket", "openid", "ts", "sig"]
    assert said["openid"] == person["openid"] == OPENID
    assert abs(int(said["ts"]) - time.time()) < 60
    assert said["sig"] == expected_sig(response, handoff_key)
    assert response.headers["Location"].endswith("#/menu")
    assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_a_login_with_consent_tells_nickname_and_picture_too(visitor: Visitor, handoff_key: str) -> None:
    response = await come_back(visitor, scope="snsapi_userinfo")

    said = told(response)
    assert list(said) == ["nickname", "headimgurl", "ticket", "openid", "ts", "sig"]
    assert said["nickname"] == "小明"
    assert said["headimgurl"].startswith("http")
    assert said["sig"] == expected_sig(response, handoff_key)


@on_sqlite
@pytest.mark.parametrize("number", range(1, 21))
async def test_no_nickname_is_too_strange_to_be_signed(visitor: Visitor, handoff_key: str, number: int) -> None:
    visitor.person = number

    response = await come_back(visitor, scope="snsapi_userinfo")

    nickname = Person(number).nickname.replace("\0", "\ufffd").replace("\ud83d", "\ufffd")
    assert told(response).get("nickname", "") == nickname
    assert told(response)["sig"] == expected_sig(response, handoff_key)


@on_sqlite
async def test_a_profile_that_did_not_come_is_not_told(visitor: Visitor, handoff_key: str, world: World) -> None:
    await come_back(visitor, scope="snsapi_userinfo")
    world.faults.order(Fault("userinfo", "errcode", errcode=40001))
    returned = await visitor.agree(await visitor.start(scope="snsapi_userinfo"))

    responses = [await visitor.get(returned) for _ in range(2)]

    assert [list(told(response)) for response in responses] == [["ticket", "openid", "ts", "sig"]] * 2


@pytest.mark.parametrize("scope", ["snsapi_base", "snsapi_userinfo"])
async def test_a_repeated_callback_gets_a_ticket_and_a_signature_of_its_own(
    visitor: Visitor, handoff_key: str, stored: Stored, scope: str
) -> None:
    returned = await visitor.agree(await visitor.start(scope=scope))
    first = await visitor.get(returned)

    again = await visitor.get(returned)

    assert told(first).keys() == told(again).keys()
    for name in told(first).keys() - {"ticket", "sig", "ts"}:
        assert told(first)[name] == told(again)[name]
    assert told(first)["ticket"] != told(again)["ticket"]
    assert [told(one)["sig"] == expected_sig(one, handoff_key) for one in (first, again)] == [True, True]
    assert len(stored(Ticket)) == 2


FORGED = "openid=oVictim&%6Fpenid=oVictim&ts=1&sig=00&SIG=00&nickname=n&headimgurl[]=h&ticket=t&x=1"


@on_sqlite
@pytest.mark.parametrize("scope", ["snsapi_base", "snsapi_userinfo"])
async def test_an_address_cannot_bring_along_what_the_gateway_is_to_say(
    visitor: Visitor, handoff_key: str, stored: Stored, scope: str
) -> None:
    response = await come_back(visitor, url=f"{RETURN_URL}?{FORGED}", scope=scope)

    assert told(response)["openid"] == OPENID
    assert told(response)["x"] == "1"
    assert told(response)["sig"] == expected_sig(response, handoff_key)
    assert "oVictim" not in response.headers["Location"]
    assert [attempt.return_url for attempt in stored(Attempt)] == [f"{RETURN_URL}?x=1"]


@on_sqlite
async def test_a_page_that_names_the_address_of_its_last_login_is_a_loop_all_the_same(
    visitor: Visitor, handoff_key: str
) -> None:
    url = RETURN_URL
    begun = []
    for _ in range(3):
        begun.append(await visitor.start(url=url))
        url = (await visitor.get(await visitor.agree(begun[-1]))).headers["Location"]

    stopped = await visitor.start(url=url)

    assert [response.status_code for response in begun] == [302, 302, 302]
    assert stopped.status_code == 429


@on_sqlite
async def test_a_site_that_is_told_no_openid_keeps_its_parameters(visitor: Visitor, handoff_key: str) -> None:
    response = await come_back(visitor, url=f"{CLINIC_URL}?openid=own&ts=1&sig=2&nickname=n&guest=3")

    back = response.headers["Location"]
    assert re.fullmatch(
        re.escape(f"{CLINIC_URL}?openid=own&ts=1&sig=2&nickname=n&guest=3&ticket=") + "[A-Z2-7]{32}", back
    )


@on_sqlite
async def test_a_guest_brings_no_openid_whatever_the_address_says(
    visitor: Visitor, handoff_key: str, database: Database
) -> None:
    switch(database, snapshot_guest=True)
    begun = await visitor.start(url=f"{RETURN_URL}?{FORGED}", scope="snsapi_userinfo")

    response = await visitor.get(await visitor.agree(begun, answer="snapshot"))

    assert response.headers["Location"] == f"{RETURN_URL}?x=1&guest=snapshot"


@on_sqlite
async def test_the_old_key_signs_within_its_grace(visitor: Visitor, handoff_key: str, database: Database) -> None:
    rotate = (sites.rotate_handoff_key, running.keys(), "shop", timedelta(hours=1))
    database.write_now(*rotate, actor="test")

    response = await come_back(visitor)

    assert told(response)["sig"] == expected_sig(response, handoff_key)


@on_sqlite
async def test_a_hand_off_key_that_was_altered_is_noticed_before_the_code_is_spent(
    visitor: Visitor, handoff_key: str, database: Database, stored: Stored, world: World
) -> None:
    other = running.keys().seal(handoff_key, handoff_key_bound_to("clinic"))
    database.write_now(lambda session: session.query(Site).filter_by(name="shop").update({"handoff_key_sealed": other}))

    response = await come_back(visitor)

    [attempt] = stored(Attempt)
    assert response.status_code == 502
    assert (attempt.outcome, attempt.ended_by) == ("failed", "gw_key_missing")
    assert world.calls.exchanged == 0
    assert stored(User) == []


@on_sqlite
async def test_a_repeated_callback_without_a_good_key_is_told_why(
    visitor: Visitor, handoff_key: str, database: Database
) -> None:
    other = running.keys().seal(handoff_key, handoff_key_bound_to("clinic"))
    database.write_now(lambda session: session.query(Site).filter_by(name="shop").update({"handoff_key_sealed": other}))
    callback = await visitor.agree(await visitor.start())

    answers = [await visitor.get(callback) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [502, 502]


@on_sqlite
async def test_the_ways_in_of_earlier_programs_end_at_the_url_with_openid_and_picture(
    visitor: Visitor, handoff_key: str
) -> None:
    # Their pages know /auth and read the person out of their own address; WeChat knows the callback by its old name.
    begun = await visitor.start(url=RETURN_URL, scope="snsapi_userinfo")
    callback = (await visitor.agree(begun)).replace("/auth/callback", "/getWxUserInfo")

    response = await visitor.get(callback)

    assert response.headers["Location"].startswith(f"{RETURN_URL}?")
    assert {"openid", "nickname", "headimgurl"} <= told(response).keys()
    assert ticket_of(response)
