"""Callbacks that come many times at once, over one process and over three: one exchange, one login, and every repeat
of the same browser gets it; nobody else does."""

import asyncio
import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiohttp
import httpx
import pytest

from tests.running import RETURN_URL, Program, SiteKeys, serve, unused_port
from tests.soak import unguarded
from tests.soak.crowd import Crowd, redirect
from tests.soak.oracle import asked
from tests.soak.scale import SCALE, scaled, with_a_guard_off
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

AT_ONCE = 50
ROUNDS = scaled(20, least=1)
WITHOUT_CLAIMS, WITHOUT_COOKIES = ((unguarded.__file__, guard) for guard in ("claims", "cookies"))


@dataclass
class Repeats:
    """A gateway, and what its callbacks answered: where each led to, without its ticket, and the ticket."""

    crowd: Crowd
    site_key: str
    simulator: httpx.Client

    async def callback(self, http: aiohttp.ClientSession) -> tuple[str, str]:
        """Where WeChat sends a new visitor back to, and the visitor's cookie."""
        begun, cookie = await redirect(http, f"{self.crowd.gateway}/auth?url={quote(RETURN_URL, safe='')}&nonce=n-1")
        assert begun
        person = {"X-Sim-Person": str(uuid.uuid4().int % 1_000 + 1)}
        back, _ = await redirect(http, begun.partition("#")[0], person)
        assert back
        return back, cookie

    async def come_back(self, callback: str, cookies: list[str]) -> list[str]:
        """The answers to a callback by browsers with these cookies, each on a connection of its own: the place, or the
        status of a page."""
        # One client each, so that the connections fall to all processes.
        return await asyncio.gather(*(self._come_back(callback, cookie) for cookie in cookies))

    async def _come_back(self, callback: str, cookie: str) -> str:
        async with self.crowd.http() as http:
            place, problem = await redirect(http, callback, {"Cookie": cookie} if cookie else None)
            return place or problem

    async def logins_of(self, tickets: list[str]) -> set[str]:
        """Whose logins the tickets are, as the site's server is told."""
        headers, url = {"Authorization": f"Bearer {self.site_key}"}, f"{self.crowd.gateway}/api/v1/tickets/redeem"
        logins = set()
        async with self.crowd.http() as http:
            for ticket in tickets:
                async with http.post(url, json={"ticket": ticket}, headers=headers) as answer:
                    assert answer.status == 200, await answer.text()
                    logins.add((await answer.json())["login_id"])
        return logins

    def exchanges(self) -> dict[str, int]:
        """How WeChat answered to exchanges, by errcode."""
        calls: dict[str, int] = self.simulator.get("/stats").json()["calls"].get("exchange", {})
        return calls


@pytest.fixture(params=[1, 3], ids=["one process", "three processes"])
def processes(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


over_three = pytest.mark.parametrize("processes", [1, 3] if SCALE >= 1 else [3], indirect=True)
"""Below full size, what holds over three processes is believed to hold over one."""


@pytest.fixture
def repeats(site_keys: SiteKeys, simulator: httpx.Client) -> Repeats:
    assert simulator.post("/settings", json={"latency_ms": 50}).is_success
    return Repeats(Crowd(f"http://127.0.0.1:{unused_port()}"), site_keys.shop, simulator)


def serving(
    settings: Settings, repeats: Repeats, folder: Path, *, processes: int = 1, **more: tuple[str, ...]
) -> AbstractContextManager[Program]:
    patient = settings.model_copy(update={"wechat_timeout": 5.0, "log_level": "warning"})
    port = int(repeats.crowd.gateway.rpartition(":")[2])
    return serve(patient, port, "--processes", str(processes), folder=folder, **more)


def made_up(cookie: str) -> str:
    """What another browser may have under the same name."""
    return cookie.partition("=")[0] + "=19acf.made.up"


async def test_one_browsers_repeats_all_get_its_one_login(
    settings: Settings, repeats: Repeats, processes: int, tmp_path: Path
) -> None:
    with serving(settings, repeats, tmp_path, processes=processes):
        for _ in range(ROUNDS):
            async with repeats.crowd.http() as http:
                callback, cookie = await repeats.callback(http)
            answers = await repeats.come_back(callback, [cookie] * AT_ONCE)
            places = {answer.partition("ticket=")[0] for answer in answers}
            tickets = [answer.partition("ticket=")[2] for answer in answers]
            logins = await repeats.logins_of(tickets)

            assert places == {f"{RETURN_URL}?"}
            assert len(set(tickets)) == AT_ONCE
            assert len(logins) == 1

    with asked(settings.database) as oracle:
        harmless = oracle.one("SELECT count(*) FROM event WHERE event_class = 'harmless' AND stage = 'return'")
        failures = oracle.one("SELECT count(*) FROM event WHERE event_class = 'failure'")
        succeeded = oracle.one("SELECT count(*) FROM attempt WHERE outcome = 'succeeded'")
        logins_of_users = oracle.one('SELECT sum(logins) FROM "user"')
        differences = oracle.differences()
    print(
        f"\n{ROUNDS} callbacks, {AT_ONCE} times at once over {processes} processes: exchanges {repeats.exchanges()}, "
        f"{succeeded} logins, {harmless} harmless repeats, {failures} failures"
    )

    assert repeats.exchanges() == {"0": ROUNDS}
    assert (succeeded, int(str(logins_of_users)), harmless, failures) == (ROUNDS, ROUNDS, ROUNDS * (AT_ONCE - 1), 0)
    assert differences == []


async def wrong_then_right(repeats: Repeats, *, has_cookie: bool) -> tuple[str, str]:
    """The answers to another browser, and to the one that began when it comes 20 ms later."""
    async with repeats.crowd.http() as http:
        callback, cookie = await repeats.callback(http)
    wrong = asyncio.create_task(repeats.come_back(callback, [made_up(cookie) if has_cookie else ""]))
    await asyncio.sleep(0.02)
    [right] = await repeats.come_back(callback, [cookie])
    return (await wrong)[0], right


@over_three
async def test_only_the_browser_that_began_gets_the_login(
    settings: Settings, repeats: Repeats, processes: int, tmp_path: Path
) -> None:
    with serving(settings, repeats, tmp_path, processes=processes):
        async with repeats.crowd.http() as http:
            callback, cookie = await repeats.callback(http)
            others = [(await repeats.callback(http))[1] for _ in range(AT_ONCE - 2)]
        of_many = await repeats.come_back(callback, [*others, made_up(cookie), cookie])
        wrong, right = zip(
            await wrong_then_right(repeats, has_cookie=False),
            await wrong_then_right(repeats, has_cookie=True),
            strict=True,
        )
        logins = await repeats.logins_of([answer.partition("ticket=")[2] for answer in right])

    assert [answer for answer in of_many if "ticket=" in answer] == [of_many[-1]]
    assert {*of_many[:-1], *wrong} == {"403"}
    assert len(logins) == 2
    assert repeats.exchanges() == {"0": 3}


@with_a_guard_off
async def test_without_claims_one_code_would_be_exchanged_again_and_again(
    settings: Settings, repeats: Repeats, tmp_path: Path
) -> None:
    with serving(settings, repeats, tmp_path, wxadmin=WITHOUT_CLAIMS):
        async with repeats.crowd.http() as http:
            callback, cookie = await repeats.callback(http)
        answers = await repeats.come_back(callback, [cookie] * AT_ONCE)

    print(f"\nwithout claims: exchanges {repeats.exchanges()}, {sum('ticket=' in one for one in answers)} tickets")
    assert sum(repeats.exchanges().values()) > 1
    assert any("ticket=" not in answer for answer in answers)


@with_a_guard_off
async def test_without_cookies_a_stranger_would_get_the_login(
    settings: Settings, repeats: Repeats, tmp_path: Path
) -> None:
    with serving(settings, repeats, tmp_path, wxadmin=WITHOUT_COOKIES):
        async with repeats.crowd.http() as http:
            callback, cookie = await repeats.callback(http)
        of_many = await repeats.come_back(callback, ["", made_up(cookie), cookie])
        wrong, _ = await wrong_then_right(repeats, has_cookie=True)

    assert all("ticket=" in answer for answer in [*of_many, wrong])
