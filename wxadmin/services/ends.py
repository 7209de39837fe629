"""The end of an attempt that came back but is no login."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from wxadmin.models import Outcome
from wxadmin.services import attempts, claims
from wxadmin.services.attempts import AttemptEnd, AttemptSeen
from wxadmin.services.batch import Batch
from wxadmin.services.facts import CallFact


@dataclass(frozen=True, slots=True)
class End:
    """The calls that were made for an attempt, and the outcome that the last of them led to."""

    refusable: ClassVar[bool] = False

    attempt: AttemptSeen
    outcome: Outcome
    calls: tuple[CallFact, ...]

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[None]:
        stored = attempts.outcomes(batch.connection, (step.attempt.id for step in steps))
        ends = []
        for step in steps:
            *earlier, last = step.calls
            for call in earlier:
                call.record(batch.ledger, step.attempt.subject)
            # An attempt has one end: a second code that fails too, or fails after a success, is an event only.
            is_first = stored[step.attempt.id] is None
            last.record(batch.ledger, step.attempt.subject, outcome=step.outcome if is_first else None)
            if is_first:
                stored[step.attempt.id] = step.outcome
                ends.append(AttemptEnd(step.attempt.id, step.outcome, last.at, last.code or None))
        attempts.end(batch.connection, ends)
        claims.give_back(batch.connection, (step.attempt for step in steps), batch.now)
        return [None] * len(steps)
