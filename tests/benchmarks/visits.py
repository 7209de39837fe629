"""What a visitor does: the whole login at a server that sends them to WeChat, or a half of it."""

import random
from typing import NamedTuple
from urllib.parse import urlencode

import httpx

from tests.benchmarks.browsing import Browser
from tests.benchmarks.servers import Server
from tests.running import RETURN_URL
from tests.visiting import Visitor, no_cookies, redeem
from wxadmin.simulator import DEFAULT_APPID
from wxadmin.simulator.people import NOTABLE, Person

# Who comes: a thousand people, so that most have been here before, and none whose nickname breaks careless programs.
_PEOPLE = range(len(NOTABLE) + 1, len(NOTABLE) + 1_001)
SOMEBODY = Person(_PEOPLE[0])


class Back(NamedTuple):
    """Where WeChat sends the visitor, and the cookie of the start."""

    url: str
    cookie: str


def start_url(gateway: Server, scope: str = "snsapi_base") -> str:
    return f"{gateway.url}/auth?{urlencode({'url': RETURN_URL, 'scope': scope})}"


async def agree(browser: Browser, start: str) -> Back:
    """Starts a login and agrees at WeChat."""
    begun = await browser.get(start)
    assert begun.location, begun
    return Back(await consent(browser, begun.location), begun.cookie)


async def consent(browser: Browser, authorize_url: str) -> str:
    """Somebody agrees at WeChat; gives the address that they are sent back to."""
    agreed = await browser.get(authorize_url, f"wxsim_person={random.choice(_PEOPLE)}")
    assert agreed.location, agreed
    return agreed.location


async def come_back(browser: Browser, back: Back, to: str = f"{RETURN_URL}?ticket=") -> None:
    """The half that the login is stored for; it ends at an address that begins with `to`."""
    ended = await browser.get(back.url, back.cookie)
    assert ended.location.startswith(to), ended


async def log_in(browser: Browser, start: str, to: str = f"{RETURN_URL}?ticket=") -> None:
    await come_back(browser, await agree(browser, start), to)


async def prove(gateway: Server, site_key: str) -> None:
    """That logins there are real: the site learns from a ticket who it was that came."""
    async with httpx.AsyncClient(cookies=no_cookies(), trust_env=False) as http:
        ticket = await Visitor(gateway.url, http, person=SOMEBODY.number).log_in()
        answer = await redeem(http, gateway.url, site_key, ticket)
    assert answer.json().get("openid") == SOMEBODY.openid(DEFAULT_APPID), answer.text
