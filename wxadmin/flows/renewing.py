"""One call to WeChat for a leased token, and what follows from its answer."""

import random
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wxadmin.errors import SealBroken
from wxadmin.flows import calls
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.sealing import opened_refresh_token, sealed_tokens
from wxadmin.models import Stage
from wxadmin.refreshing import moods
from wxadmin.refreshing.schedule import REFRESH_TOKEN_LIFETIME, first_refresh_at, next_refresh_at
from wxadmin.services.facts import CallFact
from wxadmin.services.leases import Lease, LeasedToken
from wxadmin.services.refreshed import Refreshed, Renewed
from wxadmin.wechat.errors import CallFailed, NoAnswer
from wxadmin.wechat.replies import Grant

# What else there is to do than to wait for WeChat: the wait for a place among the calls, and for the writer.
_SPARE = timedelta(seconds=20)
_TO_STORE = timedelta(seconds=5)
# A token that had to wait this long was one of many: they are spread anew, like those of one busy hour.
_CROWD_AFTER = timedelta(minutes=5)


def lease_length(gateway: Gateway) -> timedelta:
    """Outlives the longest call that is begun under it (`Held.may_call`)."""
    return 2 * timedelta(seconds=gateway.wechat.timeout) + _SPARE


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as this process has it. Its clock goes on from the moment of the lease, by the clock that all processes
    share: this host's own may be minutes off, or set back meanwhile."""

    lease: Lease
    began: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        return self.lease.at + timedelta(seconds=time.monotonic() - self.began)

    def may_call(self, timeout: float) -> bool:
        """Whether a call of up to so many seconds, and the storing of its answer, end before the lease does."""
        return self.now() + timedelta(seconds=timeout) + _TO_STORE <= self.lease.until


async def refreshed(gateway: Gateway, appid: str, token: LeasedToken, held: Held) -> Refreshed:
    """Asks WeChat for new tokens."""
    try:
        refresh_token = opened_refresh_token(gateway.keys, token)
    except SealBroken:
        return _left(token, calls.not_made(Stage.REFRESH, "gw_key_missing"), held.now())
    try:
        grant = await gateway.wechat.refresh(appid, refresh_token)
        if grant.openid != token.openid:
            raise NoAnswer("gw_bad_reply", "the answer is about another openid", took_ms=grant.took_ms)
    except CallFailed as error:
        return _left(token, calls.failed(Stage.REFRESH, error, refresh_token), held.now())
    # A refresh_token that was replaced begins thirty days of its own.
    is_same = grant.refresh_token == refresh_token
    ends_at = token.ends_at if is_same else held.now() + REFRESH_TOKEN_LIFETIME
    return _renewed(gateway, token, grant, at=held.now(), ends_at=ends_at)


def _renewed(gateway: Gateway, token: LeasedToken, grant: Grant, *, at: datetime, ends_at: datetime) -> Refreshed:
    expires_in = timedelta(seconds=grant.expires_in)
    spread = first_refresh_at if at - token.due_at > _CROWD_AFTER else next_refresh_at
    due, expires_at = spread(at, expires_in, gateway.refresh_ahead), at + expires_in
    if due >= ends_at:
        # By then WeChat would renew it no more.
        due = max(ends_at, expires_at)
    tokens = sealed_tokens(gateway.keys, token.account_id, grant, expires_at=expires_at, due=due)
    return Refreshed(token, calls.succeeded(Stage.REFRESH, grant.took_ms), Renewed(tokens, ends_at))


def _left(token: LeasedToken, call: CallFact, at: datetime) -> Refreshed:
    fate = moods.fate(
        call.code,
        at=at,
        failures=token.failures,
        unknown_since=token.unknown_since,
        chance=random.random(),  # noqa: S311, it only spreads the load
    )
    return Refreshed(token, call, fate)
