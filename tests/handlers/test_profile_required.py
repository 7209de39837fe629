"""A site that takes nobody without nickname and picture: a page where WeChat does not give them, and one tap on."""

from collections.abc import Callable, Sequence

import httpx
import pytest

from tests.databases import on_sqlite
from tests.html_tree import read
from tests.running import SiteKeys, switch
from tests.visiting import Visitor, ticket_of
from wxadmin.database import Database
from wxadmin.models import Attempt, Event, Ticket, Token, User
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Stored = Callable[[type], Sequence]


@pytest.fixture(autouse=True)
def requiring(database: Database, site_keys: SiteKeys) -> None:
    switch(database, profile_required=True)


async def callback(visitor: Visitor, scope: str = "snsapi_userinfo") -> str:
    return await visitor.agree(await visitor.start(scope=scope, nonce="n-1"))


def way_on(page: httpx.Response) -> str:
    (again,) = (node.attributes["href"] for node in read(page.text).all("a", named="primary"))
    return again


@pytest.mark.parametrize(
    "fault",
    [
        Fault("userinfo", "errcode", errcode=40003),
        Fault("userinfo", "errcode", errcode=48001),
        Fault("userinfo", "cut"),
    ],
    ids=["40003", "48001", "cut"],
)
async def test_a_login_without_a_profile_is_stored_and_leads_to_a_page_instead_of_the_site(
    visitor: Visitor, stored: Stored, world: World, fault: Fault
) -> None:
    world.faults.order(fault)

    response = await visitor.get(await callback(visitor))

    [attempt], [user] = stored(Attempt), stored(User)
    assert response.status_code == 502
    assert "没有取到您的昵称和头像" in response.text
    assert f"{attempt.support_code[:4]}-{attempt.support_code[4:]}" in response.text
    assert (attempt.outcome, attempt.user_id, attempt.ended_by) == ("succeeded", user.id, None)
    assert (len(stored(Token)), stored(Ticket)) == (1, [])
    assert [(event.stage, event.event_class) for event in sorted(stored(Event), key=lambda event: event.id)] == [
        ("start", "ok"),
        ("return", "ok"),
        ("exchange", "ok"),
        ("userinfo", "failure"),
        ("handoff", "ok"),
    ]


async def test_one_tap_begins_again_and_brings_the_visitor_to_the_site(
    visitor: Visitor, stored: Stored, world: World
) -> None:
    world.faults.order(Fault("userinfo", "errcode", errcode=40003, times=1))
    page = await visitor.get(await callback(visitor))

    back = await visitor.get(await visitor.agree(await visitor.get(way_on(page))))

    assert ticket_of(back)
    assert [(user.nickname, user.logins) for user in stored(User)] == [("小明", 2)]
    assert {attempt.nonce for attempt in stored(Attempt)} == {"n-1"}


async def test_a_repeated_callback_gets_the_same_page_and_no_ticket(
    visitor: Visitor, stored: Stored, world: World
) -> None:
    # They have been here before with their profile: that is not what this login brought.
    await visitor.log_in(scope="snsapi_userinfo")
    world.faults.order(Fault("userinfo", "errcode", errcode=40003))
    returned = await callback(visitor)
    first = await visitor.get(returned)

    again = await visitor.get(returned)

    assert (first.status_code, again.status_code) == (502, 502)
    assert "没有取到您的昵称和头像" in again.text
    assert way_on(again) == way_on(first)
    assert len(stored(Ticket)) == 1


@on_sqlite
async def test_a_repeated_callback_of_a_login_with_its_profile_gets_a_ticket(visitor: Visitor, stored: Stored) -> None:
    returned = await callback(visitor)

    tickets = {ticket_of(await visitor.get(returned)) for _ in range(2)}

    assert len(tickets) == len(stored(Ticket)) == 2


@on_sqlite
async def test_nobody_is_sent_round_by_the_page_itself(visitor: Visitor, world: World) -> None:
    world.faults.order(Fault("userinfo", "errcode", errcode=40003))
    pages = [await visitor.get(await callback(visitor)) for _ in range(3)]

    stopped = await visitor.get(way_on(pages[-1]))

    assert [page.status_code for page in pages] == [502, 502, 502]
    assert stopped.status_code == 429


@on_sqlite
async def test_a_silent_login_promises_no_profile(visitor: Visitor) -> None:
    response = await visitor.get(await callback(visitor, "snsapi_base"))

    assert ticket_of(response)


@on_sqlite
async def test_a_site_that_requires_none_gets_its_visitor_all_the_same(
    visitor: Visitor, database: Database, world: World
) -> None:
    switch(database, profile_required=False)
    world.faults.order(Fault("userinfo", "errcode", errcode=40003))

    response = await visitor.get(await callback(visitor))

    assert ticket_of(response)
