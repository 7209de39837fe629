"""How many came how far, and how long it took, from counts in buckets."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests.factories import StepHourFactory
from wxadmin.clock import hour_of, utcnow
from wxadmin.models import Class, Stage
from wxadmin.models.counts import DURATION_BUCKETS_MS
from wxadmin.queries import steps
from wxadmin.queries.hours import EVERYBODY, Part
from wxadmin.queries.steps import Quantile, Step

HOUR = timedelta(hours=1)


def of(durations: list[int]) -> Step:
    """A step that took so long each time, as the counts by hour keep it."""
    ends = (*DURATION_BUCKETS_MS, 10**9)
    lower = (-1, *DURATION_BUCKETS_MS)
    counts = [sum(low < one <= high for one in durations) for low, high in zip(lower, ends, strict=True)]
    return Step(len(durations), counts)


def test_only_what_went_well_within_the_hours_counts(session: Session) -> None:
    now = hour_of(utcnow())
    for hour, event_class, events in ((now, Class.OK, 2), (now, Class.FAILURE, 40), (now - HOUR, Class.OK, 800)):
        StepHourFactory(hour=hour, event_class=event_class.value, site_id=7, events=events, ms_100=events)
    session.flush()

    found = steps.steps(session, (now, now + HOUR), EVERYBODY)
    of_another = steps.steps(session, (now, now + HOUR), Part(frozenset({8})))

    assert (found[Stage.EXCHANGE].events, found[Stage.EXCHANGE].timed) == (2, 2)
    assert of_another[Stage.EXCHANGE].events == 0
    assert set(found) == set(Stage)


def test_a_median_lies_within_its_bucket_in_proportion() -> None:
    step = of([30] * 25 + [150] * 50 + [500] * 25)

    assert step.quantile(0.5) == Quantile(150, is_more=False)
    assert step.quantile(0.25) == Quantile(50, is_more=False)


def test_what_the_last_bucket_holds_is_more_than_its_lower_end() -> None:
    step = of([100, 7000, 90_000])

    assert step.quantile(0.95) == Quantile(6_400, is_more=True)


def test_nothing_timed_has_no_median() -> None:
    assert Step(12).quantile(0.5) is None


@pytest.mark.parametrize("share", [0.5, 0.95])
@given(durations=st.lists(st.integers(0, 20_000), min_size=1, max_size=60))
def test_a_quantile_is_in_the_bucket_of_the_true_one(durations: list[int], share: float) -> None:
    ordered = sorted(durations)
    true = ordered[max(0, -int(-share * len(ordered) // 1) - 1)]

    found = of(durations).quantile(share)

    assert found is not None
    lower = max((end for end in DURATION_BUCKETS_MS if end < true), default=0)
    upper = min((end for end in DURATION_BUCKETS_MS if end >= true), default=None)
    assert found.is_more == (upper is None)
    assert lower <= found.ms <= (upper or found.ms)
