"""The beginning of a login: checked, recorded, and sent to WeChat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from wxadmin import support_codes
from wxadmin.browsers import Browser
from wxadmin.clock import utcnow
from wxadmin.errors import ReturnURLRefused, Taken
from wxadmin.flows import explanations, hand_off
from wxadmin.flows.gateway import Gateway
from wxadmin.limits import FailureLimit, customer
from wxadmin.queries.registry import KnownAccount, KnownSite, Registry
from wxadmin.security import attempt_cookies, return_urls
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services.starts import Start

STATE_LENGTH = 32
# A page that sends its visitors to log in again and again is stopped at the fourth start.
_LOOP_STARTS, LOOP_WITHIN_S = 3, 60


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a visitor's link asks for; checked by the handler as far as form goes."""

    url: str | None
    account: str | None
    scope: str
    lang: str | None
    nonce: str | None
    channel: str | None
    ref: str | None
    browser: Browser
    ip: str | None
    # Of the attempts that the browser began of late.
    cookies: tuple[str, ...] = ()
    is_restart: bool = False
    # The mark of a visitor who has read the explanation page and goes on.
    agreed: str | None = None


@dataclass(frozen=True, slots=True)
class SentToWeChat:
    """The authorize link, and the cookie by which the browser is known again when it comes back."""

    authorize_url: str
    state: str
    cookie: str


@dataclass(frozen=True, slots=True)
class ToBeExplained:
    """The site wants its visitors told first what it asks for. Nothing is recorded: nobody has begun before they go on,
    by the same link with this mark. `guest_url` is where they go who would rather look around."""

    site: KnownSite
    url: str
    agreed: str
    guest_url: str


@dataclass(frozen=True, slots=True)
class StartRefused:
    """No login can come of the link. `support_code` is None where the address has had too many recorded."""

    reason: str
    at: datetime
    support_code: str | None
    site: KnownSite | None


@dataclass(frozen=True, slots=True)
class _Place:
    """What the link leads to as far as it is known; `reason` says why no login can come of it."""

    account: KnownAccount | None = None
    site: KnownSite | None = None
    url: str | None = None
    reason: str | None = None


async def begin(
    gateway: Gateway, asked: Beginning, refusals: FailureLimit
) -> SentToWeChat | ToBeExplained | StartRefused:
    """Records the attempt and returns where to send the visitor, unless they are to be told something first; of
    `refusals` too, as many as an address may have. Raises Overloaded, DatabaseUnavailable."""
    place = _place(gateway, await gateway.registry.current(), asked)
    if place.account is None or place.site is None or place.url is None or place.reason is not None:
        return await _refuse(gateway, asked, place, refusals)
    if explanations.is_due(gateway.keys, place.site, place.url, scope=asked.scope, agreed=asked.agreed):
        mark = explanations.mark(gateway.keys, place.site, place.url)
        return ToBeExplained(place.site, place.url, mark, hand_off.guest_url(place.url, hand_off.DECLINED))
    state, cookie = random_text(STATE_LENGTH), attempt_cookies.make(place.url, is_restart=asked.is_restart)
    await _record(gateway, lambda: _start(gateway, asked, place, state=state, cookie=cookie))
    return SentToWeChat(_authorize_url(gateway, place.account, asked.scope, state), state, cookie)


def _place(gateway: Gateway, registry: Registry, asked: Beginning) -> _Place:
    named = registry.account_named(asked.account) if asked.account is not None else None
    if asked.account is not None and named is None:
        return _Place(reason="gw_account_off")
    try:
        address = return_urls.parse(return_urls.without_leftovers(asked.url or ""))
    except ReturnURLRefused:
        return _Place(named, reason="gw_return_url_refused")
    accounts = [named] if named else registry.accounts
    found = [(account, site) for account in accounts if (site := registry.site_for(account, address))]
    if not found:
        # The address is whatever somebody typed: of one that leads to no site no more is kept than what has to be
        # registered, or corrected in the link.
        return _Place(named, url=address.origin, reason="gw_return_url_refused")
    if len(found) > 1:
        # Sites of two accounts share the address: only the link can say whose login it is.
        return _Place(reason="gw_account_off")
    account, site = found[0]
    url = hand_off.cleaned(address.text, site)
    return _Place(account, site, url, _reason_against(gateway, asked, site, url))


def _reason_against(gateway: Gateway, asked: Beginning, site: KnownSite, url: str) -> str | None:
    if gateway.asks_outside_wechat and not asked.browser.is_wechat and not site.dev:
        return "gw_not_wechat"
    of_late = attempt_cookies.starts_of_late(asked.cookies, url, within_s=LOOP_WITHIN_S)
    return "gw_loop" if of_late >= _LOOP_STARTS else None


async def _refuse(gateway: Gateway, asked: Beginning, place: _Place, refusals: FailureLimit) -> StartRefused:
    reason = place.reason or "gw_account_off"
    if refusals.wait(address := customer(asked.ip)):
        # A scanner must not fill the database.
        return StartRefused(reason, utcnow(), None, place.site)
    refusals.failed(address)
    start = await _record(gateway, lambda: _start(gateway, asked, place, refused=reason))
    return StartRefused(reason, start.at, start.support_code, place.site)


async def _record(gateway: Gateway, make: Callable[[], Start]) -> Start:
    """Stores the start, and makes another where its support code is in use: among ten million, one of 3,400 is."""
    try:
        await gateway.journal.write(start := make())
    except Taken:
        await gateway.journal.write(start := make())
    return start


def _start(
    gateway: Gateway,
    asked: Beginning,
    place: _Place,
    *,
    state: str | None = None,
    cookie: str | None = None,
    refused: str | None = None,
) -> Start:
    return Start(
        attempt_id=gateway.ids.draw(),
        support_code=support_codes.make(),
        at=utcnow(),
        account_id=place.account.id if place.account else None,
        site_id=place.site.id if place.site else None,
        scope=asked.scope,
        lang=asked.lang,
        return_url=place.url,
        nonce=asked.nonce,
        channel=asked.channel,
        ref=asked.ref,
        browser_family=asked.browser.family,
        wechat_version=asked.browser.wechat_version,
        ip=asked.ip,
        state_hash=sha256(state) if state else None,
        cookie_hash=sha256(cookie) if cookie else None,
        refused=refused,
    )


def _authorize_url(gateway: Gateway, account: KnownAccount, scope: str, state: str) -> str:
    """WeChat matches the link as a whole: these parameters in this order, and the fragment (facts.md, section 1)."""
    query = urlencode(
        {
            "appid": account.appid,
            "redirect_uri": gateway.callback_url,
            "response_type": "code",
            "scope": scope,
            "state": state,
        }
    )
    return f"{gateway.wechat_open_url}/connect/oauth2/authorize?{query}#wechat_redirect"
