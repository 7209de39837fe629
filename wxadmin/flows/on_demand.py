"""What staff ask for about one user's token: a refresh now, or WeChat's word on whether it is good."""

from dataclasses import dataclass
from enum import StrEnum

from wxadmin.clock import utcnow
from wxadmin.errors import SealBroken
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.renewing import Held, lease_length, refreshed
from wxadmin.flows.results import note_answers
from wxadmin.flows.sealing import opened_access_token
from wxadmin.models import Trigger
from wxadmin.models.account import is_sample_appid
from wxadmin.queries import access_tokens
from wxadmin.services import leases, refresh_passes, token_demands
from wxadmin.services.leases import NoLease
from wxadmin.services.refresh_passes import Pass
from wxadmin.wechat.errors import CallFailed


@dataclass(frozen=True, slots=True)
class Demanded:
    """What came of a refresh that somebody asked for: with a `reason` WeChat was not called. Else `code` is what it
    refused with, empty where it renewed the token; `is_overtaken` says that a login brought a newer one meanwhile."""

    reason: NoLease | None = None
    code: str = ""
    is_overtaken: bool = False


class Word(StrEnum):
    """What WeChat says of an access token."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    """It did not say: it was too busy, did not answer, or could not be asked."""
    MISSING = "missing"
    """There is no token."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`code` is the errcode or reason where the word is UNKNOWN."""

    word: Word
    code: str = ""


async def refresh_one(gateway: Gateway, user_id: int, *, actor: str) -> Demanded:
    """Refreshes a user's token now, due or not, though its account be held. Raises DatabaseUnavailable."""
    return await gateway.detached(_refresh_one(gateway, user_id, actor))


async def _refresh_one(gateway: Gateway, user_id: int, actor: str) -> Demanded:
    lease = await gateway.database.write(
        token_demands.lease, user_id, node=gateway.node, lasting=lease_length(gateway), actor=actor
    )
    if isinstance(lease, NoLease):
        return Demanded(lease)
    made = Pass(gateway.ids.draw(), gateway.node, Trigger.STAFF, utcnow(), actor)
    [token] = lease.tokens
    account = (await gateway.registry.current()).account(token.account_id)
    if account is None:
        await gateway.database.write(leases.give_back, lease.tokens)
        return Demanded(NoLease.ACCOUNT_OFF)
    result = await refreshed(gateway, account.appid, token, Held(lease))
    is_stored = await gateway.journal.write(result)
    await note_answers(gateway, [result])
    made.report.leased = 1
    made.report.count(result.call.code, is_stored=is_stored)
    await gateway.database.write(refresh_passes.note, made, ended_at=utcnow())
    return Demanded(code=result.call.code, is_overtaken=not is_stored)


async def check_one(gateway: Gateway, user_id: int, *, actor: str) -> Checked:
    """Asks WeChat whether a user's access token is good; changes nothing. Raises DatabaseUnavailable."""
    token = await gateway.database.read(access_tokens.of_user, user_id)
    if token is None:
        return Checked(Word.MISSING)
    account = (await gateway.registry.current()).account(token.account_id)
    if account is None or is_sample_appid(account.appid):
        return Checked(Word.UNKNOWN, "gw_account_off")
    try:
        access_token = opened_access_token(gateway.keys, token)
    except SealBroken:
        return Checked(Word.UNKNOWN, "gw_key_missing")
    await gateway.database.write(token_demands.note_check, user_id, actor=actor)
    try:
        is_good = await gateway.wechat.check(access_token, token.openid)
    except CallFailed as error:
        return Checked(Word.UNKNOWN, error.code)
    return Checked(Word.GOOD if is_good else Word.BAD)
