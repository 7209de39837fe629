"""What every page of the dashboard shares: who asks, whether they may, and the frame around the page."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import quote

from tornado.web import HTTPError

from wxadmin.clock import utcnow
from wxadmin.handlers.admin import refusals
from wxadmin.handlers.admin.menu import EVERYONE, places_for
from wxadmin.handlers.admin.numbers import mark
from wxadmin.handlers.base import BaseHandler
from wxadmin.handlers.static import icon
from wxadmin.i18n import Language, best_language, html_lang, local_time, translator
from wxadmin.models import Role
from wxadmin.queries import masking, reveals, staff
from wxadmin.queries.masking import Masks
from wxadmin.queries.read_budget import PAGE_S, ReadBudget
from wxadmin.queries.staff import Identity, SignedIn
from wxadmin.security.hashes import sha256
from wxadmin.services import sessions

_LEADS_ELSEWHERE = re.compile(r"//|\.\.|%|\\|\s")
THEMES = ("system", "light", "dark")
_CHOICES_KEPT_DAYS = 400

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' https://thirdwx.qlogo.cn https://wx.qlogo.cn {pictures}; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types wxadmin"
)


class AdminHandler(BaseHandler):
    """A page under /admin, signed in or not. Networks that may not reach it are told that there is nothing."""

    identity: Identity | None = None

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header(
            "Content-Security-Policy", CONTENT_SECURITY_POLICY.format(pictures=self.settings["picture_origin"])
        )
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    async def prepare(self) -> None:
        super().prepare()
        if not self.is_in_admin_networks:
            raise HTTPError(HTTPStatus.NOT_FOUND)

    @property
    def session_cookie(self) -> str:
        """The cookie's name: __Host- keeps other hosts and plain http from setting it."""
        return "__Host-wxadmin_session" if self.front.is_https else "wxadmin_session"

    @property
    def language(self) -> Language:
        asked = self.get_cookie("wxadmin_lang")
        best = best_language(self.request.headers.get("Accept-Language"), asked)
        return "en" if best == "en" else "zh_CN"

    @property
    def theme(self) -> str:
        chosen = self.get_cookie("wxadmin_theme")
        return chosen if chosen in THEMES else "system"

    def path(self, path: str) -> str:
        """An address of ours, below the path of PUBLIC_URL."""
        return self.front.base_path + path

    def keep_choice(self, cookie: str, choice: str) -> None:
        """Remembers in this browser what its owner likes; nobody is known by it."""
        secure = self.front.is_https
        self.set_cookie(cookie, choice, expires_days=_CHOICES_KEPT_DAYS, path="/", samesite="Lax", secure=secure)

    def own_page(self, asked: str) -> str:
        """The address, if it is one of the dashboard's pages, else the overview: nobody is led elsewhere from here."""
        home = self.path("/admin/")
        page = asked.partition("?")[0]
        # Browsers read %2e%2e as .. and a backslash as a slash.
        return asked if page.startswith(home) and not _LEADS_ELSEWHERE.search(page) else home

    def show(self, template: str, **values: Any) -> None:
        """Finishes the request with a page."""
        self.render(f"admin/{template}", **values)

    def get_template_namespace(self) -> dict[str, Any]:
        words = translator(self.language)
        return super().get_template_namespace() | {
            "_": words.gettext,
            "ngettext": words.ngettext,
            "defined": partial(mark, address=self.path("/admin/definitions"), words=words.gettext),
            "icon": icon,
            "identity": self.identity,
            "incident": self.front.notices.shown if self.identity else None,
            "lang": html_lang(self.language),
            "menu": places_for(self.identity.role) if self.identity else [],
            "path": self.path,
            "static_url": self.front.static_url,
            "theme": self.theme,
            "time": self._time,
            "to_the_second": lambda at: f"{at.astimezone(self.front.zone):%Y-%m-%d %H:%M:%S}",
            "zone": self.front.zone.key,
        }

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if retry_after := kwargs.get("retry_after"):
            self.set_header("Retry-After", str(retry_after))
        self.set_status(status_code)
        title, what_to_do = map(translator(self.language).gettext, refusals.saying(status_code))
        again = self.request.uri if retry_after and self.request.method == "GET" else None
        self.show("refused.html", title=title, what_to_do=what_to_do, again=again, request_id=self.request_id)

    @property
    def _time(self) -> Callable[[datetime], str]:
        return lambda at: local_time(at, self.front.zone)


class StaffHandler(AdminHandler):
    """A page for people who are signed in; `roles` are those that may see it. Of whom a two-step code is demanded,
    they see no page but those where it `leads_to_code`, until they have switched it on."""

    roles: ClassVar[frozenset[Role]] = EVERYONE
    leads_to_code: ClassVar[bool] = False
    identity: Identity

    async def prepare(self) -> None:
        await super().prepare()
        found = await self._signed_in()
        if found is None:
            self._send_away(f"/admin/sign-in?next={quote(self.request.uri or '', safe='')}", HTTPStatus.UNAUTHORIZED)
            return
        self.identity = found.identity
        if found.lacks_code and not self.leads_to_code:
            self._send_away("/admin/me/two-step", HTTPStatus.FORBIDDEN)
        elif found.identity.role not in self.roles:
            raise HTTPError(HTTPStatus.FORBIDDEN)
        self.admitted()

    def admitted(self) -> None:
        """Comes before the body is read where a page reads its own: by now it is known who asks, and that they may."""

    @property
    def token_hash(self) -> bytes:
        """What the database knows this browser's session by."""
        return sha256(self.get_cookie(self.session_cookie, ""))

    def budget(self) -> ReadBudget:
        """What is left, of the time that a page may read for, to look through rows: it counts from when the request
        came."""
        return ReadBudget(PAGE_S - self.request.request_time())

    @property
    def masks(self) -> Masks:
        """What this person sees of the people in a list."""
        return masking.of_role(self.identity.role)

    async def masks_for_one(self) -> Masks:
        """What they see of one person or attempt, which they may have had revealed."""
        if self.identity.role not in masking.REVEALERS:
            return self.masks
        found = await self.gateway.database.read(reveals.of_session, self.token_hash, now=utcnow())
        return masking.of_role(self.identity.role, found)

    async def _signed_in(self) -> SignedIn | None:
        if self.get_cookie(self.session_cookie) is None:
            return None
        now, token_hash = utcnow(), self.token_hash
        found = await self.gateway.database.read(staff.signed_in, token_hash, now=now, idle_since=now - sessions.IDLE)
        if found is None:
            return None
        if sessions.needs_seen(found.seen_at, now):
            await self.gateway.database.write(sessions.seen, token_hash, now)
        return found

    def _send_away(self, page: str, refusal: HTTPStatus) -> None:
        """Whoever wants to see something is led to the page first; what was sent is refused."""
        if self.request.method not in {"GET", "HEAD"}:
            raise HTTPError(refusal)
        self.redirect(self.path(page))
