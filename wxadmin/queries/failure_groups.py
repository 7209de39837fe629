"""Failures in groups as support asks for them: each code at one step with all that is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from wxadmin.database.access import memory_of
from wxadmin.queries import failures
from wxadmin.queries.failure_kinds import Kind
from wxadmin.queries.failure_places import MostHit, most_hit_of_each
from wxadmin.queries.failure_recoveries import WITHIN, Recovered, recovered_of_each
from wxadmin.queries.failure_times import Seen, Usual, seen_of_each, usual_of_each
from wxadmin.queries.failures import People, Span

Counts = Mapping[Kind, tuple[int, ...]]

# By then whoever met a failure has got on within ten minutes, or has not.
_TOLD_AFTER = 2 * WITHIN


@dataclass(frozen=True, slots=True)
class Behind:
    """What the events themselves tell of a kind; `recovered` of failures alone."""

    people: People
    seen: Seen
    recovered: Recovered | None
    most_hit: MostHit


@dataclass(frozen=True, slots=True)
class Group:
    """`values` by bucket; `usual` where there are enough to compare."""

    kind: Kind
    values: tuple[int, ...]
    usual: Usual | None
    behind: Behind

    @property
    def total(self) -> int:
        return sum(self.values)


def groups(session: Session, span: Span, *, now: datetime, code: str | None = None, looked_at: int) -> Sequence[Group]:
    """The most frequent first. For each, the newest `looked_at` events are followed and asked for their places."""
    counts = failures.by_kind(session, span, code=code)
    usual = usual_of_each(session, now, span.among, code=code)
    behind = _behind(session, span, counts, now=now, looked_at=looked_at)
    return [Group(kind, values, usual.get(kind), behind[kind]) for kind, values in counts.items()]


def _behind(session: Session, span: Span, counts: Counts, *, now: datetime, looked_at: int) -> dict[Kind, Behind]:
    """Remembered of a kind for as long as its counts stay the same: then so have its events."""
    memory = memory_of(session)
    if memory is None:
        return _looked(session, span, counts, now=now, looked_at=looked_at)
    keys = {kind: (Behind, span, looked_at, kind, values) for kind, values in counts.items()}
    found = {kind: memory.find(key) for kind, key in keys.items()}
    missing = {kind: counts[kind] for kind, known in found.items() if known is None}
    for kind, behind in _looked(session, span, missing, now=now, looked_at=looked_at).items():
        found[kind] = behind
        if behind.seen.last is None or behind.seen.last < now - _TOLD_AFTER:
            memory.keep(keys[kind], behind)
    return found


def _looked(session: Session, span: Span, counts: Counts, *, now: datetime, looked_at: int) -> dict[Kind, Behind]:
    people = failures.people_of_each(session, span, list(counts))
    seen = seen_of_each(session, span, counts)
    recovered = recovered_of_each(session, span, counts, now=now, most=looked_at)
    most_hit = most_hit_of_each(session, span, list(counts), most=looked_at)
    return {kind: Behind(people[kind], seen[kind], recovered.get(kind), most_hit[kind]) for kind in counts}
