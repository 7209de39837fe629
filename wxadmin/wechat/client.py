"""The four calls of WeChat web authorization, each made once: whether to repeat is for the flows to say."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterable, Mapping
from urllib.parse import quote, urlencode

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from wxadmin.wechat import replies
from wxadmin.wechat.errors import NoAnswer, SampleAccount
from wxadmin.wechat.replies import MAX_BODY, Grant, Profile, Reply

CONNECTIONS = 256
KEEP_ALIVE = 15.0
HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "wxadmin"}
# Raised while there is no connection yet, so nothing of the request has left.
NEVER_LEFT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
)


class Dropped(aiohttp.ClientError):
    """The connection ended while the request may already have been served."""


class WeChat:
    """One a process: it keeps the connections. `timeout` bounds a whole call, in seconds.

    Every call raises Refused for WeChat's errcode and NoAnswer for the gateway's own reasons.
    """

    def __init__(
        self,
        api_url: str = "https://api.weixin.qq.com",
        timeout: float = 5.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self.timeout = timeout
        self.is_wechats_own = _is_wechats_own(httpx.URL(api_url).host)
        # The transport is used without httpx's client on top: that one logs each URL, and the secret is part of it.
        # Its cookies and redirects are not wanted here either.
        self._transport = transport or _pool()
        # Connecting gives up before the whole call does, so that "never sent" can be told from "no answer".
        connect = min(timeout * 0.6, 3.0)
        self._extensions = {"timeout": {"connect": connect, "pool": connect, "read": timeout, "write": timeout}}

    async def exchange(self, appid: str, secret: str, code: str) -> Grant:
        """Turn a code into tokens. A code is spent by the first call that reaches WeChat, answered or not."""
        self._guard(appid)
        params = {"appid": appid, "secret": secret, "code": code, "grant_type": "authorization_code"}
        return replies.grant(await self._get("/sns/oauth2/access_token", params))

    async def refresh(self, appid: str, refresh_token: str) -> Grant:
        """Prolong an access_token; its `scope` is cumulative and may hold more than this grant was for."""
        self._guard(appid)
        params = {"appid": appid, "grant_type": "refresh_token", "refresh_token": refresh_token}
        return replies.grant(await self._get("/sns/oauth2/refresh_token", params))

    async def userinfo(self, access_token: str, openid: str, lang: str = "zh_CN") -> Profile:
        """Fetch nickname and picture; only for a token of snsapi_userinfo and never for a snapshot person."""
        params = {"access_token": access_token, "openid": openid, "lang": lang}
        return replies.profile(await self._get("/sns/userinfo", params))

    async def check(self, access_token: str, openid: str) -> bool:
        """Ask whether a token is good; raises when WeChat does not say."""
        return replies.alive(await self._get("/sns/auth", {"access_token": access_token, "openid": openid}))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _guard(self, appid: str) -> None:
        if self.is_wechats_own and appid.startswith("wxsample"):
            raise SampleAccount

    async def _get(self, path: str, params: Mapping[str, str]) -> Reply:
        # A code that a page posts may hold half a surrogate pair; WeChat shall refuse it, not urlencode.
        query = urlencode(params, errors="replace", quote_via=quote)
        request = httpx.Request("GET", f"{self.api_url}{path}?{query}", headers=HEADERS, extensions=self._extensions)
        started, status = time.perf_counter(), None
        try:
            async with asyncio.timeout(self.timeout):
                response = await self._transport.handle_async_request(request)
                status = response.status_code
                body = await _body(response)
        except (TimeoutError, httpx.HTTPError, aiohttp.ClientError) as error:
            # Not chained: the text of some of these errors carries the URL.
            raise _no_answer(error, status, _since(started)) from None
        return Reply(status, body, _since(started))


async def _body(response: httpx.Response) -> bytes:
    """Read the body, at most a piece beyond MAX_BODY, where the parser refuses it."""
    body = bytearray()
    try:
        async for piece in _pieces(response):
            body += piece
            if len(body) > MAX_BODY:
                break
    finally:
        await response.aclose()
    return bytes(body)


def _pieces(response: httpx.Response) -> AsyncIterable[bytes]:
    # Plain bytes are asked for and need no decoder; whoever sends others in between is understood all the same.
    if isinstance(response.stream, httpx.AsyncByteStream) and "content-encoding" not in response.headers:
        return response.stream
    return response.aiter_bytes()


def _no_answer(error: Exception, status: int | None, took_ms: int) -> NoAnswer:
    # The transport names most of aiohttp's errors a ConnectTimeout; what really happened is the cause.
    origin = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    if isinstance(origin, NEVER_LEFT):
        return NoAnswer("gw_connect", "no connection could be made", took_ms=took_ms, sent=False)
    if isinstance(origin, TimeoutError | httpx.TimeoutException):
        return NoAnswer("gw_timeout", "no complete answer in time", http_status=status, took_ms=took_ms)
    if status is not None:
        return NoAnswer("gw_bad_reply", "the body broke off or is malformed", http_status=status, took_ms=took_ms)
    if isinstance(origin, aiohttp.ClientResponseError | httpx.RemoteProtocolError):
        return NoAnswer("gw_bad_reply", "the answer is not HTTP", took_ms=took_ms)
    return NoAnswer("gw_connect", "the connection was lost before an answer", took_ms=took_ms)


def _pool() -> AiohttpTransport:
    """The transport that holds many connections cheaply; its session is made by the first call, inside the loop."""
    context = httpx.create_ssl_context()
    return AiohttpTransport(verify=context, client=lambda: _session(context))


def _session(context: ssl.SSLContext) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE, ssl=context)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_once,))


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET again by itself when the connection drops: a code would be spent twice."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Dropped from error


def _is_wechats_own(host: str) -> bool:
    return f".{host.rstrip('.')}".endswith(".weixin.qq.com")


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
