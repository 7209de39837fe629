"""Failures in groups as support asks for them: each code at one step with all that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from wxadmin.queries import failures
from wxadmin.queries.failure_kinds import Kind
from wxadmin.queries.failure_places import MostHit, most_hit_of_each
from wxadmin.queries.failure_recoveries import Recovered, recovered_of_each
from wxadmin.queries.failure_times import Seen, Usual, seen_of_each, usual_of_each
from wxadmin.queries.failures import People, Span


@dataclass(frozen=True, slots=True)
class Group:
    """`values` by bucket; `recovered` of failures alone; `usual` where there are enough to compare."""

    kind: Kind
    values: tuple[int, ...]
    people: People
    seen: Seen
    usual: Usual | None
    recovered: Recovered | None
    most_hit: MostHit

    @property
    def total(self) -> int:
        return sum(self.values)


def groups(session: Session, span: Span, *, now: datetime, code: str | None = None, looked_at: int) -> Sequence[Group]:
    """The most frequent first. For each, the newest `looked_at` events are followed and asked for their places."""
    counts = failures.by_kind(session, span, code=code)
    people = failures.people_of_each(session, span, list(counts))
    seen = seen_of_each(session, span, counts)
    usual = usual_of_each(session, now, span.among, code=code)
    recovered = recovered_of_each(session, span, counts, now=now, most=looked_at)
    most_hit = most_hit_of_each(session, span, list(counts), most=looked_at)
    return [
        Group(kind, values, people[kind], seen[kind], usual.get(kind), recovered.get(kind), most_hit[kind])
        for kind, values in counts.items()
    ]
