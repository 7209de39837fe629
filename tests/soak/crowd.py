"""Many visitors at once: each takes the whole way through the gateway and is told what became of it."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

import aiohttp
from yarl import URL

from tests.running import RETURN_URL

_MANY_AT_ONCE = 200


@dataclass
class Crowd:
    """Visitors of one gateway. `tickets` is what they were promised, `owners` who was promised each of them, and `ends`
    how the others fared."""

    gateway: str
    people: int = 1_000
    tickets: list[str] = field(default_factory=list)
    owners: dict[str, int] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)

    async def visit(self, rate: float, until: asyncio.Event) -> None:
        """Sends so many visitors a second to the gateway, and returns when the last is done."""
        loop = asyncio.get_running_loop()
        async with self.http() as http, asyncio.TaskGroup() as group:
            began, sent = loop.time(), 0
            places = asyncio.Semaphore(_MANY_AT_ONCE)
            while not until.is_set():
                await places.acquire()
                group.create_task(self._visitor(http, random.randint(1, self.people))).add_done_callback(
                    lambda _: places.release()
                )
                sent += 1
                await asyncio.sleep(max(0.0, began + sent / rate - loop.time()))

    async def log_in_each(self, people: Iterable[int], *, at_once: int = 8) -> None:
        """One login for each of these people, a few at a time."""
        waiting = iter(people)

        async def work() -> None:
            for person in waiting:
                await self._visitor(http, person)

        async with self.http() as http, asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())

    async def has_brought(self, tickets: int) -> None:
        """Waits until there are so many: a busy machine takes longer."""
        while len(self.tickets) < tickets:
            await asyncio.sleep(0.05)

    def http(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=5),
            timeout=aiohttp.ClientTimeout(total=90),
        )

    async def _visitor(self, http: aiohttp.ClientSession, person: int) -> None:
        try:
            end = await self._log_in(http, person)
        except (aiohttp.ClientError, TimeoutError) as error:
            end = type(error).__name__
        self.ends[end] += 1

    async def _log_in(self, http: aiohttp.ClientSession, person: int) -> str:
        location, cookie = await redirect(http, f"{self.gateway}/auth?url={quote(RETURN_URL, safe='')}")
        if not location:
            return cookie
        callback, problem = await redirect(http, location.partition("#")[0], {"X-Sim-Person": str(person)})
        if not callback:
            return problem
        back, problem = await redirect(http, callback, {"Cookie": cookie})
        return self._promised(back, person) if back else problem

    def _promised(self, back: str, person: int) -> str:
        """Takes note of the ticket in the address that the visitor is sent back to."""
        ticket = back.partition("ticket=")[2]
        self.tickets.append(ticket)
        self.owners[ticket] = person
        return "a ticket"


async def redirect(
    http: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None
) -> tuple[str | None, str]:
    """Where the answer leads, and its cookie; without a redirect None and the status."""
    async with http.get(URL(url, encoded=True), headers=headers, allow_redirects=False) as response:
        if response.status != 302:
            return None, str(response.status)
        return response.headers["Location"], response.headers.get("Set-Cookie", "").partition(";")[0]
