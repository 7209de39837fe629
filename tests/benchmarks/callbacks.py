"""Callbacks a second, stored, against the second program that wxadmin replaces: Express and axios, storing nothing."""

import asyncio
import json
import shutil
import subprocess
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.benchmarks import visits
from tests.benchmarks.browsing import Browser
from tests.benchmarks.report import Report
from tests.benchmarks.rounds import AT_ONCE, Side, compare
from tests.benchmarks.servers import RIVALS, Place, Server, gateway, places, server
from tests.running import unused_port
from wxadmin.simulator import DEFAULT_APPID

GOAL = 0.65
VISITORS = 1_500
"""So many are on their way back when a round begins: it is over with them, if not before."""
# Debian's modules; its own node looks there unasked.
_NODE = {"NODE_PATH": "/usr/share/nodejs", "NODE_ENV": "production"}
_VERSIONS = """
const version = (name) => `${name} ${require(name + "/package.json").version}`;
console.log(`node ${process.version}, ${version("express")}, ${version("axios")}`);
"""

T = TypeVar("T")


def run(report: Report) -> None:
    node = shutil.which("node")
    versions = node and _versions(node)
    if not node or not versions:
        report.skip("callbacks", "no node with Express and axios: install Debian's node-express and node-axios")
        return
    report.note(f"callbacks: beside {versions}")
    for place in places(report, "callbacks"):
        with gateway(place) as serving, _express(place, node) as express:
            asyncio.run(visits.prove(serving, place.site_key))
            compare(report, _callbacks(serving, place), _exchanges(express, place), goal=GOAL)


def _versions(node: str) -> str:
    """Empty where the modules are not installed."""
    asked = subprocess.run([node, "-e", _VERSIONS], env=_NODE, capture_output=True, text=True, check=False)
    return asked.stdout.strip()


@contextmanager
def _express(place: Place, node: str) -> Iterator[Server]:
    port = unused_port()
    env = {**_NODE, **place.environment, "PORT": str(port)}
    with server(str(RIVALS / "express.js"), port=port, folder=place.folder, env=env, executable=node) as express:
        yield express


def _callbacks(serving: Server, place: Place) -> Side:
    """Visitors who have agreed come back from WeChat and are sent on with a ticket."""
    on_their_way: deque[visits.Back] = deque()
    agree = partial(visits.agree, start=visits.start_url(serving))

    async def visit(browser: Browser) -> None:
        await visits.come_back(browser, on_their_way.popleft())

    return Side(
        f"callbacks/s, stored, {place.store}",
        visit,
        {"gateway": serving.program, "WeChat": place.wechat.program},
        before=partial(_fill, on_their_way, agree),
    )


def _exchanges(express: Server, place: Place) -> Side:
    """Pages that have a code post it and are told the openid."""
    codes: deque[str] = deque()
    asked = {"appid": DEFAULT_APPID, "redirect_uri": f"{express.url}/page", "response_type": "code"}
    link = f"{place.wechat.url}/connect/oauth2/authorize?{urlencode(asked | {'scope': 'snsapi_base', 'state': '123'})}"

    async def agree(browser: Browser) -> str:
        return parse_qs(urlsplit(await visits.consent(browser, link)).query)["code"][0]

    async def visit(browser: Browser) -> None:
        answer = await browser.post(f"{express.url}/getCode", json.dumps({"code": codes.popleft()}).encode())
        assert json.loads(answer.body)["openid"], answer

    return Side(
        "Express and axios, exchanges/s",
        visit,
        {"express": express.program, "WeChat": place.wechat.program},
        before=partial(_fill, codes, agree),
    )


def _fill(waiting: deque[T], agree: Callable[[Browser], Awaitable[T]]) -> int:
    """Lets visitors begin until enough of them wait; gives their number."""

    async def begin() -> None:
        browser = Browser()
        while len(waiting) < VISITORS:
            waiting.append(await agree(browser))
        browser.close()

    async def all_at_once() -> None:
        await asyncio.gather(*(begin() for _ in range(AT_ONCE)))

    asyncio.run(all_at_once())
    return len(waiting)
