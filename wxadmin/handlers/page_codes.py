"""For pages that got a `code` themselves, the way of older programs: openid and ticket, never a token."""

import re
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict, Field

from wxadmin.flows.page_code import PageLogin, PageRefused, PageVisit, exchange_page_code
from wxadmin.handlers.api import Problem
from wxadmin.handlers.base import BadRequest
from wxadmin.handlers.site_api import SiteApiHandler
from wxadmin.queries.registry import KnownSite
from wxadmin.services.facts import CallFact
from wxadmin.services.page_codes import SPENT

_CODE = re.compile(r"[!-~]{1,256}")
_ERRCODE = re.compile(r"-?[0-9]+")
_FORM = "application/x-www-form-urlencoded"
_STRANGER = (
    "this origin may not bring codes: make the site with `--page-code` and `--origin` as the browser's Origin header "
    "has it, and name the account where several have the origin"
)
_BROUGHT_BEFORE = "this code was brought before: begin again for another one"
_SNAPSHOT = "WeChat shows its snapshot page: ask the visitor to tap 使用完整服务, then begin again"
# What WeChat refused because of the code itself: getting another one helps.
_STALE = {"40029", "42003", "41008"}


class CodeForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(min_length=1, max_length=256)]
    account: Annotated[str, Field(max_length=64)] | None = None


class OpenidAnswer(BaseModel):
    openid: str
    scope: str
    ticket: str


class ProfileAnswer(OpenidAnswer):
    unionid: str | None
    nickname: str | None
    headimgurl: str | None


class BadCode(Problem):
    """WeChat does not know the code, or it was brought before: the page needs another one."""


class _PageCodeHandler(SiteApiHandler):
    """Answers the pages of the site's own origins, and tells their browsers so."""

    # The page's own, once it is known to be a site's.
    _origin: str | None = None

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Vary", "Origin")
        if self._origin is not None:
            self.set_header("Access-Control-Allow-Origin", self._origin)
            self.set_header("Access-Control-Expose-Headers", "Retry-After")

    async def prepare(self) -> None:
        origin, registry = self.request.headers.get("Origin"), await self.gateway.registry.current()
        if any(site.page_code and origin in site.origins for site in registry.sites):
            self._origin = origin
            self.set_default_headers()

    def options(self) -> None:
        """The browser's question before a page's own request."""
        self.set_header("Access-Control-Allow-Methods", "GET, POST")
        self.set_header("Access-Control-Allow-Headers", "Content-Type")
        self.set_header("Access-Control-Max-Age", "600")
        self.set_status(HTTPStatus.NO_CONTENT)

    async def _login(self, form: CodeForm, *, by_key: bool = False) -> PageLogin:
        if not _CODE.fullmatch(form.code):
            raise Problem(HTTPStatus.BAD_REQUEST, "code: up to 256 visible characters, as WeChat gave it")
        key = self.bearer() if by_key else None
        if key is not None:
            # A site's server brings the codes of all its visitors: those that are bad say nothing about the next.
            return await self._exchanged(form, await self._site_of_key(key))
        site = await self._site_of_origin(form.account)
        browser = self._browser_behind_address
        self.require_few_failures(self.front.limits.page_codes, browser)
        try:
            login = await self._exchanged(form, site)
        except BadCode:
            self.front.limits.page_codes.failed(browser)
            raise
        self.front.limits.page_codes.succeeded(browser)
        return login

    async def _exchanged(self, form: CodeForm, site: KnownSite) -> PageLogin:
        visit = PageVisit(site, form.code, None, self.browser, self.visitor_ip)
        ended = await self.gateway.detached(exchange_page_code(self.gateway, visit))
        if isinstance(ended, PageRefused):
            raise _refusal(ended.last)
        return ended

    @property
    def _browser_behind_address(self) -> str:
        """Whom a bad code is counted for. A good one cannot be told from it before WeChat is asked, so that visitors
        are told apart as far as can be: those behind one carrier's address have telephones of many kinds."""
        return f"{self.customer} {self.request.headers.get('User-Agent', '')}"

    async def _site_of_key(self, key: str) -> KnownSite:
        site = await self.site_of_key(key)
        if site is None or not site.page_code:
            raise Problem(HTTPStatus.FORBIDDEN, "this key is of no site made with `--page-code`")
        return site

    async def _site_of_origin(self, account: str | None) -> KnownSite:
        registry = await self.gateway.registry.current()
        named = registry.account_named(account) if account is not None else None
        site = registry.site_of_origin(self.request.headers.get("Origin", ""), named)
        if site is None or (account is not None and named is None):
            raise Problem(HTTPStatus.FORBIDDEN, _STRANGER)
        return site


class Exchange(_PageCodeHandler):
    """POST /auth/exchange: whose code it is."""

    async def post(self) -> None:
        login = await self._login(self._form())
        self.answer(_answer(login))

    def _form(self) -> CodeForm:
        if self.request.headers.get("Content-Type", "").partition(";")[0].strip() != _FORM:
            return self.body(CodeForm)
        try:
            fields = dict(parse_qsl(self.request.body.decode(), strict_parsing=True, max_num_fields=8))
        except ValueError:
            raise Problem(HTTPStatus.BAD_REQUEST, "the body is no form: send code=… in UTF-8, or JSON") from None
        return self.checked(CodeForm, fields)


class GetCode(Exchange):
    """/getCode: with GET a silent login begins, with POST a page's code is exchanged."""

    async def get(self) -> None:
        url = self.query("url")
        if url is None:
            registry = await self.gateway.registry.current()
            addresses = registry.sites[0].return_addresses if len(registry.sites) == 1 else ()
            if not addresses:
                raise BadRequest("url is missing: give ?url= with a return URL of a site; `wxadmin site list` has them")
            url = addresses[0].text
        asked = {name: self.query(name) for name in ("scope", "account", "lang", "nonce", "channel", "ref")}
        given = {name: value for name, value in asked.items() if value is not None}
        self.redirect(f"{self.front.base_path}/auth?{urlencode({'url': url, **given})}")


class GetUserInfo(_PageCodeHandler):
    """GET /getUserInfo: whose code it is, with the profile where the visitor allowed it."""

    async def get(self) -> None:
        code = self.query("code")
        if code is None:
            raise Problem(HTTPStatus.BAD_REQUEST, "code is missing: give ?code= as WeChat's redirect brought it")
        login = await self._login(self.checked(CodeForm, {"code": code, "account": self.query("account")}), by_key=True)
        self.answer(_answer_with_profile(login))


def _answer(login: PageLogin) -> OpenidAnswer:
    grant = login.identity.grant
    return OpenidAnswer(openid=grant.openid, scope=",".join(grant.scope), ticket=login.ticket)


def _answer_with_profile(login: PageLogin) -> ProfileAnswer:
    profile = login.identity.profile
    return ProfileAnswer(
        **_answer(login).model_dump(),
        unionid=login.identity.unionid,
        nickname=profile.nickname if profile else None,
        headimgurl=profile.headimgurl if profile else None,
    )


def _refusal(last: CallFact | None) -> Problem:
    """Why the code leads to no login: WeChat's errcode as a number and its words, or the gateway's reason."""
    code = last.code if last is not None else SPENT
    errmsg = (last.errmsg if last is not None else "code been used") or ""
    if not code:
        problem = Problem(HTTPStatus.CONFLICT, _SNAPSHOT, reason="snapshot")
    elif code == SPENT:
        problem = BadCode(HTTPStatus.CONFLICT, _BROUGHT_BEFORE)
    elif code in _STALE:
        problem = BadCode(HTTPStatus.BAD_REQUEST, "WeChat does not know this code any more: get another one")
    else:
        problem = Problem(
            HTTPStatus.BAD_GATEWAY, "WeChat gave no login for this code: see the failures in the dashboard"
        )
    errcode = {"errcode": int(code), "errmsg": errmsg} if _ERRCODE.fullmatch(code) else {"reason": code or "snapshot"}
    problem.members |= errcode | {"restart": code in {SPENT, *_STALE}}
    return problem
