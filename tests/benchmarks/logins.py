"""Full logins a second through one process: start, callback, exchange, stored; against a bare Tornado redirect."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from tests.benchmarks.report import Report
from tests.benchmarks.stores import databases, unused_port
from wxadmin.database import Database, schema
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts, sites
from wxadmin.services.sites import SiteForm
from wxadmin.simulator import DEFAULT_APPID, secret_for

AT_ONCE = 64
SECONDS = 8.0
KEY = "benchmark-key-of-32-characters-x"
RETURN_URL = "https://shop.example.com/back"

_BARE = """
import asyncio, sys
from tornado.web import Application, RequestHandler
class Go(RequestHandler):
    def get(self):
        self.redirect("https://shop.example.com/back?ticket=none")
async def main():
    Application([("/auth", Go)], log_function=lambda handler: None).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()
asyncio.run(main())
"""


def run(report: Report) -> None:
    bare = asyncio.run(_bare_redirects())
    for name, url in databases(report, "logins"):
        full = asyncio.run(_full_logins(url))
        report.compare(f"full logins/s, one process, {name}, {AT_ONCE} at once", full, "bare Tornado redirects/s", bare)


async def _bare_redirects() -> float:
    port = unused_port()
    async with _process([sys.executable, "-c", _BARE, str(port)], f"http://127.0.0.1:{port}/auth"), _client() as client:

        async def redirect() -> None:
            async with client.get(f"http://127.0.0.1:{port}/auth", allow_redirects=False) as answer:
                assert answer.status == 302

        return await _per_second(redirect)


async def _full_logins(url: str) -> float:
    _furnish(url)
    port, simulator_port = unused_port(), unused_port()
    simulator = f"http://127.0.0.1:{simulator_port}"
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "WXADMIN_DATABASE_URL": url,
            "WXADMIN_DATA_DIR": folder,
            "WXADMIN_SECRET_KEYS": KEY,
            "WXADMIN_WECHAT_OPEN_URL": simulator,
            "WXADMIN_WECHAT_API_URL": simulator,
            "WXADMIN_LOG_LEVEL": "warning",
        }
        pretend = [sys.executable, "-m", "wxadmin.simulator", "--port", str(simulator_port), "--answer", "allow"]
        serve = [sys.executable, "-m", "wxadmin", "serve", "--port", str(port)]
        async with (
            _process(pretend, f"{simulator}/_sim/stats"),
            _process(serve, f"http://127.0.0.1:{port}/healthz", environment),
            _client() as client,
        ):
            query = urlencode({"url": RETURN_URL, "scope": "snsapi_base"})
            return await _per_second(lambda: _login(client, f"http://127.0.0.1:{port}/auth?{query}"))


async def _login(client: aiohttp.ClientSession, start: str) -> None:
    async with client.get(start, allow_redirects=False) as answer:
        authorize = answer.headers["Location"]
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    async with client.get(authorize, allow_redirects=False) as answer:
        callback = answer.headers["Location"]
    async with client.get(callback, allow_redirects=False, headers={"Cookie": cookie}) as answer:
        assert answer.headers["Location"].startswith(f"{RETURN_URL}?ticket="), answer.status


async def _per_second(work: Callable[[], Awaitable[None]]) -> float:
    done = 0
    for _ in range(20):
        await work()
    began = time.perf_counter()

    async def visitors() -> None:
        nonlocal done
        while time.perf_counter() - began < SECONDS:
            await work()
            done += 1

    await asyncio.gather(*(visitors() for _ in range(AT_ONCE)))
    return done / (time.perf_counter() - began)


def _furnish(url: str) -> None:
    schema.migrate(url)
    database = Database(url)
    keys = KeyRing([KEY])
    secret = secret_for(DEFAULT_APPID)
    database.write_now(accounts.add, keys, name="bench", appid=DEFAULT_APPID, secret=secret, title=None, actor="bench")
    form = SiteForm(return_urls=[RETURN_URL], dev=True)
    database.write_now(sites.add, account="bench", name="shop", form=form, actor="bench")
    database.close()


def _client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=AT_ONCE * 2))


@asynccontextmanager
async def _process(command: list[str], url: str, environment: dict[str, str] | None = None) -> AsyncIterator[None]:
    """The command, from when its address answers until it is told to stop."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2])
    try:
        async with _client() as client:
            for _ in range(200):
                try:
                    async with client.get(url, allow_redirects=False):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()
