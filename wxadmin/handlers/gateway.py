"""The way of a visitor: /auth sends them to WeChat, /auth/callback brings them back."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode, urlsplit

from wxadmin import metrics
from wxadmin.flows import explanations
from wxadmin.flows.begin import LOOP_WITHIN_S, Beginning, StartRefused, ToBeExplained, begin
from wxadmin.flows.come_back import Guest, HandedOff, NoLogin, Return, come_back
from wxadmin.handlers import visitor_explanation
from wxadmin.handlers.base import BadRequest
from wxadmin.handlers.cookies import AttemptCookies
from wxadmin.handlers.visitor_base import VisitorHandler
from wxadmin.handlers.visitor_explanation import Explanation
from wxadmin.i18n import LANGUAGES, html_lang
from wxadmin.queries.registry import KnownAccount, KnownSite
from wxadmin.security import attempt_cookies, refs
from wxadmin.services import claims
from wxadmin.services.attempts import AttemptSeen

SCOPES = ("snsapi_base", "snsapi_userinfo")
_CHANNEL = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FORMS = {
    "nonce": (re.compile(r"[A-Za-z0-9_-]{1,128}"), "up to 128 of A-Z a-z 0-9 _ -"),
    "channel": (_CHANNEL, "up to 64 of A-Z a-z 0-9 _ . -"),
    "account": (re.compile(r"[a-z0-9-]{1,64}"), "the name of an account"),
}
_STATE = re.compile(r"[A-Za-z0-9]{1,128}")
_CODE = re.compile(r"[!-~]{1,256}")
# Says that the gateway itself began the login anew, which it does once.
_RESTART = "again"

# What WeChat refused because of the visitor's link; every other errcode is WeChat's or the set-up's affair.
_STALE_LINK = {"40029", "40163", "42003", "41008"}
_STATUS = {
    "denied": HTTPStatus.OK,
    "snapshot": HTTPStatus.OK,
    "gw_timeout": HTTPStatus.GATEWAY_TIMEOUT,
    "gw_account_off": HTTPStatus.FORBIDDEN,
    "gw_loop": HTTPStatus.TOO_MANY_REQUESTS,
    "gw_not_wechat": HTTPStatus.FORBIDDEN,
    "gw_other_browser": HTTPStatus.FORBIDDEN,
    "gw_state_cookie_lost": HTTPStatus.FORBIDDEN,
    "gw_state_expired": HTTPStatus.GONE,
    "gw_state_used": HTTPStatus.GONE,
    **dict.fromkeys(("gw_state_unknown", "gw_no_code", "gw_return_url_refused", *_STALE_LINK), HTTPStatus.BAD_REQUEST),
}

# What a site's developer has to change about a link that was refused.
_PROBLEMS = {
    "gw_return_url_refused": "url is not below a return URL of a site: compare it with those on the site's page",
    "gw_account_off": "account is unknown or switched off, or url belongs to sites of several: `wxadmin account list`",
    "gw_loop": "this browser was sent here for the same url four times within a minute: keep a session after the login",
}


def status_of(reason: str) -> int:
    """The HTTP status that is true of a reason."""
    return _STATUS.get(reason, HTTPStatus.BAD_GATEWAY)


class Auth(VisitorHandler):
    """Starts a login and sends the visitor to WeChat."""

    def head(self) -> None:
        """Starts nothing: robots that preview a link ask for its head."""
        self.set_status(HTTPStatus.NO_CONTENT)

    async def get(self) -> None:
        if self.is_prefetch:
            self.set_status(HTTPStatus.NO_CONTENT)
            return
        cookies = AttemptCookies(self, is_https=self.front.is_https)
        asked = self._asked(cookies.all())
        begun = await begin(self.gateway, asked, self.front.limits.refused_starts)
        if isinstance(begun, StartRefused):
            self._refuse(begun)
            return
        if isinstance(begun, ToBeExplained):
            self._explain(begun, asked)
            return
        cookies.keep(begun.state, begun.cookie)
        self.redirect(begun.authorize_url)

    def _asked(self, cookies: tuple[str, ...]) -> Beginning:
        url = self.query("url")
        return Beginning(
            url=url,
            account=self._formed("account"),
            scope=self._chosen("scope", SCOPES) or "snsapi_base",
            lang=self._chosen("lang", LANGUAGES),
            nonce=self._formed("nonce"),
            channel=self._formed("channel") or _channel_of(url),
            ref=self._ref(),
            browser=self.browser,
            ip=self.visitor_ip,
            cookies=cookies,
            is_restart=self.query(_RESTART) is not None,
            agreed=self.query("agreed"),
        )

    def _formed(self, name: str) -> str | None:
        value = self.query(name)
        pattern, form = _FORMS[name]
        if value is not None and not pattern.fullmatch(value):
            raise BadRequest(f"{name} must be {form}")
        return value

    def _chosen(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self.query(name)
        if value is not None and value not in choices:
            raise BadRequest(f"{name} must be one of {', '.join(choices)}")
        return value

    def _ref(self) -> str | None:
        ref = self.query("ref")
        if ref is not None and (problem := refs.problem(ref)):
            raise BadRequest(problem)
        return ref

    def _explain(self, begun: ToBeExplained, asked: Beginning) -> None:
        """Shows what the site asks for. Both ways on are links: visitors' pages take no form."""
        agreed = {
            "url": begun.url,
            "scope": asked.scope,
            "account": asked.account,
            "lang": asked.lang,
            "nonce": asked.nonce,
            "channel": asked.channel,
            "ref": asked.ref,
            "agreed": begun.agreed,
            _RESTART: "1" if asked.is_restart else None,
        }
        page = Explanation(
            lang=self.language,
            site_title=begun.site.title,
            contact=begun.site.contact,
            privacy_url=begun.site.privacy_url,
            agree_url=_start_path(self.front.base_path, agreed),
            guest_url=begun.guest_url,
            notice=self.front.notices.for_visitors,
        )
        self.set_header("Content-Language", html_lang(page.lang))
        self.finish(visitor_explanation.render(page, self.front.static_url))

    def _refuse(self, refused: StartRefused) -> None:
        restart_url = None
        if refused.reason in _PROBLEMS:
            problem = _PROBLEMS[refused.reason] if self.query("url") else "url is missing: where the visitor returns to"
            self.set_header("X-Problem", problem)
        if refused.reason == "gw_not_wechat":
            # The visitor carries the whole link over to WeChat.
            restart_url = f"{self.gateway.public_url}/auth?{self.request.query}"
        self.show(
            refused.reason,
            status_of(refused.reason),
            at=refused.at,
            site=refused.site,
            support_code=refused.support_code,
            restart_url=restart_url,
            retry_after=LOOP_WITHIN_S if refused.reason == "gw_loop" else None,
        )


class Callback(VisitorHandler):
    """Finishes a login and sends the visitor back to the site."""

    def head(self) -> None:
        """Consumes nothing."""
        self.set_status(HTTPStatus.NO_CONTENT)

    async def get(self) -> None:
        if self.is_prefetch:
            self.set_status(HTTPStatus.NO_CONTENT)
            return
        state, code = self.query("state"), self.query("code")
        if state is None and code is None:
            self.show("gw_no_code", status_of("gw_no_code"))
            return
        if state is None or not _STATE.fullmatch(state):
            self.show("gw_state_unknown", status_of("gw_state_unknown"))
            return
        if code is not None and not _CODE.fullmatch(code):
            raise BadRequest("code must be up to 256 visible characters")
        cookie = AttemptCookies(self, is_https=self.front.is_https).read(state)
        if cookie is None:
            # No login comes of it. Whoever brings the cookie never waits for what others behind the address did.
            self.require_few_failures(self.front.limits.states, self.customer)
        ended = await self.gateway.detached(come_back(self.gateway, Return(state, code, cookie)))
        if isinstance(ended, HandedOff):
            metrics.note_return("repeated" if ended.is_repeat else "succeeded")
            self.redirect(ended.url)
        elif isinstance(ended, Guest):
            metrics.note_return("snapshot")
            self.redirect(ended.url)
        else:
            metrics.note_return(ended.reason)
            if ended.reason == claims.STATE_UNKNOWN:
                self.front.limits.states.failed(self.customer)
            await self._explain(ended, may_restart=ended.is_lost and not attempt_cookies.is_of_restart(cookie))

    async def _explain(self, ended: NoLogin, *, may_restart: bool) -> None:
        attempt = ended.attempt
        if attempt is None:
            self.show(ended.reason, status_of(ended.reason), at=ended.at)
            return
        registry = await self.gateway.registry.current()
        account, site = registry.account(attempt.account_id), registry.site(attempt.site_id)
        restart_url = self._restart_url(attempt, account, site, is_own=ended.is_own)
        if may_restart:
            # Nothing was wrong with the visitor's login: begin it again for them.
            self.redirect(f"{restart_url}&{_RESTART}=1")
            return
        self.show(
            ended.reason,
            status_of(ended.reason),
            at=ended.at,
            site=site,
            support_code=attempt.support_code,
            restart_url=restart_url,
        )

    def _restart_url(
        self, attempt: AttemptSeen, account: KnownAccount | None, site: KnownSite | None, *, is_own: bool
    ) -> str:
        asked = {
            "url": attempt.return_url,
            "scope": attempt.scope,
            "account": account.name if account else None,
            "lang": attempt.lang,
            "channel": attempt.channel,
        }
        if is_own:
            # Whoever holds somebody else's link must not log in under that person's number.
            asked |= {"nonce": attempt.nonce, "ref": attempt.ref}
            if site is not None and explanations.has_page(site, attempt.scope):
                # They have read it and gone on.
                asked["agreed"] = explanations.mark(self.gateway.keys, site, attempt.return_url)
        return _start_path(self.front.base_path, asked)


class OwnershipFile(VisitorHandler):
    """WeChat's proof that the domain is ours: the file of whichever account has it."""

    async def get(self, name: str) -> None:
        registry = await self.gateway.registry.current()
        body = next((account.verify_body for account in registry.accounts if account.verify_name == name), None)
        if body is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(body)


def _start_path(base_path: str, asked: Mapping[str, str | None]) -> str:
    """The path and query of a link that begins a login; what is None or empty is left out."""
    return f"{base_path}/auth?" + urlencode({name: value for name, value in asked.items() if value})


def _channel_of(url: str | None) -> str | None:
    """What brought the visitor, where the return URL says it in a form that can be kept."""
    try:
        query = parse_qs(urlsplit(url or "").query)
    except ValueError:
        return None
    said = (query.get("channel") or query.get("utm_campaign") or [""])[0]
    return said if _CHANNEL.fullmatch(said) else None
