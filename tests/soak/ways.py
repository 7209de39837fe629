"""The steps of a visitor's way, one by one: to the gateway, to WeChat, and back as often as they like."""

import random
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp

from tests.soak.crowd import Crowd, redirect


@dataclass
class Way:
    """How far a visitor got: where WeChat sent them, with which cookie, and what came of it."""

    person: int
    cookie: str = ""
    authorize_url: str = ""
    callback: str | None = None
    end: str = ""
    restarts: int = 0

    @property
    def state(self) -> str:
        return parse_qs(urlsplit(self.authorize_url).query)["state"][0]


@dataclass
class Wayfarers(Crowd):
    """`more_gateways` share the work with the first, as behind a load balancer. `states` are those that each code came
    back with, `cut_off` the visitors whose callback was never answered."""

    more_gateways: tuple[str, ...] = ()
    states: dict[str, str] = field(default_factory=dict)
    cut_off: list[Way] = field(default_factory=list)

    def http(self) -> aiohttp.ClientSession:
        session = super().http()
        # It would quietly bring a callback a second time where the connection broke at the first.
        session._retry_connection = False
        return session

    async def start(self, http: aiohttp.ClientSession, person: int, url: str, scope: str) -> Way:
        """At the gateway; where it does not send the visitor on, the way ends here."""
        way = Way(person)
        await self._begin(http, way, f"/auth?url={quote(url, safe='')}&scope={scope}")
        return way

    async def answer(self, http: aiohttp.ClientSession, way: Way, answer: str = "allow") -> None:
        """At WeChat."""
        headers = {"X-Sim-Person": str(way.person), "X-Sim-Answer": answer}
        way.callback, way.end = await redirect(http, way.authorize_url, headers)
        for code in parse_qs(urlsplit(way.callback or "").query).get("code", []):
            self.states[code] = way.state

    async def come_back(self, http: aiohttp.ClientSession, way: Way, *, cookie: str | None = None) -> str:
        """To the gateway, with another cookie where one is named; and on to WeChat again if it says so."""
        if not way.callback:
            return "nowhere to come back to"
        headers = {"Cookie": way.cookie if cookie is None else cookie}
        try:
            back, problem = await self._ask(http, way.callback.removeprefix(self.gateway), headers)
        except (aiohttp.ClientError, TimeoutError):
            self.cut_off.append(way)
            raise
        if not back:
            return problem
        return self._promised(back, way.person) if "ticket=" in back else await self._begin_anew(http, way, back)

    async def bring_another_code(self, http: aiohttp.ClientSession, way: Way) -> str:
        """A second one of the same person under the same state."""
        if not way.callback:
            return "nothing"
        second = Way(way.person, way.cookie, way.authorize_url)
        await self.answer(http, second)
        return await self.come_back(http, second)

    async def reload(self, ways: list[Way]) -> list[str]:
        """What those who were cut off get when they try the same address again."""
        async with self.http() as http:
            return [await self.come_back(http, way) for way in ways]

    async def _begin(self, http: aiohttp.ClientSession, way: Way, path: str) -> None:
        # From one of many addresses, since one alone has few of its refused starts written down.
        address = {"X-Forwarded-For": f"198.51.{random.randint(0, 99)}.{random.randint(1, 250)}"}
        location, said = await self._ask(http, path, address)
        if location:
            way.authorize_url, way.cookie = location.partition("#")[0], said
        else:
            way.end = said

    async def _begin_anew(self, http: aiohttp.ClientSession, way: Way, path: str) -> str:
        """Where a login was lost through no fault of the visitor's, the gateway sends them to WeChat again, once."""
        anew = Way(way.person, restarts=way.restarts + 1)
        if anew.restarts > 1:
            return "in circles"
        await self._begin(http, anew, path)
        if not anew.end:
            await self.answer(http, anew)
        return f"begun anew, {await self.come_back(http, anew) if anew.callback else anew.end}"

    async def _ask(self, http: aiohttp.ClientSession, path: str, headers: dict[str, str]) -> tuple[str | None, str]:
        """The answer of one of the gateways; one that takes no connections is passed over."""
        gateways = (self.gateway, *self.more_gateways)
        *others, last = random.sample(gateways, len(gateways))
        for gateway in others:
            try:
                return await redirect(http, gateway + path, headers)
            except aiohttp.ClientConnectorError:
                continue
        return await redirect(http, last + path, headers)
