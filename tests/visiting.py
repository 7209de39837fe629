"""A visitor in WeChat's browser, and the server of the site that they visit."""

from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from tests.running import RETURN_URL


@dataclass
class Visitor:
    """Keeps the gateway's cookies, follows no redirect unless told to; `person` is who it is in the simulator."""

    gateway: str
    http: httpx.AsyncClient
    person: int = 1
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """What the gateway answers; the path is sent to the byte."""
        own = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        response = await self.http.get(self.gateway + path, headers=own | headers)
        for line in response.headers.get_list("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value.strip('"'):
                self.cookies[name] = value
        return response

    async def start(self, path: str = "/auth", headers: dict[str, str] | None = None, **asked: str) -> httpx.Response:
        """Opens the site's link to the gateway; `asked` changes what a plain link asks for."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in ({"url": RETURN_URL} | asked).items())
        return await self.get(f"{path}?{query}", **(headers or {}))

    async def agree(self, begun: httpx.Response, answer: str = "allow") -> str:
        """Agrees at WeChat; gives the path and query that WeChat sends the visitor back to."""
        headers = {"X-Sim-Person": str(self.person), "X-Sim-Answer": answer}
        response = await self.http.get(begun.headers["Location"].partition("#")[0], headers=headers)
        back = urlsplit(response.headers["Location"])
        return f"{back.path}?{back.query}"

    async def log_in(self, **asked: str) -> str:
        """The whole way; gives the ticket that the visitor brings to the site. The attempt's cookie is gone afterwards:
        whoever logs in again and again within a minute would else be taken for a page that loops."""
        earlier = dict(self.cookies)
        ticket = ticket_of(await self.get(await self.agree(await self.start(**asked))))
        self.cookies = earlier
        return ticket


def ticket_of(response: httpx.Response) -> str:
    """The ticket in the redirect that ends a login."""
    assert response.status_code == 302, response.text
    return parse_qs(urlsplit(response.headers["Location"]).query)["ticket"][0]


async def redeem(http: httpx.AsyncClient, gateway: str, key: str, ticket: str, **more: str) -> httpx.Response:
    """What the site's server does with a ticket."""
    headers = {"Authorization": f"Bearer {key}"}
    if idempotency_key := more.pop("idempotency_key", None):
        headers["Idempotency-Key"] = idempotency_key
    return await http.post(f"{gateway}/api/v1/tickets/redeem", json={"ticket": ticket} | more, headers=headers)


def no_cookies() -> CookieJar:
    """A jar that keeps nothing: one client stands for many browsers, which keep their own."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))
