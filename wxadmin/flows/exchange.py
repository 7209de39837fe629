"""Asking WeChat who the visitor is: the code's one exchange, and the profile where the scope allows it."""

from dataclasses import dataclass, replace
from datetime import timedelta

from wxadmin.errors import SealBroken
from wxadmin.flows import calls
from wxadmin.flows.gateway import Gateway
from wxadmin.models import Stage
from wxadmin.models.sealed import secret_bound_to
from wxadmin.queries.registry import KnownAccount
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.facts import CallFact
from wxadmin.services.users import Person, Profile
from wxadmin.wechat.client import WeChat
from wxadmin.wechat.errors import CallFailed, NoAnswer
from wxadmin.wechat.replies import Grant

# Two calls for the exchange, two for the profile.
_CALLS_AT_MOST = 4
# For the commits around the calls.
_LEASE_SPARE = timedelta(seconds=10)
_BUSY = "-1"
_CODE_SPENT = "40163"
# WeChat's machines do not always know at once of a token that one of them has just given out (facts.md, section 7).
_NOT_KNOWN_YET = "40001"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who WeChat says that the visitor is."""

    grant: Grant
    unionid: str | None
    profile: Profile | None

    @property
    def person(self) -> Person:
        return Person(self.grant.openid, self.profile)

    @property
    def is_person(self) -> bool:
        """False for the one who looks at WeChat's snapshot page: the openid is then made up."""
        return not self.grant.is_snapshotuser


def lease(gateway: Gateway) -> timedelta:
    """For how long a claim keeps others from the code: no exchange takes longer."""
    return timedelta(seconds=gateway.wechat.timeout) * _CALLS_AT_MOST + _LEASE_SPARE


async def identify(gateway: Gateway, attempt: AttemptSeen, code: str) -> tuple[Identity | None, tuple[CallFact, ...]]:
    """Who they are, None where WeChat or the set-up did not say; and the calls that were made, at least one."""
    account = (await gateway.registry.current()).account(attempt.account_id)
    if account is None:
        return None, (calls.not_made(Stage.EXCHANGE, "gw_account_off"),)
    try:
        # None where its key was forgotten.
        secret = gateway.keys.open(account.secret_sealed or b"", secret_bound_to(account.appid))
    except SealBroken:
        return None, (calls.not_made(Stage.EXCHANGE, "gw_key_missing"),)
    facts: list[CallFact] = []
    grant = await _granted(gateway.wechat, account, secret, code, facts)
    if grant is None:
        return None, tuple(facts)
    if not grant.scope:
        # WeChat's own table of the answer leaves scope out (facts.md, section 2): it is then
        # the one that was asked for.
        grant = replace(grant, scope=(attempt.scope,))
    if grant.is_snapshotuser:
        return Identity(grant, None, None), tuple(facts)
    profile, unionid = await _profile(gateway.wechat, grant, attempt.lang, facts)
    return Identity(grant, unionid, profile), tuple(facts)


def is_lost_answer(facts: tuple[CallFact, ...]) -> bool:
    """Whether WeChat gave the login to a call of ours whose answer never came: it then calls the code spent."""
    *earlier, last = facts
    return last.code == _CODE_SPENT and any(fact.stage == Stage.EXCHANGE for fact in earlier)


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
    for is_last in (False, True):
        try:
            profile = await wechat.userinfo(grant.access_token, grant.openid, lang or "zh_CN")
        except CallFailed as error:
            facts.append(calls.failed(Stage.USERINFO, error, grant.access_token))
            if is_last or error.code != _NOT_KNOWN_YET:
                break
        else:
            facts.append(calls.succeeded(Stage.USERINFO, profile.took_ms))
            kept = Profile(profile.nickname, profile.headimgurl or None, profile.language or None)
            return kept, grant.unionid or profile.unionid
    return None, grant.unionid
