"""The way of a visitor: /auth sends them to WeChat, /auth/callback brings them back."""

import re
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode, urlsplit

from wxadmin import metrics
from wxadmin.flows.begin import Beginning, StartRefused, begin
from wxadmin.flows.come_back import HandedOff, NoLogin, Return, come_back
from wxadmin.handlers.base import BadRequest
from wxadmin.handlers.cookies import AttemptCookies
from wxadmin.handlers.visitor_base import VisitorHandler
from wxadmin.i18n import LANGUAGES
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.claims import INTERRUPTED

SCOPES = ("snsapi_base", "snsapi_userinfo")
_CHANNEL = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FORMS = {
    "nonce": (re.compile(r"[A-Za-z0-9_-]{1,128}"), "up to 128 of A-Z a-z 0-9 _ -"),
    "channel": (_CHANNEL, "up to 64 of A-Z a-z 0-9 _ . -"),
    "account": (re.compile(r"[a-z0-9-]{1,64}"), "the name of an account"),
}
_STATE = re.compile(r"[A-Za-z0-9]{1,128}")
_CODE = re.compile(r"[!-~]{1,256}")
_REF_LENGTH = 64

# What WeChat refused because of the visitor's link; every other errcode is WeChat's or the set-up's affair.
_STALE_LINK = {"40029", "40163", "42003", "41008"}
_STATUS = {
    "denied": HTTPStatus.OK,
    "snapshot": HTTPStatus.OK,
    "gw_timeout": HTTPStatus.GATEWAY_TIMEOUT,
    "gw_account_off": HTTPStatus.FORBIDDEN,
    "gw_not_wechat": HTTPStatus.FORBIDDEN,
    "gw_other_browser": HTTPStatus.FORBIDDEN,
    "gw_state_cookie_lost": HTTPStatus.FORBIDDEN,
    "gw_state_expired": HTTPStatus.GONE,
    "gw_state_used": HTTPStatus.GONE,
    **dict.fromkeys(("gw_state_unknown", "gw_no_code", "gw_return_url_refused", *_STALE_LINK), HTTPStatus.BAD_REQUEST),
}

# What a site's developer has to change about a link that was refused.
_PROBLEMS = {
    "gw_return_url_refused": "url is not below a return URL of a site: compare it with `wxadmin site list`",
    "gw_account_off": "account is unknown or switched off, or url belongs to sites of several: `wxadmin account list`",
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
        begun = await begin(self.gateway, self._asked(), self.front.refusals)
        if isinstance(begun, StartRefused):
            self._refuse(begun)
            return
        cookies.keep(begun.state, begun.cookie)
        self.redirect(begun.authorize_url)

    def _asked(self) -> Beginning:
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
        if ref is not None and (len(ref) > _REF_LENGTH or not ref.isprintable()):
            raise BadRequest(f"ref must be up to {_REF_LENGTH} printable characters")
        return ref

    def _refuse(self, refused: StartRefused) -> None:
        restart_url = None
        if refused.reason in _PROBLEMS:
            self.set_header("X-Problem", _PROBLEMS[refused.reason])
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
        ended = await self.gateway.detached(come_back(self.gateway, Return(state, code, cookie)))
        metrics.note_return("succeeded" if isinstance(ended, HandedOff) else ended.reason)
        if isinstance(ended, HandedOff):
            self.redirect(ended.url)
        else:
            await self._explain(ended)

    async def _explain(self, ended: NoLogin) -> None:
        attempt = ended.attempt
        if attempt is None:
            self.show(ended.reason, status_of(ended.reason), at=ended.at)
            return
        registry = await self.gateway.registry.current()
        account = registry.account(attempt.account_id)
        restart_url = self._restart_url(attempt, account.name if account else None, is_own=ended.is_own)
        if ended.reason == INTERRUPTED:
            # Nothing was wrong with the visitor's login: begin it again for them.
            self.redirect(restart_url)
            return
        self.show(
            ended.reason,
            status_of(ended.reason),
            at=ended.at,
            site=registry.site(attempt.site_id),
            support_code=attempt.support_code,
            restart_url=restart_url,
        )

    def _restart_url(self, attempt: AttemptSeen, account: str | None, *, is_own: bool) -> str:
        asked = {
            "url": attempt.return_url,
            "scope": attempt.scope,
            "account": account,
            "lang": attempt.lang,
            "channel": attempt.channel,
        }
        if is_own:
            # Whoever holds somebody else's link must not log in under that person's number.
            asked |= {"nonce": attempt.nonce, "ref": attempt.ref}
        return f"{self.front.base_path}/auth?" + urlencode({name: value for name, value in asked.items() if value})


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


def _channel_of(url: str | None) -> str | None:
    """What brought the visitor, where the return URL says it in a form that can be kept."""
    try:
        query = parse_qs(urlsplit(url or "").query)
    except ValueError:
        return None
    said = (query.get("channel") or query.get("utm_campaign") or [""])[0]
    return said if _CHANNEL.fullmatch(said) else None
