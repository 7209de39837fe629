"""The visitor's return from WeChat: whose attempt it is, and who may exchange its code."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Self

from sqlalchemy import Connection

from wxadmin.clock import milliseconds_between
from wxadmin.database.sets import SetInsert, SetUpdate
from wxadmin.models import Attempt, Class, CodeClaim, Outcome, Stage
from wxadmin.services import attempts
from wxadmin.services.attempts import AttemptEnd, AttemptSeen
from wxadmin.services.batch import Batch

STATE_LIFETIME = timedelta(minutes=10)

STATE_UNKNOWN = "gw_state_unknown"
STATE_EXPIRED = "gw_state_expired"
STATE_USED = "gw_state_used"
COOKIE_LOST = "gw_state_cookie_lost"
OTHER_BROWSER = "gw_other_browser"
INTERRUPTED = "gw_interrupted"


@dataclass(frozen=True, slots=True)
class Claimed:
    """The code is this request's to exchange."""

    attempt: AttemptSeen


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """The return leads to no exchange; `attempt` is the one that its state names, if any. `is_repeat` where the same
    browser had been back before with this state: what it gets is what came of that (services/repeats.py)."""

    reason: str
    attempt: AttemptSeen | None = None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """The state came back without a code; the attempt has ended."""

    attempt: AttemptSeen


@dataclass(frozen=True, slots=True)
class Claim:
    """A browser came back with a state, the cookie that it should have from the start, and a code."""

    refusable: ClassVar[bool] = True

    claim_id: int
    at: datetime
    state_hash: bytes
    cookie_hash: bytes | None
    code_hash: bytes | None
    lease: timedelta

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[Claimed | NotClaimed | Denied]:
        found = attempts.by_state(batch.connection, (step.state_hash for step in steps))
        returns = _decide(steps, found)
        won = take(batch, _claimants(returns))
        _store_returns(batch, returns, won)
        _end_denied(batch, returns)
        return [_result(batch, visit, won) for visit in returns]


@dataclass(frozen=True, slots=True)
class _Return:
    step: Claim
    attempt: AttemptSeen | None
    # Why the return leads to no exchange; None where it may.
    reason: str | None

    @property
    def is_denial(self) -> bool:
        return self.reason is None and self.step.code_hash is None

    @property
    def is_end(self) -> bool:
        """Whether the attempt ends with it: one that had failed before keeps the end that it has."""
        return self.is_denial and self.attempt is not None and self.attempt.outcome is None


def _decide(steps: Sequence[Claim], found: dict[bytes, AttemptSeen]) -> list[_Return]:
    returns = []
    taken: set[int] = set()
    for step in steps:
        attempt = found.get(step.state_hash)
        reason = _reason_against(attempt, step)
        if attempt is not None and reason is None:
            # Of two returns to one attempt in one batch the first counts: the second comes too late.
            reason = STATE_USED if attempt.id in taken else None
            taken.add(attempt.id)
        returns.append(_Return(step, attempt, reason))
    return returns


def _reason_against(attempt: AttemptSeen | None, step: Claim) -> str | None:
    if attempt is None:
        return STATE_UNKNOWN
    if step.cookie_hash != attempt.cookie_hash:
        return COOKIE_LOST if step.cookie_hash is None else OTHER_BROWSER
    if attempt.ended_by == INTERRUPTED:
        return INTERRUPTED
    if attempt.outcome != Outcome.SUCCEEDED and _is_too_late(attempt, step):
        return STATE_EXPIRED
    return STATE_USED if _is_repeat(attempt, step) else None


def _is_too_late(attempt: AttemptSeen, step: Claim) -> bool:
    return step.at - attempt.started_at > STATE_LIFETIME or attempt.outcome == Outcome.ABANDONED


def _is_repeat(attempt: AttemptSeen, step: Claim) -> bool:
    """Whether the browser has been back before, and had all that this return can bring."""
    if attempt.outcome == Outcome.FAILED:
        # It may try a second code.
        return step.code_hash is not None and step.code_hash == attempt.code_hash
    return attempt.outcome is not None or attempt.code_hash is not None


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who wants to exchange a code, until when it is theirs alone; `claim_id` tells this claim from every other."""

    account_id: int
    code_hash: bytes
    attempt_id: int
    claim_id: int
    at: datetime
    lease: timedelta


def take(batch: Batch, claimants: Iterable[Claimant]) -> set[int]:
    """The ids of the claims that were first with their code, over all processes."""
    rows = [
        {
            "account_id": claimant.account_id,
            "code_hash": claimant.code_hash,
            "attempt_id": claimant.attempt_id,
            "claim_id": claimant.claim_id,
            "node": batch.node,
            "claimed_at": claimant.at,
            "lease_until": claimant.at + claimant.lease,
        }
        for claimant in claimants
    ]
    rows.sort(key=lambda row: (row["account_id"], row["code_hash"]))
    holders = _CLAIMS.execute_returning(batch.connection, rows)
    return {claim_id for (claim_id,) in holders} & {row["claim_id"] for row in rows}


def _claimants(returns: list[_Return]) -> Iterable[Claimant]:
    for visit in returns:
        step, attempt = visit.step, visit.attempt
        if attempt is not None and visit.reason is None and step.code_hash is not None:
            yield Claimant(attempt.account_id, step.code_hash, attempt.id, step.claim_id, step.at, step.lease)


def give_back(connection: Connection, attempts_ended: Iterable[AttemptSeen], now: datetime) -> None:
    """Ends the leases of the attempts: nobody needs to wait for them any longer."""
    rows = [{"attempt_id": attempt_id, "lease_until": now} for attempt_id in sorted({a.id for a in attempts_ended})]
    _LEASES.execute(connection, rows)


def _store_returns(batch: Batch, returns: list[_Return], won: set[int]) -> None:
    rows = [
        {"id": visit.attempt.id, "returned_at": visit.step.at, "code_hash": visit.step.code_hash}
        for visit in returns
        if visit.attempt and (visit.is_end or visit.step.claim_id in won)
    ]
    _RETURNS.execute(batch.connection, sorted(rows, key=lambda row: row["id"]))


def _end_denied(batch: Batch, returns: list[_Return]) -> None:
    ends = [
        AttemptEnd(visit.attempt.id, Outcome.DENIED, visit.step.at)
        for visit in returns
        if visit.attempt and visit.is_end
    ]
    attempts.end(batch.connection, ends)


def _result(batch: Batch, visit: _Return, won: set[int]) -> Claimed | NotClaimed | Denied:
    step, attempt = visit.step, visit.attempt
    if attempt is None:
        return NotClaimed(STATE_UNKNOWN)
    record = partial(
        batch.ledger.record,
        attempt.subject,
        Stage.RETURN,
        at=step.at,
        duration_ms=milliseconds_between(attempt.started_at, step.at),
    )
    if visit.is_denial:
        record(outcome=Outcome.DENIED if visit.is_end else None)
        return Denied(attempt)
    if step.claim_id in won:
        record()
        return Claimed(attempt)
    reason = visit.reason or STATE_USED
    record(Class.HARMLESS, code=reason)
    return NotClaimed(reason, attempt, is_repeat=visit.reason == STATE_USED)


_CLAIMS = SetInsert(CodeClaim, key=["account_id", "code_hash"], ignore=True, returning=["claim_id"])
_LEASES = SetUpdate(CodeClaim, ["lease_until"], key=["attempt_id"])
_RETURNS = SetUpdate(Attempt, ["returned_at", "code_hash"], key=["id"])
