"""The visitor's return from WeChat: the code is claimed, exchanged, and the login stored before anyone is told."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime

from wxadmin.clock import utcnow
from wxadmin.errors import SealBroken
from wxadmin.flows import calls, hand_off
from wxadmin.flows.exchange import Identity, identify, is_lost_answer, lease
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.storing import new_ticket, store_end, store_login
from wxadmin.models import Outcome, Stage
from wxadmin.queries.registry import KnownSite
from wxadmin.security.hashes import sha256
from wxadmin.services import claims, repeats
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.claims import Claim, Claimed, Denied, NotClaimed
from wxadmin.services.facts import CallFact
from wxadmin.services.repeats import Repeat

# The login is one, but not for a site that takes nobody without nickname and picture.
NO_PROFILE = "no_profile"
# How often another process's exchange is looked at.
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Return:
    """What WeChat's redirect brought, and the cookie of the attempt that its state names."""

    state: str
    code: str | None
    cookie: str | None

    @property
    def code_hash(self) -> bytes | None:
        return sha256(self.code) if self.code else None


@dataclass(frozen=True, slots=True)
class HandedOff:
    """The login is stored; the visitor goes back to the site with a ticket."""

    url: str
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Guest:
    """WeChat showed its snapshot page, and the site takes the visitor without a login."""

    url: str


@dataclass(frozen=True, slots=True)
class NoLogin:
    """The return leads to no login at the site. `is_own` where the browser is the one that began the attempt; `is_lost`
    where nothing was wrong with the login but that its result was lost on the way: beginning anew helps."""

    reason: str
    at: datetime
    attempt: AttemptSeen | None
    is_own: bool
    is_lost: bool = False


Ended = HandedOff | Guest | NoLogin


async def come_back(gateway: Gateway, back: Return) -> Ended:
    """Ends the attempt, or says why the return changes nothing. A second return of the same browser gets what came of
    the first; where that failed and this one has another code, the code is tried. Raises Overloaded,
    DatabaseUnavailable.

    To be run detached from the visitor's connection.
    """
    while True:
        at = utcnow()
        claimed = await gateway.journal.write(_claim(gateway, back, at))
        if isinstance(claimed, Claimed) and back.code is not None:
            with gateway.underway.exchange(claimed.attempt.id):
                return await _exchange(gateway, claimed.attempt, back.code, at)
        if not (isinstance(claimed, NotClaimed) and claimed.is_repeat and claimed.attempt):
            return _unclaimed(claimed, at)
        ended = await _again(gateway, back, claimed.attempt)
        if ended is not None:
            return ended


def _claim(gateway: Gateway, back: Return, at: datetime) -> Claim:
    return Claim(
        claim_id=gateway.ids.draw(),
        at=at,
        state_hash=sha256(back.state),
        cookie_hash=sha256(back.cookie) if back.cookie else None,
        code_hash=back.code_hash,
        lease=lease(gateway),
    )


def _unclaimed(claimed: Claimed | NotClaimed | Denied, at: datetime) -> NoLogin:
    if not isinstance(claimed, NotClaimed):
        return NoLogin(Outcome.DENIED.value, at, claimed.attempt, is_own=True)
    is_own = claimed.reason not in {claims.COOKIE_LOST, claims.OTHER_BROWSER}
    is_lost = claimed.reason == claims.INTERRUPTED
    return NoLogin(claimed.reason, at, claimed.attempt, is_own=is_own, is_lost=is_lost)


async def _again(gateway: Gateway, back: Return, attempt: AttemptSeen) -> Ended | None:
    """What came of the browser's first return with this state; None where its code failed and this one is another."""
    await _first_is_over(gateway, attempt.id)
    site, ticket, now = await _site(gateway, attempt), new_ticket(), utcnow()
    try:
        key = hand_off.signing_key(gateway.keys, site, now)
    except SealBroken:
        return NoLogin("gw_key_missing", now, attempt, is_own=True)
    needs_profile = _needs_profile(site, attempt)
    repeat = Repeat(
        attempt.id, sha256(ticket), now, asks_person=needs_profile or key is not None, needs_profile=needs_profile
    )
    first = await gateway.journal.write(repeat)
    attempt, outcome = first.attempt, first.attempt.outcome
    if first.has_ticket:
        return HandedOff(hand_off.login_url(attempt.return_url, ticket, first.person, key), is_repeat=True)
    if first.person is not None:
        return NoLogin(NO_PROFILE, now, attempt, is_own=True)
    if guest := _guest(site, attempt, outcome):
        return guest
    if outcome == Outcome.FAILED and attempt.ended_by != claims.INTERRUPTED and back.code_hash != attempt.code_hash:
        return None
    reasons = {None: claims.INTERRUPTED, Outcome.FAILED: attempt.ended_by, Outcome.SUCCEEDED: claims.STATE_USED}
    reason = reasons.get(Outcome(outcome) if outcome else None) or outcome or claims.STATE_USED
    return NoLogin(reason, utcnow(), attempt, is_own=True, is_lost=reason == claims.INTERRUPTED)


async def _first_is_over(gateway: Gateway, attempt_id: int) -> None:
    """Waits for the exchange of the attempt's code, here or in another process, for as long as its lease lasts."""
    given_up_at = time.monotonic() + lease(gateway).total_seconds()
    while (seconds_left := given_up_at - time.monotonic()) > 0:
        if attempt_id in gateway.underway:
            await gateway.underway.ended(attempt_id, seconds_left)
        elif gateway.underway.is_lost(attempt_id):
            # Its claim stands until the lease is over, but nothing will come of it.
            return
        elif await gateway.database.read(repeats.is_underway, attempt_id, utcnow()):
            await asyncio.sleep(_LOOK_EVERY_S)
        else:
            return


async def _exchange(gateway: Gateway, attempt: AttemptSeen, code: str, returned_at: datetime) -> Ended:
    site = await _site(gateway, attempt)
    try:
        key = hand_off.signing_key(gateway.keys, site, returned_at)
    except SealBroken:
        # Before the code is spent on a login that could not be handed over.
        return await _ended(gateway, attempt, None, (calls.not_made(Stage.EXCHANGE, "gw_key_missing"),))
    identity, facts = await identify(gateway, attempt, code)
    if identity is None or not identity.is_person:
        return await _ended(gateway, attempt, identity, facts)
    is_kept_back = _needs_profile(site, attempt) and identity.profile is None
    ticket = None if is_kept_back else new_ticket()
    await store_login(gateway, attempt, identity, facts, ticket=ticket, returned_at=returned_at, browser_bound=True)
    if ticket is None:
        return NoLogin(NO_PROFILE, facts[-1].at, attempt, is_own=True)
    return HandedOff(hand_off.login_url(attempt.return_url, ticket, identity.person, key))


async def _ended(
    gateway: Gateway, attempt: AttemptSeen, identity: Identity | None, facts: tuple[CallFact, ...]
) -> Guest | NoLogin:
    outcome, last = await store_end(gateway, attempt, identity, facts), facts[-1]
    if guest := _guest(await _site(gateway, attempt), attempt, outcome):
        return guest
    return NoLogin(last.code or outcome.value, last.at, attempt, is_own=True, is_lost=is_lost_answer(facts))


async def _site(gateway: Gateway, attempt: AttemptSeen) -> KnownSite | None:
    """None where the site was switched off meanwhile: its visitors still get what they began."""
    return (await gateway.registry.current()).site(attempt.site_id)


def _guest(site: KnownSite | None, attempt: AttemptSeen, outcome: str | None) -> Guest | None:
    """Where the attempt ended at WeChat's snapshot page, and the site takes its visitors all the same."""
    if outcome != Outcome.SNAPSHOT or site is None or not site.snapshot_guest:
        return None
    return Guest(hand_off.guest_url(attempt.return_url, hand_off.SNAPSHOT))


def _needs_profile(site: KnownSite | None, attempt: AttemptSeen) -> bool:
    """Whether the site takes nobody from this attempt without nickname and picture: a silent login promises none."""
    return site is not None and site.profile_required and attempt.scope == "snsapi_userinfo"
