"""A login that succeeded: user, tokens, channel, ticket, events and counts, all in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from wxadmin.clock import milliseconds_between
from wxadmin.database.sets import SetUpdate
from wxadmin.models import Attempt, Outcome, Stage
from wxadmin.services import attempts, tickets, tokens, users
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.batch import Batch
from wxadmin.services.facts import CallFact
from wxadmin.services.tickets import IssuedTicket
from wxadmin.services.tokens import SealedTokens
from wxadmin.services.users import Profile, Sighting, StoredUser

# Every other end is final: what comes later is an event only.
_MAY_SUCCEED = (None, Outcome.FAILED)


@dataclass(frozen=True, slots=True)
class Login:
    """WeChat said who the visitor is. Returns the user's id."""

    refusable: ClassVar[bool] = False

    attempt: AttemptSeen
    at: datetime
    returned_at: datetime
    openid: str
    unionid: str | None
    profile: Profile | None
    tokens: SealedTokens
    # None where the visitor is not handed to the site.
    ticket_hash: bytes | None
    # The exchange first.
    calls: tuple[CallFact, ...]
    # Whether the browser that gets the ticket is known to be the one that began.
    browser_bound: bool = True

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[int]:
        before = attempts.outcomes(batch.connection, (step.attempt.id for step in steps))
        stored = users.remember(batch, [_sighting(step) for step in steps])
        pairs = list(zip(steps, stored, strict=True))
        newest = {user.id: (step.attempt.account_id, step.tokens) for step, user in pairs}
        tokens.issue(batch, newest)
        tickets.issue(batch, _tickets(pairs))
        _store_attempts(batch, pairs, before)
        _record(batch, pairs, before)
        return [user.id for user in stored]


def _tickets(pairs: Sequence[tuple[Login, StoredUser]]) -> Iterator[IssuedTicket]:
    for step, user in pairs:
        if step.ticket_hash is not None:
            yield IssuedTicket(step.ticket_hash, step.attempt.id, step.attempt.site_id, user.id, step.browser_bound)


def _sighting(step: Login) -> Sighting:
    return Sighting(
        account_id=step.attempt.account_id,
        openid=step.openid,
        unionid=step.unionid,
        profile=step.profile,
        granted_userinfo="snsapi_userinfo" in step.tokens.scope,
        site_id=step.attempt.site_id,
        channel=step.attempt.channel,
        ref=step.attempt.ref,
        at=step.at,
    )


def _store_attempts(batch: Batch, pairs: Sequence[tuple[Login, StoredUser]], before: dict[int, str | None]) -> None:
    rows = {
        step.attempt.id: {
            "id": step.attempt.id,
            "exchanged_at": step.calls[0].at,
            "ended_at": step.at,
            "outcome": Outcome.SUCCEEDED.value,
            "ended_by": None,
            "recovered_at": step.at if before[step.attempt.id] == Outcome.FAILED else None,
            "user_id": user.id,
            "scope_granted": ",".join(step.tokens.scope),
        }
        for step, user in pairs
        if before[step.attempt.id] in _MAY_SUCCEED
    }
    _ATTEMPTS.execute(batch.connection, [rows[attempt_id] for attempt_id in sorted(rows)])


_ATTEMPTS = SetUpdate(
    Attempt,
    ["exchanged_at", "ended_at", "outcome", "ended_by", "recovered_at", "user_id", "scope_granted"],
    key=["id"],
)


def _record(batch: Batch, pairs: Sequence[tuple[Login, StoredUser]], before: dict[int, str | None]) -> None:
    outcome_so_far = dict(before)
    for step, user in pairs:
        for call in step.calls:
            call.record(batch.ledger, step.attempt.subject, user_id=user.id)
        earlier = outcome_so_far[step.attempt.id]
        batch.ledger.record(
            step.attempt.subject,
            Stage.HANDOFF,
            at=step.at,
            duration_ms=milliseconds_between(step.returned_at, step.at),
            user_id=user.id,
            outcome=Outcome.SUCCEEDED if earlier in _MAY_SUCCEED else None,
            recovered=earlier == Outcome.FAILED,
            new_user=user.is_new,
            first_of_day=user.first_of_day,
        )
        if earlier in _MAY_SUCCEED:
            outcome_so_far[step.attempt.id] = Outcome.SUCCEEDED
