"""How many came how far, and how long each step took, from the counts by hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin.models import Class, Stage, StepHour
from wxadmin.models.counts import DURATION_BUCKETS_MS
from wxadmin.queries import closed_hours
from wxadmin.queries.closed_hours import Bounds, bucket_of
from wxadmin.queries.hours import Part

_LOWER_ENDS = (0, *DURATION_BUCKETS_MS)


@dataclass(frozen=True, slots=True)
class Quantile:
    """`ms` milliseconds, or more than that where it lies in the last bucket, which has no upper end."""

    ms: int
    is_more: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What went well at one stage: how often, and in each bucket of durations how often; not all are timed."""

    events: int = 0
    durations: Sequence[int] = (0,) * (len(DURATION_BUCKETS_MS) + 1)

    @property
    def timed(self) -> int:
        return sum(self.durations)

    def quantile(self, share: float) -> Quantile | None:
        """Which duration `share` of them, from 0 to 1, do not exceed: durations are taken to lie evenly within their
        bucket. None where nothing was timed."""
        if not self.timed:
            return None
        wanted, below = share * self.timed, 0
        for lower, upper, number in zip(_LOWER_ENDS, DURATION_BUCKETS_MS, self.durations, strict=False):
            if number and below + number >= wanted:
                return Quantile(round(lower + (upper - lower) * (wanted - below) / number), is_more=False)
            below += number
        return Quantile(DURATION_BUCKETS_MS[-1], is_more=True)


def steps(session: Session, bounds: Bounds, part: Part) -> Mapping[Stage, Step]:
    """By stage, from the first of the bounds to before the last; every stage is there."""
    found = closed_hours.by_bucket(session, bounds, lambda missing: _sums(session, missing, part), key=("steps", part))
    return {stage: _together([sums[stage] for sums in found if stage in sums]) for stage in Stage}


def _sums(session: Session, bounds: Bounds, part: Part) -> Sequence[dict[str, tuple[int, ...]]]:
    """Events and durations of each stage, by bucket."""
    columns = [getattr(StepHour, f"ms_{upper}") for upper in DURATION_BUCKETS_MS] + [StepHour.ms_more]
    bucket = bucket_of(StepHour.hour, bounds)
    query = (
        select(bucket, StepHour.stage, func.sum(StepHour.events), *map(func.sum, columns))
        .where(
            StepHour.hour >= bounds[0], StepHour.hour < bounds[-1], StepHour.event_class == Class.OK, *part.of(StepHour)
        )
        .group_by(bucket, StepHour.stage)
    )
    sums: list[dict[str, tuple[int, ...]]] = [{} for _ in bounds[1:]]
    for number, stage, *numbers in session.execute(query):
        sums[number][stage] = tuple(map(int, numbers))
    return sums


def _together(sums: Sequence[tuple[int, ...]]) -> Step:
    if not sums:
        return Step()
    events, *durations = map(sum, zip(*sums, strict=True))
    return Step(events, tuple(durations))
