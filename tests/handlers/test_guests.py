"""WeChat's snapshot page: whoever looks at it is nobody, and comes back as a guest where the site wants that."""

from collections.abc import Callable, Sequence

import pytest

from tests.databases import on_sqlite
from tests.running import RETURN_URL, SiteKeys, switch
from tests.visiting import Visitor
from wxadmin.database import Database
from wxadmin.models import Attempt, Ticket, Token, User
from wxadmin.simulator import World

Stored = Callable[[type], Sequence]


@pytest.fixture(autouse=True)
def taking_guests(database: Database, site_keys: SiteKeys) -> None:
    switch(database, snapshot_guest=True)


async def look_at_the_snapshot(visitor: Visitor, url: str = RETURN_URL) -> str:
    """Gives the callback."""
    return await visitor.agree(await visitor.start(url=url, scope="snsapi_userinfo"), answer="snapshot")


async def test_a_visitor_of_the_snapshot_page_is_back_as_a_guest_and_nobody_is_stored(
    visitor: Visitor, stored: Stored
) -> None:
    response = await visitor.get(await look_at_the_snapshot(visitor, f"{RETURN_URL}?table=4&x=%20+#/menu"))

    [attempt] = stored(Attempt)
    assert response.status_code == 302
    assert response.headers["Location"] == f"{RETURN_URL}?table=4&x=%20+&guest=snapshot#/menu"
    assert attempt.outcome == "snapshot"
    assert (stored(User), stored(Ticket), stored(Token)) == ([], [], [])


async def test_a_repeated_callback_of_a_guest_leads_to_the_same_place(
    visitor: Visitor, stored: Stored, world: World
) -> None:
    callback = await look_at_the_snapshot(visitor)
    first = await visitor.get(callback)

    again = await visitor.get(callback)

    assert again.headers["Location"] == first.headers["Location"] == f"{RETURN_URL}?guest=snapshot"
    assert world.calls.exchanged == 1
    assert [attempt.outcome for attempt in stored(Attempt)] == ["snapshot"]
    assert stored(Ticket) == []


@on_sqlite
async def test_a_real_login_is_no_guest_whatever_its_address_says(visitor: Visitor) -> None:
    begun = await visitor.start(url=f"{RETURN_URL}?guest=snapshot", scope="snsapi_userinfo")

    response = await visitor.get(await visitor.agree(begun))

    assert "guest" not in response.headers["Location"]
    assert "ticket=" in response.headers["Location"]


@on_sqlite
async def test_a_guest_brings_no_ticket_whatever_the_address_says(visitor: Visitor) -> None:
    response = await visitor.get(await look_at_the_snapshot(visitor, f"{RETURN_URL}?ticket=made-up&guest=declined"))

    assert response.headers["Location"] == f"{RETURN_URL}?guest=snapshot"


@on_sqlite
async def test_another_browser_is_no_guest(visitor: Visitor) -> None:
    callback = await look_at_the_snapshot(visitor)

    response = await Visitor(visitor.gateway, visitor.http).get(callback)

    assert response.status_code == 403


@on_sqlite
async def test_a_site_that_takes_no_guests_leaves_them_the_page(visitor: Visitor, database: Database) -> None:
    switch(database, snapshot_guest=False)

    response = await visitor.get(await look_at_the_snapshot(visitor))

    assert response.status_code == 200
    assert "使用完整服务" in response.text
