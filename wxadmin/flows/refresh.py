"""Renewing access tokens before they expire: lease a batch, ask WeChat, write back what came."""

import asyncio
import math
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from wxadmin.clock import utcnow
from wxadmin.errors import SealBroken
from wxadmin.flows import calls
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.sealing import opened_refresh_token, sealed_tokens
from wxadmin.models import Stage, TokenState
from wxadmin.queries.registry import Registry
from wxadmin.services import tokens
from wxadmin.services.facts import CallFact
from wxadmin.services.tokens import LeasedToken, Refreshed, next_refresh_at
from wxadmin.wechat.errcodes import Verdict, refresh_verdict
from wxadmin.wechat.errors import CallFailed, NoAnswer
from wxadmin.wechat.replies import Grant

_ROUNDS_A_LEASE = 4
_LEASE_SPARE = timedelta(seconds=15)
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(slots=True)
class PassReport:
    """What one pass did; `failed` counts by errcode or reason, `overtaken` the results that a login came before."""

    leased: int = 0
    renewed: int = 0
    overtaken: int = 0
    failed: Counter[str] = field(default_factory=Counter)


async def refresh_pass(gateway: Gateway) -> PassReport:
    """Refreshes every token that is due now, unless the process is told to stop. Raises DatabaseUnavailable."""
    report = PassReport()
    limit = gateway.refresh_concurrency * _ROUNDS_A_LEASE
    # Outlives the slowest batch: every call of it may take as long as a call may.
    lease = timedelta(seconds=gateway.wechat.timeout) * _ROUNDS_A_LEASE + _LEASE_SPARE
    while True:
        leased = await gateway.database.write(
            tokens.lease_due, owner=gateway.node, now=utcnow(), lease=lease, limit=limit
        )
        await _refresh_all(gateway, leased, report)
        if len(leased) < limit or gateway.stopping.is_set():
            return report


async def _refresh_all(gateway: Gateway, leased: list[LeasedToken], report: PassReport) -> None:
    registry = await gateway.registry.current()
    report.leased += len(leased)
    waiting = iter(leased)

    async def work() -> None:
        for token in waiting:
            if gateway.stopping.is_set():
                # What is left of the batch is due again when its lease ends.
                return
            step = await _refreshed(gateway, registry, token)
            _note(report, step, is_stored=await gateway.journal.write(step))

    workers = (work() for _ in range(min(gateway.refresh_concurrency, len(leased))))
    # No call to WeChat is cut off in the middle because the result of another could not be stored.
    for failure in await asyncio.gather(*workers, return_exceptions=True):
        if failure is not None:
            raise failure


def _note(report: PassReport, step: Refreshed, *, is_stored: bool) -> None:
    if not is_stored:
        report.overtaken += 1
    elif step.renewed:
        report.renewed += 1
    else:
        report.failed[step.call.code] += 1


async def _refreshed(gateway: Gateway, registry: Registry, token: LeasedToken) -> Refreshed:
    """One call to WeChat and what follows from its answer."""
    account = registry.account(token.account_id)
    if account is None:
        return _failed(token, CallFact(Stage.REFRESH, utcnow(), 0, "gw_account_off"))
    try:
        refresh_token = opened_refresh_token(gateway.keys, token)
    except SealBroken:
        return _failed(token, CallFact(Stage.REFRESH, utcnow(), 0, "gw_key_missing"))
    try:
        grant = await gateway.wechat.refresh(account.appid, refresh_token)
        if grant.openid != token.openid:
            raise NoAnswer("gw_bad_reply", "the answer is about another openid", took_ms=grant.took_ms)
    except CallFailed as error:
        return _failed(token, calls.failed(Stage.REFRESH, error, refresh_token))
    return _renewed(gateway, token, grant)


def _renewed(gateway: Gateway, token: LeasedToken, grant: Grant) -> Refreshed:
    now = utcnow()
    expires_in = timedelta(seconds=grant.expires_in)
    due = next_refresh_at(now, expires_in, gateway.refresh_ahead)
    renewed = sealed_tokens(gateway.keys, token.account_id, grant, expires_at=now + expires_in, due=due)
    call = calls.succeeded(Stage.REFRESH, grant.took_ms)
    return Refreshed(token, call, renewed, TokenState.ACTIVE, due)


def _failed(token: LeasedToken, call: CallFact) -> Refreshed:
    """Dead for good only where WeChat said so; everything else is tried again, after ever longer pauses."""
    if refresh_verdict(call.code) is Verdict.PERMANENT:
        return Refreshed(token, call, None, TokenState.NEEDS_CONSENT, call.at)
    longest = min(_FIRST_PAUSE * math.pow(2, min(token.failures, 10)), _LONGEST_PAUSE)
    pause = longest * random.uniform(0.5, 1.0)  # noqa: S311, it only spreads the load
    return Refreshed(token, call, None, TokenState.ACTIVE, call.at + pause)
