"""What is told of a failure beyond its counts: when, how much against usual, who got on, and where it is met most."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import AttemptFactory, EventFactory, FailureHourFactory, SiteFactory, StepHourFactory, UserFactory
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import Database
from wxadmin.ids import first_id_at
from wxadmin.models import Attempt, Class, Event, FailureHour, Outcome, Site, Stage
from wxadmin.queries import failures
from wxadmin.queries.failure_groups import Group, groups
from wxadmin.queries.failure_kinds import Kind
from wxadmin.queries.failure_places import most_hit_of_each
from wxadmin.queries.failure_recoveries import Recovered, recovered_of_each
from wxadmin.queries.failure_times import Seen, seen_of_each, usual_of_each
from wxadmin.queries.failures import Span

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
INVALID_CODE = Kind("40029", Stage.EXCHANGE.value, Class.FAILURE.value)
RENEWAL = Kind("-1", Stage.REFRESH.value, Class.FAILURE.value)
LONG_AGO = 30 * MINUTE

Make = Callable[..., Event]


@pytest.fixture
def site(session: Session) -> Site:
    site: Site = SiteFactory(title="茶铺")
    return site


@pytest.fixture
def now() -> datetime:
    return utcnow()


@pytest.fixture
def span(now: datetime) -> Span:
    """The newest day, by the hour."""
    end = hour_of(now) + HOUR
    return Span(tuple(end - back * HOUR for back in reversed(range(25))))


@pytest.fixture
def make(site: Site) -> Make:
    """An event of the time at which it happened, as its id is."""
    made = iter(range(1 << 20))

    def make(kind: Kind, at: datetime, **changes: Any) -> Event:
        named = {"code": kind.code, "stage": kind.stage, "event_class": kind.event_class}
        attempt = changes.pop("attempt", None) or AttemptFactory(site=site, started_at=at)
        event: Event = EventFactory(attempt=attempt, id=first_id_at(at) + next(made), at=at, **named | changes)
        return event

    return make


def went_well(make: Make, at: datetime, **changes: Any) -> Event:
    return make(Kind("", Stage.HANDOFF.value, Class.OK.value), at, outcome=Outcome.SUCCEEDED.value, **changes)


def recovered(session: Session, span: Span, now: datetime, kind: Kind = INVALID_CODE, most: int = 100) -> Recovered:
    return recovered_of_each(session, span, [kind], now=now, most=most)[kind]


def test_a_kind_was_seen_first_and_last_when_its_events_happened(
    session: Session, span: Span, now: datetime, make: Make
) -> None:
    moments = [now - back for back in (5 * HOUR, 4 * HOUR, 4 * HOUR - MINUTE, 12 * MINUTE)]
    for at in moments:
        make(INVALID_CODE, at)
        make(Kind("40029", Stage.REFRESH.value, Class.FAILURE.value), at - HOUR)

    seen = seen_of_each(session, span, {INVALID_CODE: _by_hour(span, moments)})

    assert seen == {INVALID_CODE: Seen(moments[0], moments[-1])}


def test_a_kind_whose_events_are_gone_was_seen_nobody_knows_when(session: Session, span: Span, now: datetime) -> None:
    seen = seen_of_each(session, span, {INVALID_CODE: _by_hour(span, [now])})

    assert seen == {INVALID_CODE: Seen(None, None)}


def _by_hour(span: Span, moments: list[datetime]) -> list[int]:
    hours = [hour_of(at) for at in moments]
    return [hours.count(hour) for hour in span.bounds[:-1]]


def test_an_attempt_that_succeeds_within_ten_minutes_has_recovered(
    session: Session, span: Span, now: datetime, make: Make
) -> None:
    soon, late = make(INVALID_CODE, now - LONG_AGO), make(INVALID_CODE, now - LONG_AGO)
    for failed, after in ((soon, 9 * MINUTE), (late, 11 * MINUTE)):
        went_well(make, failed.at + after, attempt_id=failed.attempt_id)

    assert recovered(session, span, now) == Recovered(1, 2)


def test_a_person_who_logs_in_by_another_attempt_within_ten_minutes_has_recovered(
    session: Session, span: Span, now: datetime, make: Make, site: Site
) -> None:
    soon, late, never = (UserFactory(site=site).id for _ in range(3))
    for user_id in (soon, late, never):
        make(INVALID_CODE, now - LONG_AGO, user_id=user_id)
    went_well(make, now - LONG_AGO + 9 * MINUTE, user_id=soon)
    went_well(make, now - LONG_AGO + 11 * MINUTE, user_id=late)
    went_well(make, now - LONG_AGO - MINUTE, user_id=never)

    assert recovered(session, span, now) == Recovered(1, 3)


def test_nobody_recovers_by_what_strangers_do(session: Session, span: Span, now: datetime, make: Make) -> None:
    make(INVALID_CODE, now - LONG_AGO)
    went_well(make, now - LONG_AGO + MINUTE)
    make(Kind("", Stage.RETURN.value, Class.OK.value), now - LONG_AGO + MINUTE)

    assert recovered(session, span, now) == Recovered(0, 1)


def test_a_renewal_recovers_by_the_next_one_and_not_by_a_login(
    session: Session, span: Span, now: datetime, make: Make, site: Site
) -> None:
    renewed, visited = (UserFactory(site=site).id for _ in range(2))
    for user_id in (renewed, visited):
        make(RENEWAL, now - LONG_AGO, user_id=user_id, attempt_id=None)
    after = now - LONG_AGO + 2 * MINUTE
    make(Kind("", Stage.REFRESH.value, Class.OK.value), after, user_id=renewed, attempt_id=None)
    went_well(make, after, user_id=visited)

    assert recovered(session, span, now, RENEWAL) == Recovered(1, 2)


def test_failures_that_may_still_recover_are_not_judged(
    session: Session, span: Span, now: datetime, make: Make
) -> None:
    make(INVALID_CODE, now - 9 * MINUTE)

    found = recovered(session, span, now)

    assert (found, found.share) == (Recovered(0, 0), None)


def test_only_the_newest_failures_are_followed(session: Session, span: Span, now: datetime, make: Make) -> None:
    for number in range(4):
        failed = make(INVALID_CODE, now - LONG_AGO - number * MINUTE)
        if number < 2:
            went_well(make, failed.at + MINUTE, attempt_id=failed.attempt_id)

    assert recovered(session, span, now, most=2) == Recovered(2, 2)


def test_what_is_no_failure_has_nobody_to_follow(session: Session, span: Span, now: datetime, make: Make) -> None:
    away = Kind("gw_no_callback", Stage.RETURN.value, Class.ABANDONED.value)
    make(away, now - LONG_AGO)

    assert recovered_of_each(session, span, [away], now=now, most=100) == {}


def test_sites_browsers_and_versions_are_those_of_the_newest_events(
    session: Session, span: Span, now: datetime, make: Make, site: Site
) -> None:
    other = SiteFactory(title="医院")
    visits = [
        (site, "wechat-ios", "8.0.50"),
        (site, "wechat-ios", "8.0.49"),
        (other, "wechat-ios", "8.0.50"),
        (site, "other", None),
    ]
    for number, (where, browser, version) in enumerate(visits):
        attempt = AttemptFactory(site=where, browser_family=browser, wechat_version=version)
        make(INVALID_CODE, now - number * MINUTE, attempt=attempt)

    found = most_hit_of_each(session, span, [INVALID_CODE], most=100)[INVALID_CODE]
    newest = most_hit_of_each(session, span, [INVALID_CODE], most=2)[INVALID_CODE]

    assert found.looked_at == 4
    assert (found.sites.most, found.sites.of) == ([("茶铺", 3), ("医院", 1)], 4)
    assert (found.browsers.most, found.browsers.of) == ([("wechat-ios", 3), ("other", 1)], 4)
    assert (found.versions.most, found.versions.of) == ([("8.0.50", 2), ("8.0.49", 1)], 3)
    assert (newest.looked_at, newest.sites.most) == (2, [("茶铺", 2)])


def test_one_site_has_places_of_its_own(session: Session, span: Span, now: datetime, make: Make, site: Site) -> None:
    make(INVALID_CODE, now - MINUTE)
    make(INVALID_CODE, now - MINUTE, attempt=AttemptFactory(site=SiteFactory(title="医院")))

    narrowed = Span(span.bounds, frozenset({site.id}))
    found = most_hit_of_each(session, narrowed, [INVALID_CODE], most=100)[INVALID_CODE]

    assert (found.looked_at, found.sites.most) == (1, [("茶铺", 1)])


def count(at: datetime, events: int, **changes: Any) -> None:
    FailureHourFactory(hour=hour_of(at), code="40029", events=events, **changes)


@pytest.fixture
def a_history(session: Session, now: datetime) -> None:
    StepHourFactory(hour=hour_of(now) - 8 * DAY)


def test_the_newest_full_hours_are_held_against_the_same_ones_of_seven_days(
    session: Session, now: datetime, a_history: None
) -> None:
    for back, events in ((0, 1000), (1, 100), (3, 20), (4, 1000)):
        count(now - back * HOUR, events)
    for days in range(1, 8):
        count(now - 2 * HOUR - days * DAY, 14)
        count(now - 5 * HOUR - days * DAY, 1000)
    count(now - 2 * HOUR - 8 * DAY, 1000)

    usual = usual_of_each(session, now, None)[INVALID_CODE]

    assert (usual.now, usual.before, round(usual.times or 0, 1)) == (120, 14.0, 8.6)


def test_a_failure_that_is_new_has_no_ratio(session: Session, now: datetime, a_history: None) -> None:
    count(now - HOUR, 10)

    usual = usual_of_each(session, now, None)[INVALID_CODE]

    assert (usual.now, usual.before, usual.times) == (10, 0.0, None)


def test_too_few_are_not_compared(session: Session, now: datetime, a_history: None) -> None:
    count(now - HOUR, 9)
    count(now - HOUR - DAY, 60)

    assert usual_of_each(session, now, None) == {}


def test_nothing_is_usual_where_the_counts_do_not_reach_back(session: Session, now: datetime) -> None:
    StepHourFactory(hour=hour_of(now) - 6 * DAY)
    count(now - HOUR, 100)

    assert usual_of_each(session, now, None) == {}


def test_usual_is_told_of_one_site_and_one_code(session: Session, now: datetime, a_history: None) -> None:
    count(now - HOUR, 30, site_id=1)
    count(now - HOUR, 50, site_id=2)
    FailureHourFactory(hour=hour_of(now) - HOUR, code="40163", site_id=1, events=70)

    usual = usual_of_each(session, now, frozenset({1}), code="40029")

    assert {kind: one.now for kind, one in usual.items()} == {INVALID_CODE: 30}


def test_a_group_holds_it_all_the_most_frequent_first(
    session: Session, span: Span, now: datetime, make: Make, a_history: None
) -> None:
    make(RENEWAL, now - LONG_AGO)
    for kind, events in ((RENEWAL, 1), (INVALID_CODE, 40)):
        FailureHourFactory(hour=hour_of(now - HOUR), code=kind.code, stage=kind.stage, events=events)

    [invalid, renewal] = groups(session, span, now=now, looked_at=10)

    assert (invalid.kind, invalid.total, invalid.behind.seen) == (INVALID_CODE, 40, Seen(None, None))
    assert invalid.usual is not None
    assert (renewal.kind, renewal.usual, renewal.behind.recovered) == (RENEWAL, None, Recovered(0, 1))
    assert renewal.behind.people.number == renewal.behind.most_hit.looked_at == 1


def test_without_failures_there_are_no_groups(session: Session, span: Span, now: datetime) -> None:
    assert groups(session, span, now=now, looked_at=10) == []


def test_wechats_newest_words_are_found_by_code(session: Session, span: Span, now: datetime, make: Make) -> None:
    for back, words in ((3, "old words"), (2, "new words"), (1, None)):
        make(Kind("98765", Stage.EXCHANGE.value, Class.FAILURE.value), now - back * MINUTE, errmsg=words)

    assert failures.words_of_each(session, span, ["98765", "98766"]) == {"98765": "new words"}


@dataclass
class Failing:
    """A code at one step in a database of its own, whose page may remember."""

    database: Database
    store: Callable[[Callable[[], Any]], Any]
    now: datetime
    attempts: list[Attempt] = field(default_factory=list)

    def fails(self, at: datetime) -> None:
        self.attempts.append(self.store(lambda: self._failed(at)))
        self._count(hour_of(at))

    def gets_on(self) -> None:
        """All of them, a minute later."""
        for attempt in self.attempts:
            self.store(lambda attempt=attempt: self._got_on(attempt))

    def shown(self, span: Span) -> Group:
        [group] = self.database.read_now(groups, span, now=self.now, looked_at=100)
        return group

    def _failed(self, at: datetime) -> Attempt:
        attempt: Attempt = AttemptFactory(started_at=at)
        named = {"code": INVALID_CODE.code, "stage": INVALID_CODE.stage, "event_class": INVALID_CODE.event_class}
        EventFactory(attempt=attempt, id=first_id_at(at) + len(self.attempts), at=at, **named)
        return attempt

    def _got_on(self, attempt: Attempt) -> Event:
        at = attempt.started_at + MINUTE
        succeeded = {"stage": Stage.HANDOFF.value, "event_class": Class.OK.value, "outcome": Outcome.SUCCEEDED.value}
        event: Event = EventFactory(attempt=attempt, id=first_id_at(at), at=at, code="", **succeeded)
        return event

    def _count(self, hour: datetime) -> None:
        self.database.write_now(self._add, hour)

    def _add(self, session: Session, hour: datetime) -> None:
        row = session.scalars(select(FailureHour).where(FailureHour.hour == hour)).one_or_none()
        if row is None:
            factories.stored(session, lambda: FailureHourFactory(hour=hour, events=1, code="40029"))
        else:
            row.events += 1


@pytest.fixture
def failing(database: Database, store: Callable[[Callable[[], Any]], Any], now: datetime) -> Failing:
    return Failing(database, store, now)


def test_what_is_behind_a_kind_is_looked_for_again_when_there_are_more_of_it(
    failing: Failing, span: Span, now: datetime
) -> None:
    failing.fails(now - LONG_AGO)

    once = failing.shown(span)
    failing.gets_on()
    again = failing.shown(span)
    failing.fails(now - LONG_AGO)
    more = failing.shown(span)

    assert again.behind is once.behind
    assert (once.behind.recovered, more.behind.recovered) == (Recovered(0, 1), Recovered(1, 2))
    assert (once.behind.people.number, more.behind.people.number) == (1, 2)


def test_what_may_still_recover_is_not_remembered(failing: Failing, span: Span, now: datetime) -> None:
    failing.fails(now - 15 * MINUTE)

    once = failing.shown(span)
    failing.gets_on()
    again = failing.shown(span)

    assert (once.behind.recovered, again.behind.recovered) == (Recovered(0, 1), Recovered(1, 1))
