"""The beginning of a login: checked, recorded, and sent to WeChat."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from wxadmin import support_codes
from wxadmin.browsers import Browser
from wxadmin.clock import utcnow
from wxadmin.errors import ReturnURLRefused, Taken
from wxadmin.flows.gateway import Gateway
from wxadmin.queries.registry import KnownAccount, KnownSite, Registry
from wxadmin.security import return_urls
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services.starts import Start

STATE_LENGTH = 32
COOKIE_LENGTH = 32
_REFUSALS_A_MINUTE = 20
_ADDRESSES_REMEMBERED = 10_000


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


@dataclass(frozen=True, slots=True)
class SentToWeChat:
    """The authorize link, and the cookie by which the browser is known again when it comes back."""

    authorize_url: str
    state: str
    cookie: str


@dataclass(frozen=True, slots=True)
class StartRefused:
    """No login can come of the link. `support_code` is None where the address has had too many recorded."""

    reason: str
    at: datetime
    support_code: str | None
    site: KnownSite | None


class RefusalLimit:
    """How many refused starts an address gets recorded, so that a scanner cannot fill the database."""

    def __init__(self) -> None:
        self._minutes: OrderedDict[str | None, tuple[int, int]] = OrderedDict()

    def allows(self, ip: str | None) -> bool:
        """Whether one more of this address is recorded within this minute."""
        minute = int(time.monotonic() // 60)
        began, count = self._minutes.pop(ip, (minute, 0))
        count = count + 1 if began == minute else 1
        self._minutes[ip] = (minute, count)
        if len(self._minutes) > _ADDRESSES_REMEMBERED:
            self._minutes.popitem(last=False)
        return count <= _REFUSALS_A_MINUTE


@dataclass(frozen=True, slots=True)
class _Place:
    """What the link leads to as far as it is known; `reason` says why no login can come of it."""

    account: KnownAccount | None = None
    site: KnownSite | None = None
    url: str | None = None
    reason: str | None = None


async def begin(gateway: Gateway, asked: Beginning, limit: RefusalLimit) -> SentToWeChat | StartRefused:
    """Records the attempt and returns where to send the visitor. Raises Overloaded, DatabaseUnavailable."""
    place = _place(gateway, await gateway.registry.current(), asked)
    if place.account is None or place.reason is not None:
        return await _refuse(gateway, asked, place, limit)
    # When it was made comes first in the cookie, so that a browser's oldest one can be told.
    state, cookie = random_text(STATE_LENGTH), f"{int(time.time()):x}.{random_text(COOKIE_LENGTH)}"
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
        # The address is whatever somebody typed: it is not kept where it leads to no site.
        return _Place(named, reason="gw_return_url_refused")
    if len(found) > 1:
        # Sites of two accounts share the address: only the link can say whose login it is.
        return _Place(reason="gw_account_off")
    account, site = found[0]
    is_outside = gateway.asks_outside_wechat and not asked.browser.is_wechat and not site.dev
    return _Place(account, site, address.text, "gw_not_wechat" if is_outside else None)


async def _refuse(gateway: Gateway, asked: Beginning, place: _Place, limit: RefusalLimit) -> StartRefused:
    reason = place.reason or "gw_account_off"
    if not limit.allows(asked.ip):
        return StartRefused(reason, utcnow(), None, place.site)
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
