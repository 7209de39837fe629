"""One world a test, where people agree at once and time stands still until it is moved."""

from collections.abc import Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import pytest

from tests.simulator.running import Caller, Clock, running
from wxadmin.simulator import DEFAULT_APPID, SimulatedAccount, World

OTHER_APPID = "wx00000000000000ff"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    accounts = [
        SimulatedAccount(DEFAULT_APPID, domains=("m.example.com", "example.com/wx"), title="好茶"),
        SimulatedAccount(OTHER_APPID, domains=("m.example.com",)),
    ]
    return World(accounts, seed=1, answer="allow", clock=clock)


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running(world) as address:
        yield address


@pytest.fixture
def wechat(url: str) -> Iterator[Caller]:
    # Cookies would make one person of all callers; tests that want a browser bring their own.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    with httpx.Client(base_url=url, trust_env=False, cookies=no_cookies) as http:
        yield Caller(http)
