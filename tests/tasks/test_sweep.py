"""The job that ends attempts which will not end by themselves."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta

import httpx
import pytest

from tests.running import RETURN_URL, SiteKeys
from tests.visiting import Visitor
from wxadmin import app
from wxadmin.clock import utcnow
from wxadmin.flows.gateway import Gateway
from wxadmin.journal import Journal
from wxadmin.models import Attempt, CodeClaim, Event, Ticket
from wxadmin.services import sweeping
from wxadmin.services.logins import Login
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault
from wxadmin.tasks import sweep

# A lease is as long as the gateway waits for WeChat.
pytestmark = pytest.mark.impatient

Stored = Callable[[type], Sequence]


@pytest.fixture
async def flow(settings: Settings, site_keys: SiteKeys) -> AsyncIterator[Gateway]:
    async with app.make_front(settings, "http://127.0.0.1") as front:
        yield front.gateway


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Moves the job's clock."""

    def later(**by: float) -> None:
        monkeypatch.setattr(sweep, "utcnow", lambda: utcnow() + timedelta(**by))

    return later


def ends(stored: Stored) -> list[tuple[str | None, str | None]]:
    return [(attempt.outcome, attempt.ended_by) for attempt in stored(Attempt)]


async def test_a_visitor_who_never_comes_back_has_abandoned_the_login(
    visitor: Visitor, flow: Gateway, later: Callable, stored: Stored
) -> None:
    await visitor.start()
    later(minutes=10, seconds=1)

    ended = await sweep.run(flow)
    event = max(stored(Event), key=lambda event: event.id)

    assert ended == 1
    assert ends(stored) == [("abandoned", "gw_no_callback")]
    assert (event.event_class, event.code, event.outcome) == ("abandoned", "gw_no_callback", "abandoned")


async def test_a_visitor_who_may_still_come_back_is_waited_for(
    visitor: Visitor, flow: Gateway, later: Callable, stored: Stored
) -> None:
    await visitor.start()
    later(minutes=9, seconds=50)

    ended = await sweep.run(flow)

    assert ended == 0
    assert ends(stored) == [(None, None)]


async def test_a_visitor_whose_cookie_was_lost_on_the_way_has_failed(
    visitor: Visitor, http: httpx.AsyncClient, flow: Gateway, later: Callable, *, stored: Stored
) -> None:
    callback = await visitor.agree(await visitor.start())
    await Visitor(visitor.gateway, http).get(callback)
    later(minutes=10, seconds=1)

    await sweep.run(flow)
    event = max(stored(Event), key=lambda event: event.id)

    assert ends(stored) == [("failed", "gw_state_cookie_lost")]
    assert (event.event_class, event.code) == ("failure", "gw_state_cookie_lost")


async def test_a_return_after_the_attempt_was_abandoned_is_an_event_only(
    visitor: Visitor, flow: Gateway, later: Callable, stored: Stored
) -> None:
    callback = await visitor.agree(await visitor.start())
    later(minutes=10, seconds=1)
    await sweep.run(flow)

    response = await visitor.get(callback)
    event = max(stored(Event), key=lambda event: event.id)

    assert response.status_code == 410
    assert ends(stored) == [("abandoned", "gw_no_callback")]
    assert (event.event_class, event.code) == ("harmless", "gw_state_expired")


@pytest.fixture
def die(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Awaitable[None]]:
    """`await die(callback)`: its process dies between the exchange and the commit."""
    really = Journal.write

    async def write(self: Journal, step: object) -> object:
        if isinstance(step, Login):
            raise ConnectionAbortedError("the process died")
        return await really(self, step)  # type: ignore[arg-type]

    async def die(callback: str) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "write", write)
            assert (await visitor.get(callback)).status_code == 500

    return die


@pytest.fixture
async def interrupted(visitor: Visitor, die: Callable[[str], Awaitable[None]]) -> str:
    """A callback whose process died."""
    callback = await visitor.agree(await visitor.start())
    await die(callback)
    return callback


async def test_a_claim_whose_process_died_ends_after_its_lease(
    interrupted: str, flow: Gateway, later: Callable, stored: Stored
) -> None:
    later(seconds=5)
    before = await sweep.run(flow)
    later(seconds=14)

    after = await sweep.run(flow)
    event = max(stored(Event), key=lambda event: event.id)

    assert (before, after) == (0, 1)
    assert ends(stored) == [("failed", "gw_interrupted")]
    assert (event.event_class, event.code, event.outcome) == ("failure", "gw_interrupted", "failed")


async def test_a_claim_is_kept_until_its_attempt_has_its_end(
    interrupted: str, flow: Gateway, later: Callable, stored: Stored
) -> None:
    later(minutes=11)
    await flow.database.write(sweeping.purge, now=sweep.utcnow())

    await sweep.run(flow)
    await sweep.run(flow)

    assert ends(stored) == [("failed", "gw_interrupted")]
    assert stored(CodeClaim) == []


async def test_the_reload_of_an_interrupted_login_begins_it_again(
    interrupted: str, visitor: Visitor, flow: Gateway, later: Callable, *, stored: Stored
) -> None:
    later(seconds=14)
    await sweep.run(flow)

    reloaded = await visitor.get(interrupted)
    begun = await visitor.get(reloaded.headers["Location"])
    await visitor.get(await visitor.agree(begun))

    assert reloaded.status_code == 302
    assert begun.headers["Location"].partition("?")[0].endswith("/connect/oauth2/authorize")
    assert sorted(ends(stored), key=str) == [("failed", "gw_interrupted"), ("succeeded", None)]


@pytest.fixture
async def interrupted_later(visitor: Visitor, world: World, die: Callable[[str], Awaitable[None]]) -> str:
    """A callback with a second code, after the first was refused, whose process died."""
    begun = await visitor.start()
    first, second = await visitor.agree(begun), await visitor.agree(begun)
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    assert (await visitor.get(first)).status_code == 400
    await die(second)
    return second


async def test_a_second_code_whose_process_died_is_an_interrupted_login_too(
    interrupted_later: str, flow: Gateway, later: Callable, stored: Stored
) -> None:
    later(seconds=5)
    before = await sweep.run(flow)
    later(seconds=14)

    after, again = await sweep.run(flow), await sweep.run(flow)
    event = max(stored(Event), key=lambda event: event.id)

    assert (before, after, again) == (0, 1, 0)
    assert ends(stored) == [("failed", "gw_interrupted")]
    assert (event.event_class, event.code, event.outcome) == ("failure", "gw_interrupted", None)
    assert [event.code for event in stored(Event) if event.outcome] == ["40029"]


async def test_the_reload_of_a_second_code_that_was_interrupted_begins_the_login_again(
    interrupted_later: str, visitor: Visitor, flow: Gateway, later: Callable
) -> None:
    later(seconds=14)
    await sweep.run(flow)

    reloaded = await visitor.get(interrupted_later)

    assert reloaded.status_code == 302
    assert "again=1" in reloaded.headers["Location"]


async def test_a_second_code_that_was_refused_too_is_no_interrupted_login(
    visitor: Visitor, flow: Gateway, world: World, later: Callable, *, stored: Stored
) -> None:
    begun = await visitor.start()
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=2))
    for callback in [await visitor.agree(begun), await visitor.agree(begun)]:
        await visitor.get(callback)
    later(seconds=14)

    ended = await sweep.run(flow)

    assert ended == 0
    assert ends(stored) == [("failed", "40029")]


async def test_claims_and_tickets_are_deleted_when_they_have_served(
    visitor: Visitor, flow: Gateway, later: Callable, stored: Stored
) -> None:
    await visitor.log_in()
    later(minutes=9)
    await sweep.run(flow)
    kept = len(stored(CodeClaim)), len(stored(Ticket))

    later(minutes=11)
    await sweep.run(flow)
    later(days=1, minutes=6)
    await sweep.run(flow)

    assert kept == (1, 1)
    assert (stored(CodeClaim), stored(Ticket)) == ([], [])
    assert ends(stored) == [("succeeded", None)]


async def test_more_than_one_transaction_is_made_where_many_wait(
    visitor: Visitor, flow: Gateway, later: Callable, stored: Stored, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table in range(7):
        await visitor.start(url=f"{RETURN_URL}?table={table}")
    monkeypatch.setattr(sweep, "_AT_A_TIME", 3)
    later(minutes=11)

    ended = await sweep.run(flow)

    assert ended == 7
    assert ends(stored) == [("abandoned", "gw_no_callback")] * 7
