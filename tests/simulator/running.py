"""A simulator on an unused port, in a thread of its own, and a caller that speaks to it as a gateway would."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from urllib.parse import quote

import httpx
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from wxadmin.simulator import DEFAULT_APPID, World, make_app, secret_for

RETURN_URL = "https://m.example.com/auth/callback"


@contextmanager
def running(world: World) -> Iterator[str]:
    """Serve the world and give its address; over real sockets, so that clients of any kind can be tried on it."""
    sockets = bind_sockets(0, "127.0.0.1")
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        server, stopped = HTTPServer(make_app(world)), asyncio.Event()
        server.add_sockets(sockets)
        started.set_result((asyncio.get_running_loop(), stopped))
        await stopped.wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    loop, stopped = started.result()
    try:
        yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


class Caller:
    """The calls of a gateway, each with everything right unless a test says otherwise; None leaves a field out."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def authorize(self, *, answer: str = "", person: int | None = None, **changed: str | None) -> httpx.Response:
        headers = {"X-Sim-Answer": answer} if answer else {}
        if person is not None:
            headers["X-Sim-Person"] = str(person)
        return self.http.get(f"/connect/oauth2/authorize?{link(**changed)}", headers=headers)

    def code(self, scope: str = "snsapi_base", **more: object) -> str:
        """The code of a person who agrees."""
        reply = self.authorize(scope=scope, **({"person": 1} | more))  # type: ignore[arg-type]
        return httpx.URL(reply.headers["Location"]).params["code"]

    def exchange(self, code: str | None, **changed: str | None) -> httpx.Response:
        return self._sns("oauth2/access_token", exchange_query(code) | changed)

    def grant(self, scope: str = "snsapi_base", **more: object) -> dict[str, object]:
        """What an exchange gives for a new code."""
        return self.exchange(self.code(scope, **more)).json()  # type: ignore[no-any-return]

    def refresh(self, token: object, **changed: str | None) -> httpx.Response:
        right = {"appid": DEFAULT_APPID, "grant_type": "refresh_token", "refresh_token": token}
        return self._sns("oauth2/refresh_token", right | changed)

    def userinfo(self, grant: dict[str, object], **changed: object) -> httpx.Response:
        return self._sns("userinfo", {name: grant[name] for name in ("access_token", "openid")} | changed)

    def auth(self, grant: dict[str, object], **changed: object) -> httpx.Response:
        return self._sns("auth", {name: grant[name] for name in ("access_token", "openid")} | changed)

    def _sns(self, path: str, asked: dict[str, object]) -> httpx.Response:
        return self.http.get(f"/sns/{path}", params={name: str(v) for name, v in asked.items() if v is not None})


def link(**changed: str | None) -> str:
    """The query of an authorize link in the documented order."""
    right = {
        "appid": DEFAULT_APPID,
        "redirect_uri": RETURN_URL,
        "response_type": "code",
        "scope": "snsapi_userinfo",
        "state": "Abc123",
    }
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in (right | changed).items() if value is not None)


def exchange_query(code: str | None) -> dict[str, object]:
    return {
        "appid": DEFAULT_APPID,
        "secret": secret_for(DEFAULT_APPID),
        "code": code,
        "grant_type": "authorization_code",
    }
