"""Stored attempts as the steps see them, and the one way in which an attempt gets its end."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection

from wxadmin.database.sets import SetSelect, SetUpdate
from wxadmin.models import Attempt, Outcome
from wxadmin.services.ledger import Subject


@dataclass(frozen=True, slots=True)
class AttemptSeen:
    """What the login flow needs to know of a stored attempt that is not a refused start."""

    id: int
    support_code: str
    account_id: int
    site_id: int
    scope: str
    lang: str | None
    state_hash: bytes
    cookie_hash: bytes
    code_hash: bytes | None
    return_url: str
    nonce: str | None
    channel: str | None
    ref: str | None
    browser_family: str
    started_at: datetime
    returned_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    ended_by: str | None
    user_id: int | None

    @property
    def subject(self) -> Subject:
        return Subject(self.account_id, self.site_id, self.id, self.scope, self.browser_family)


_SEEN = [field.name for field in fields(AttemptSeen)]
_BY_STATE = SetSelect(Attempt, _SEEN, key=["state_hash"], lock=["id"])
_BY_ID = SetSelect(Attempt, _SEEN, key=["id"], lock=["id"])
_OUTCOMES = SetSelect(Attempt, ["id", "outcome"], key=["id"], lock=["id"])


def by_state(connection: Connection, state_hashes: Iterable[bytes]) -> dict[bytes, AttemptSeen]:
    """The attempts of these states, locked in the order of their ids until the transaction ends."""
    rows = _BY_STATE.execute(connection, ((state_hash,) for state_hash in state_hashes))
    return {attempt.state_hash: attempt for attempt in (AttemptSeen(*row) for row in rows)}


def by_id(connection: Connection, attempt_ids: Iterable[int]) -> dict[int, AttemptSeen]:
    """The attempts of these ids, locked in the order of their ids until the transaction ends."""
    rows = _BY_ID.execute(connection, ((attempt_id,) for attempt_id in attempt_ids))
    return {attempt.id: attempt for attempt in (AttemptSeen(*row) for row in rows)}


def outcomes(connection: Connection, attempt_ids: Iterable[int]) -> dict[int, str | None]:
    """How the attempts have ended by now; locked in the order of their ids until the transaction ends."""
    rows = _OUTCOMES.execute(connection, ((attempt_id,) for attempt_id in attempt_ids))
    return dict(rows)


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """An end, to be stored only for an attempt that may still get one (contract: "Attempts and their ends")."""

    id: int
    outcome: Outcome
    at: datetime
    ended_by: str | None = None


def end(connection: Connection, ends: Iterable[AttemptEnd]) -> None:
    """Stores the ends. The caller has locked the attempts and seen that none has one yet."""
    rows = [{"id": end.id, "outcome": end.outcome.value, "ended_at": end.at, "ended_by": end.ended_by} for end in ends]
    _ENDS.execute(connection, sorted(rows, key=lambda row: row["id"]))


_ENDS = SetUpdate(Attempt, ["outcome", "ended_at", "ended_by"], key=["id"])
