"""The visitor's return from WeChat: the code is claimed, exchanged, and the login stored before anyone is told."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wxadmin.clock import utcnow
from wxadmin.errors import SealBroken
from wxadmin.flows import calls
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.sealing import sealed_tokens
from wxadmin.models import Outcome, Stage
from wxadmin.queries.registry import KnownAccount
from wxadmin.security import return_urls
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services import claims
from wxadmin.services.accounts import secret_bound_to
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.claims import Claim, Denied, NotClaimed
from wxadmin.services.ends import End
from wxadmin.services.facts import CallFact
from wxadmin.services.logins import Login
from wxadmin.services.tokens import first_refresh_at
from wxadmin.services.users import Profile
from wxadmin.wechat.client import WeChat
from wxadmin.wechat.errors import CallFailed, NoAnswer
from wxadmin.wechat.replies import Grant

TICKET_LENGTH = 32
# Two calls for the exchange, one for the profile, and the commits between them.
_CALLS_A_LOGIN = 3
_LEASE_SPARE = timedelta(seconds=10)
_BUSY = "-1"


@dataclass(frozen=True, slots=True)
class Return:
    """What WeChat's redirect brought, and the cookie of the attempt that its state names."""

    state: str
    code: str | None
    cookie: str | None


@dataclass(frozen=True, slots=True)
class HandedOff:
    """The login is stored; the visitor goes back to the site with a ticket."""

    url: str


@dataclass(frozen=True, slots=True)
class NoLogin:
    """The return is no login. `is_own` where the browser is the one that began the attempt."""

    reason: str
    at: datetime
    attempt: AttemptSeen | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class _Identity:
    """Who WeChat says that the visitor is."""

    grant: Grant
    unionid: str | None
    profile: Profile | None


async def come_back(gateway: Gateway, back: Return) -> HandedOff | NoLogin:
    """Ends the attempt, or says why the return changes nothing. Raises Overloaded, DatabaseUnavailable.

    To be run detached from the visitor's connection.
    """
    at = utcnow()
    claimed = await gateway.journal.write(
        Claim(
            claim_id=gateway.ids.draw(),
            at=at,
            state_hash=sha256(back.state),
            cookie_hash=sha256(back.cookie) if back.cookie else None,
            code_hash=sha256(back.code) if back.code else None,
            lease=timedelta(seconds=gateway.wechat.timeout) * _CALLS_A_LOGIN + _LEASE_SPARE,
        )
    )
    if isinstance(claimed, NotClaimed):
        is_own = claimed.reason not in {claims.COOKIE_LOST, claims.OTHER_BROWSER}
        return NoLogin(claimed.reason, at, claimed.attempt, is_own=is_own)
    if isinstance(claimed, Denied) or back.code is None:
        return NoLogin("denied", at, claimed.attempt, is_own=True)
    return await _exchange(gateway, claimed.attempt, back.code, at)


async def _exchange(gateway: Gateway, attempt: AttemptSeen, code: str, returned_at: datetime) -> HandedOff | NoLogin:
    account = (await gateway.registry.current()).account(attempt.account_id)
    if account is None or account.secret_sealed is None:
        off = CallFact(Stage.EXCHANGE, utcnow(), 0, "gw_account_off")
        return await _end(gateway, attempt, Outcome.FAILED, [off])
    try:
        secret = gateway.keys.open(account.secret_sealed, secret_bound_to(account.appid))
    except SealBroken:
        return await _end(gateway, attempt, Outcome.FAILED, [CallFact(Stage.EXCHANGE, utcnow(), 0, "gw_key_missing")])
    facts: list[CallFact] = []
    grant = await _granted(gateway.wechat, account, secret, code, facts)
    if grant is None:
        return await _end(gateway, attempt, Outcome.FAILED, facts)
    if not grant.scope:
        # WeChat's own table of the answer leaves scope out (facts.md, section 2): it is then
        # the one that was asked for.
        grant = replace(grant, scope=(attempt.scope,))
    if grant.is_snapshotuser:
        return await _end(gateway, attempt, Outcome.SNAPSHOT, facts)
    profile, unionid = await _profile(gateway.wechat, grant, attempt.lang, facts)
    identity = _Identity(grant, unionid, profile)
    return await _hand_off(gateway, attempt, identity, tuple(facts), returned_at=returned_at)


async def _granted(
    wechat: WeChat, account: KnownAccount, secret: str, code: str, facts: list[CallFact]
) -> Grant | None:
    """The exchange, with one retry where WeChat gave no answer: the code may be spent, but then it says so."""
    for is_last in (False, True):
        try:
            grant = await wechat.exchange(account.appid, secret, code)
        except CallFailed as error:
            facts.append(calls.failed(Stage.EXCHANGE, error, secret, code))
            if is_last or not (isinstance(error, NoAnswer) or error.code == _BUSY):
                return None
        else:
            facts.append(calls.succeeded(Stage.EXCHANGE, grant.took_ms))
            return grant
    return None


async def _profile(
    wechat: WeChat, grant: Grant, lang: str | None, facts: list[CallFact]
) -> tuple[Profile | None, str | None]:
    """The profile where the scope allows to ask for it, and the unionid. A failure here leaves the login a success."""
    if "snsapi_userinfo" not in grant.scope:
        return None, grant.unionid
    try:
        profile = await wechat.userinfo(grant.access_token, grant.openid, lang or "zh_CN")
    except CallFailed as error:
        facts.append(calls.failed(Stage.USERINFO, error, grant.access_token))
        return None, grant.unionid
    facts.append(calls.succeeded(Stage.USERINFO, profile.took_ms))
    kept = Profile(profile.nickname, profile.headimgurl or None, profile.language or None)
    return kept, grant.unionid or profile.unionid


async def _hand_off(
    gateway: Gateway,
    attempt: AttemptSeen,
    identity: _Identity,
    facts: tuple[CallFact, ...],
    *,
    returned_at: datetime,
) -> HandedOff:
    now, grant = utcnow(), identity.grant
    expires_in = timedelta(seconds=grant.expires_in)
    due = first_refresh_at(now, expires_in, gateway.refresh_ahead)
    ticket = random_text(TICKET_LENGTH)
    await gateway.journal.write(
        Login(
            attempt=attempt,
            at=now,
            returned_at=returned_at,
            openid=grant.openid,
            unionid=identity.unionid,
            profile=identity.profile,
            tokens=sealed_tokens(gateway.keys, attempt.account_id, grant, expires_at=now + expires_in, due=due),
            ticket_hash=sha256(ticket),
            calls=facts,
        )
    )
    return HandedOff(return_urls.with_parameters(attempt.return_url, {"ticket": ticket}))


async def _end(gateway: Gateway, attempt: AttemptSeen, outcome: Outcome, facts: list[CallFact]) -> NoLogin:
    await gateway.journal.write(End(attempt, outcome, tuple(facts)))
    last = facts[-1]
    return NoLogin(last.code or outcome.value, last.at, attempt, is_own=True)
