"""A small tea shop whose visitors sign in with WeChat through the gateway: an example to copy from.

A site needs three things: a link to the gateway, an address that visitors come back to with a ticket, and one call
from its own server, which turns the ticket into a person. All of it is here, and nothing else of the gateway's code.
"""

import hmac
import json
import logging
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.web import Application, HTTPError, RequestHandler

HERE = Path(__file__).parent
WECHAT_PICTURES = ("https://thirdwx.qlogo.cn", "https://wx.qlogo.cn")
HEADERS = {
    "Referrer-Policy": "no-referrer",  # the address that visitors come back to carries their ticket
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}

log = logging.getLogger("shop")


class Refused(Exception):
    """The visitor cannot be signed in; title and detail are fit to be read by people."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail


def no_answer() -> Refused:
    return Refused(502, "授权网关没有应答", "The gateway did not answer. Please try again in a moment.")


@dataclass(frozen=True)
class Shop:
    """Where the gateway is, how it knows this shop, and who is signed in: by session, what the gateway answered."""

    gateway_url: str
    site_key: str
    own_url: str
    picture_origins: tuple[str, ...] = WECHAT_PICTURES
    signed_in: dict[str, dict[str, Any]] = field(default_factory=dict)

    def content_security_policy(self, *, runs_h5: bool) -> str:
        pictures = " ".join(self.picture_origins)
        scripts = f"script-src 'self' {self.gateway_url}/h5.js; " if runs_h5 else ""
        return (
            f"default-src 'none'; {scripts}style-src 'self'; img-src 'self' {pictures}; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )

    def login_url(self, scope: str, nonce: str) -> str:
        """The link that starts a login. The nonce comes back with the person, and never in an address."""
        query = {"url": f"{self.own_url}/back", "scope": scope, "nonce": nonce, "channel": "demo"}
        return f"{self.gateway_url}/auth?{urlencode(query)}"

    async def redeem(self, ticket: str) -> dict[str, Any]:
        """Turn a ticket into the person it stands for; a ticket works once. Raises Refused."""
        request = HTTPRequest(
            f"{self.gateway_url}/api/v1/tickets/redeem",
            method="POST",
            headers={
                "Authorization": f"Bearer {self.site_key}",  # a server's secret: no page ever sees it
                "Content-Type": "application/json",
                # WeChat's browser sometimes opens the address twice at once: both get the same answer.
                "Idempotency-Key": sha256(ticket.encode()).hexdigest(),
            },
            body=json.dumps({"ticket": ticket}),
            connect_timeout=5,
            request_timeout=10,
        )
        try:
            response = await AsyncHTTPClient().fetch(request, raise_error=False)
        except (HTTPClientError, OSError) as error:
            raise no_answer() from error
        if response.headers.get("Content-Type", "").startswith("application/problem+json"):
            problem = json.loads(response.body)
            # The detail is for the site's developer, which is who reads this page; real visitors get words of your own.
            raise Refused(response.code, "这次登录没有完成", f"The gateway says: {problem.get('detail', '')}")
        if response.code != 200:
            raise no_answer()
        person: dict[str, Any] = json.loads(response.body)
        return person


class Page(RequestHandler):
    """What the shop's pages share: headers, cookies, and a plain page for whatever goes wrong."""

    runs_h5 = False

    @property
    def shop(self) -> Shop:
        shop: Shop = self.settings["shop"]
        return shop

    def set_default_headers(self) -> None:
        policy = self.shop.content_security_policy(runs_h5=self.runs_h5)
        self.set_header("Content-Security-Policy", policy)
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def get_current_user(self) -> dict[str, Any] | None:
        return self.shop.signed_in.get(self.get_cookie("shop_session") or "")

    def keep(self, name: str, value: str) -> None:
        """Set a cookie that scripts cannot read. Lax, since Strict would not survive the way back from WeChat."""
        self.set_cookie(name, value, httponly=True, samesite="Lax", secure=self.shop.own_url.startswith("https:"))

    async def sign_in(self, ticket: str, *, own_nonce: str | None) -> None:
        """Make the ticket's person the one who is signed in here. Raises Refused for a login that began in another
        browser: a link sent by a stranger would sign the visitor in as them."""
        person = await self.shop.redeem(ticket)
        nonce = person["nonce"]
        if not own_nonce or not nonce or not hmac.compare_digest(own_nonce.encode(), nonce.encode()):
            title = "这次登录不是在这个浏览器里开始的"
            raise Refused(403, title, "This sign-in began in another browser, so it was not accepted here.")
        session = secrets.token_urlsafe(32)
        self.shop.signed_in.pop(self.get_cookie("shop_session") or "", None)
        self.shop.signed_in[session] = person
        self.keep("shop_session", session)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        if isinstance(error, Refused):
            self.set_status(error.status)
            self.render("refused.html", title=error.title, detail=error.detail)
        else:
            self.render(
                "refused.html", title="没有打开这个页面", detail=f"This page could not be shown ({status_code})."
            )

    def log_exception(self, *exc_info: Any) -> None:
        if isinstance(exc_info[1], Refused):
            log.warning("sign-in refused: %s", exc_info[1].detail)
        else:
            super().log_exception(*exc_info)


class Home(Page):
    """GET /: the shop; to a stranger it offers two ways to sign in, to a member it shows what its server knows."""

    def get(self) -> None:
        # The nonce ties the login to this browser: it stays in a cookie here and travels with the login there.
        nonce = self.get_cookie("shop_nonce") or secrets.token_urlsafe(24)
        self.keep("shop_nonce", nonce)
        self.render(
            "home.html",
            silent=self.shop.login_url("snsapi_base", nonce),
            with_profile=self.shop.login_url("snsapi_userinfo", nonce),
            picture=self.picture(),
        )

    def picture(self) -> str | None:
        """The member's own picture, if it comes from where pictures may come from."""
        profile = (self.current_user or {}).get("profile") or {}
        url: str = profile.get("headimgurl") or ""
        return url if url.startswith(tuple(f"{origin}/" for origin in self.shop.picture_origins)) else None


class Back(Page):
    """GET /back?ticket=…: a visitor returns from the gateway."""

    async def get(self) -> None:
        if self.get_query_argument("guest", ""):
            # They would rather look around first, or WeChat shows them its snapshot page: the shop is open to them.
            self.redirect("/")
            return
        await self.sign_in(self.get_query_argument("ticket", ""), own_nonce=self.get_cookie("shop_nonce"))
        self.clear_cookie("shop_nonce")
        # On to an address without the ticket, which reloads and shares well.
        self.redirect("/")


class H5(Page):
    """/h5: a page that signs its visitor in by itself, with the gateway's script."""

    runs_h5 = True

    def get(self) -> None:
        self.render("h5.html", script=f"{self.shop.gateway_url}/h5.js")

    async def post(self) -> None:
        """The page brings the ticket that it got, and the nonce that it began with."""
        await self.sign_in(self.get_body_argument("ticket", ""), own_nonce=self.get_body_argument("nonce", ""))
        self.redirect("/", status=303)


class SignOut(Page):
    """POST /sign-out: forget the session."""

    def post(self) -> None:
        self.shop.signed_in.pop(self.get_cookie("shop_session") or "", None)
        self.clear_cookie("shop_session")
        self.redirect("/", status=303)


class Missing(Page):
    """Every other address."""

    def prepare(self) -> None:
        raise HTTPError(404)


def log_request(handler: RequestHandler) -> None:
    """One line a request, without the query: it may hold a ticket."""
    log.info("%s %s %d", handler.request.method, handler.request.path, handler.get_status())


def make_shop(
    gateway_url: str, site_key: str, own_url: str, *, picture_origins: tuple[str, ...] = WECHAT_PICTURES
) -> Application:
    """The shop as an application that listens wherever `own_url` leads; it shows pictures of these origins only."""
    return Application(
        [("/", Home), ("/back", Back), ("/h5", H5), ("/sign-out", SignOut)],
        default_handler_class=Missing,
        shop=Shop(gateway_url.rstrip("/"), site_key, own_url.rstrip("/"), picture_origins),
        template_path=str(HERE / "templates"),
        static_path=str(HERE / "static"),
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"httponly": True, "samesite": "Lax"},
        log_function=log_request,
    )
