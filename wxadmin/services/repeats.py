"""A browser's second return with the same state: it gets what came of the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple, Self

from sqlalchemy import Connection, exists, select
from sqlalchemy.orm import Session

from wxadmin.database.sets import SetSelect
from wxadmin.models import Attempt, CodeClaim, Outcome, User
from wxadmin.services import attempts, tickets
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.batch import Batch
from wxadmin.services.tickets import IssuedTicket
from wxadmin.services.users import Person, Profile

REPEAT_WITHIN = timedelta(minutes=10)


def is_underway(session: Session, attempt_id: int, now: datetime) -> bool:
    """Whether some process is exchanging a code of the attempt."""
    is_leased = exists().where(CodeClaim.attempt_id == Attempt.id, CodeClaim.lease_until > now)
    may_end = Attempt.outcome.is_(None) | (Attempt.outcome == Outcome.FAILED)
    query = select(Attempt.id).where(Attempt.id == attempt_id, may_end, is_leased)
    return session.execute(query).first() is not None


@dataclass(frozen=True, slots=True)
class Repeated:
    """The attempt as it stands now; `has_ticket` where the ticket of the repeated return is good. `person` is whose
    login it was, where the step asks for that and the login is of within ten minutes."""

    attempt: AttemptSeen
    has_ticket: bool
    person: Person | None


@dataclass(frozen=True, slots=True)
class Repeat:
    """Asks what came of an attempt, and for one more ticket where that was a login of within ten minutes. The caller
    has seen that the browser is the attempt's own."""

    refusable: ClassVar[bool] = False

    attempt_id: int
    ticket_hash: bytes
    at: datetime
    asks_person: bool = False
    # Whether a login without a profile gets no ticket; whoever says so asks for the person too.
    needs_profile: bool = False

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[Repeated]:
        stored = attempts.by_id(batch.connection, (step.attempt_id for step in steps))
        people = _people(batch.connection, [stored[step.attempt_id] for step in steps if step.asks_person])
        found = [step.repeated(stored[step.attempt_id], people.get(step.attempt_id)) for step in steps]
        tickets.issue(
            batch,
            [
                IssuedTicket(step.ticket_hash, first.attempt.id, first.attempt.site_id, first.attempt.user_id, True)
                for step, first in zip(steps, found, strict=True)
                if first.has_ticket and first.attempt.user_id is not None
            ],
        )
        return found

    def repeated(self, attempt: AttemptSeen, person: Person | None) -> Repeated:
        if not _is_login_of_late(attempt, self.at):
            return Repeated(attempt, has_ticket=False, person=None)
        lacks_profile = self.needs_profile and (person is None or person.profile is None)
        return Repeated(attempt, not lacks_profile, person)


class _UserRow(NamedTuple):
    id: int
    openid: str
    nickname: str | None
    headimgurl: str | None
    language: str | None
    profile_at: datetime | None
    forgotten_at: datetime | None


_USERS = SetSelect(User, _UserRow._fields, key=["id"])


def _people(connection: Connection, logins: Sequence[AttemptSeen]) -> dict[int, Person]:
    """Whose logins they are, by attempt."""
    user_ids = {(attempt.user_id,) for attempt in logins if attempt.user_id is not None}
    rows = {row.id: row for row in map(_UserRow._make, _USERS.execute(connection, user_ids)) if not row.forgotten_at}
    return {attempt.id: _person(rows[attempt.user_id], attempt) for attempt in logins if attempt.user_id in rows}


def _person(row: _UserRow, attempt: AttemptSeen) -> Person:
    # One that is older than the login is not what this login brought.
    is_told = row.profile_at is not None and attempt.ended_at is not None and row.profile_at >= attempt.ended_at
    return Person(row.openid, Profile(row.nickname or "", row.headimgurl, row.language) if is_told else None)


def _is_login_of_late(attempt: AttemptSeen, now: datetime) -> bool:
    return (
        attempt.outcome == Outcome.SUCCEEDED
        and attempt.user_id is not None
        and attempt.ended_at is not None
        and now - attempt.ended_at <= REPEAT_WITHIN
    )
