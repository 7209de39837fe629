"""Visitors as different as they are in life: most log in, others are refused, turn back, come twice or never."""

import asyncio
import random
from dataclasses import dataclass

import aiohttp

from tests.running import CLINIC_URL, RETURN_URL
from tests.soak.ways import Way, Wayfarers

# What WeChat answers to some of the calls, each at its own rate.
REFUSALS: tuple[dict[str, object], ...] = tuple(
    {"endpoint": endpoint, "kind": "errcode", "errcode": errcode, "rate": rate}
    for endpoint, errcode, rate in (
        ("exchange", 40029, 0.05),
        ("exchange", 40163, 0.03),
        ("exchange", -1, 0.05),
        ("exchange", 40125, 0.02),
        ("userinfo", 48001, 0.05),
    )
)
# How calls fail without an answer, and the share of them that does; `after` the call has had its effect.
BREAKDOWNS: tuple[dict[str, object], ...] = (
    {"endpoint": "authorize", "kind": "status", "status": 503, "rate": 0.01},
    {"endpoint": "authorize", "kind": "drop", "rate": 0.005},
    *(
        {"endpoint": endpoint, "kind": kind, "rate": rate, "after": after} | more
        for endpoint in ("exchange", "userinfo")
        for after in (False, True)
        for kind, rate, more in (
            ("status", 0.01, {"status": 502}),
            ("html", 0.005, {}),
            ("cut", 0.01, {}),
            ("drop", 0.01, {}),
            ("slow", 0.0025, {"seconds": 6}),
        )
    ),
)
# How long those wait who do not like to: an exchange may have begun by then, or not.
_IMPATIENCE_S = (0.001, 0.1)


@dataclass
class MixedCrowd(Wayfarers):
    """Each visitor draws a fate. `site_key` is the shop's, whose server redeems some of the tickets."""

    site_key: str = ""

    async def _log_in(self, http: aiohttp.ClientSession, person: int) -> str:
        [fate] = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        return f"{fate}: {await getattr(self, f'_{fate}')(http, person)}"

    async def _logs_in(self, http: aiohttp.ClientSession, person: int) -> str:
        return (await self._go(http, person)).end

    async def _leaves_at_once(self, http: aiohttp.ClientSession, person: int) -> str:
        return (await self.start(http, person, RETURN_URL, "snsapi_userinfo")).end or "at WeChat"

    async def _declines(self, http: aiohttp.ClientSession, person: int) -> str:
        return (await self._go(http, person, scope="snsapi_userinfo", answer="deny")).end

    async def _looks_at_the_snapshot(self, http: aiohttp.ClientSession, person: int) -> str:
        return (await self._go(http, person, scope="snsapi_userinfo", answer="snapshot")).end

    async def _comes_from_nowhere(self, http: aiohttp.ClientSession, person: int) -> str:
        return (await self.start(http, person, "https://nowhere.example.com/", "snsapi_base")).end

    async def _reloads(self, http: aiohttp.ClientSession, person: int) -> str:
        way = await self._go(http, person)
        return f"{way.end}, then {await self.come_back(http, way)}"

    async def _comes_twice_at_once(self, http: aiohttp.ClientSession, person: int) -> str:
        way = await self._go(http, person, comes_back=False)
        return " and ".join(await asyncio.gather(self.come_back(http, way), self.come_back(http, way)))

    async def _hangs_up(self, http: aiohttp.ClientSession, person: int) -> str:
        """Before there is an answer, and tries once more."""
        way = await self._go(http, person, comes_back=False)
        try:
            first = await asyncio.wait_for(self.come_back(http, way), random.uniform(*_IMPATIENCE_S))
        except TimeoutError:
            self.cut_off.append(way)
            first = "no answer yet"
        return f"{first}, then {await self.come_back(http, way)}"

    async def _comes_after_a_robot(self, http: aiohttp.ClientSession, person: int) -> str:
        way = await self._go(http, person, comes_back=False)
        robot = await self.come_back(http, way, cookie="")
        return f"{robot}, then {await self.come_back(http, way)}"

    async def _loses_the_cookie(self, http: aiohttp.ClientSession, person: int) -> str:
        way = await self._go(http, person, comes_back=False)
        lost = await self.come_back(http, way, cookie="")
        return f"{lost}, then {(await self._go(http, person)).end}"

    async def _moves_to_another_browser(self, http: aiohttp.ClientSession, person: int) -> str:
        """Which has something else under the cookie's name."""
        way = await self._go(http, person, comes_back=False)
        moved = await self.come_back(http, way, cookie=f"{way.cookie.partition('=')[0]}=19acf.made.up")
        return f"{moved}, then {(await self._go(http, person)).end}"

    async def _tries_again(self, http: aiohttp.ClientSession, person: int) -> str:
        """With a second code under the same state, where the first was no good."""
        way = await self._go(http, person)
        if way.end == "a ticket":
            return way.end
        return f"{way.end}, then {await self.bring_another_code(http, way)}"

    async def _brings_two_codes(self, http: aiohttp.ClientSession, person: int) -> str:
        way = await self._go(http, person)
        return f"{way.end}, then {await self.bring_another_code(http, way)}"

    async def _brings_two_codes_at_once(self, http: aiohttp.ClientSession, person: int) -> str:
        way = await self._go(http, person, comes_back=False)
        return " and ".join(await asyncio.gather(self.come_back(http, way), self.bring_another_code(http, way)))

    async def _is_asked_for(self, http: aiohttp.ClientSession, person: int) -> str:
        """The site's server redeems the ticket: once, once too often, or one that it made up."""
        end = (await self._go(http, person, url=RETURN_URL)).end
        tickets = [*self.tickets[-1:], *self.tickets[-1:], "made-up"][: random.randint(1, 3)]
        statuses = [await self._redeem(http, ticket) for ticket in tickets]
        return f"{end}, redeemed {statuses}"

    async def _redeem(self, http: aiohttp.ClientSession, ticket: str) -> int:
        headers = {"Authorization": f"Bearer {self.site_key}"}
        url = f"{self.gateway}/api/v1/tickets/redeem"
        async with http.post(url, json={"ticket": ticket}, headers=headers) as response:
            return response.status

    async def _go(
        self,
        http: aiohttp.ClientSession,
        person: int,
        *,
        url: str | None = None,
        scope: str | None = None,
        answer: str = "allow",
        comes_back: bool = True,
    ) -> Way:
        """To WeChat and, unless told otherwise, back to the gateway."""
        url = url or random.choice((RETURN_URL, RETURN_URL, CLINIC_URL))
        way = await self.start(http, person, url, scope or random.choice(("snsapi_base", "snsapi_userinfo")))
        if not way.end:
            await self.answer(http, way, answer)
        if way.callback and comes_back:
            way.end = await self.come_back(http, way)
        return way


_WEIGHTS = {
    "logs_in": 35,
    "leaves_at_once": 4,
    "declines": 4,
    "looks_at_the_snapshot": 5,
    "comes_from_nowhere": 5,
    "reloads": 8,
    "comes_twice_at_once": 6,
    "hangs_up": 5,
    "comes_after_a_robot": 5,
    "loses_the_cookie": 3,
    "moves_to_another_browser": 3,
    "tries_again": 6,
    "brings_two_codes": 3,
    "brings_two_codes_at_once": 3,
    "is_asked_for": 5,
}
