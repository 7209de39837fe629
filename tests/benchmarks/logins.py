"""Full logins a second through one process: start, callback, exchange, stored; against a bare Tornado redirect."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.benchmarks import visits
from tests.benchmarks.browsing import Browser
from tests.benchmarks.report import Report
from tests.benchmarks.rounds import Side, compare
from tests.benchmarks.servers import RIVALS, Place, Server, gateway, places, server
from tests.running import unused_port

GOAL = 0.12


def run(report: Report) -> None:
    for place in places(report, "logins"):
        with gateway(place) as serving, _bare(place) as bare:
            asyncio.run(visits.prove(serving, place.site_key))
            ours = logins_at(serving, place, f"full logins/s, {place.store}")
            redirects = Side("bare Tornado redirects/s", partial(_redirect, bare), {"bare": bare.program})
            compare(report, ours, redirects, goal=GOAL)


def logins_at(serving: Server, place: Place, name: str, *, scope: str = "snsapi_base") -> Side:
    visit = partial(visits.log_in, start=visits.start_url(serving, scope))
    return Side(name, visit, {"gateway": serving.program, "WeChat": place.wechat.program})


@contextmanager
def _bare(place: Place) -> Iterator[Server]:
    port = unused_port()
    with server(str(RIVALS / "bare.py"), str(port), port=port, folder=place.folder) as bare:
        yield bare


async def _redirect(bare: Server, browser: Browser) -> None:
    answer = await browser.get(f"{bare.url}/auth")
    assert answer.status == 302, answer
