"""How often somebody may fail, and who is meant by an address."""

from types import SimpleNamespace

import pytest

from wxadmin import limits
from wxadmin.limits import FailureLimit, customer

ADA, BOB = "address 203.0.113.7", "address 203.0.113.8"


class Clock:
    """A minute that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def limit() -> FailureLimit:
    return FailureLimit("guess", a_minute=3)


def fail(limit: FailureLimit, *whom: str, times: int) -> None:
    for _ in range(times):
        limit.failed(*whom)


def test_as_many_failures_as_are_allowed_let_nobody_wait(limit: FailureLimit) -> None:
    fail(limit, ADA, times=2)

    assert limit.wait(ADA) == 0


def test_whoever_has_used_them_up_waits_until_the_first_is_a_minute_old(limit: FailureLimit, clock: Clock) -> None:
    fail(limit, ADA, times=3)
    clock.now += 20

    assert (limit.wait(ADA), limit.wait(BOB)) == (40, 0)
    clock.now += 40
    assert limit.wait(ADA) == 0


def test_failures_count_for_any_minute_and_not_for_one_on_the_clock(limit: FailureLimit, clock: Clock) -> None:
    for _ in range(3):
        limit.failed(ADA)
        clock.now += 25
    # The first is forgotten by now, the others are not.
    freed = limit.wait(ADA)

    limit.failed(ADA)

    assert freed == 0
    assert limit.wait(ADA) == 10


def test_the_last_moment_before_a_minute_is_over_is_still_one_to_wait(limit: FailureLimit, clock: Clock) -> None:
    fail(limit, ADA, times=3)

    clock.now += 59.9

    assert limit.wait(ADA) == 1


def test_of_several_the_one_who_failed_most_decides(limit: FailureLimit) -> None:
    fail(limit, ADA, "name ada", times=2)
    fail(limit, BOB, "name ada", times=1)

    assert (limit.wait(ADA), limit.wait(BOB)) == (0, 0)
    assert limit.wait(BOB, "name ada") > 0


def test_whoever_succeeds_begins_anew(limit: FailureLimit) -> None:
    fail(limit, ADA, BOB, times=3)

    limit.succeeded(ADA)
    limit.succeeded("nobody that is known")

    assert limit.wait(ADA) == 0
    assert limit.wait(BOB) > 0


def test_no_more_than_a_fixed_number_is_remembered_and_the_longest_quiet_are_forgotten(limit: FailureLimit) -> None:
    fail(limit, ADA, BOB, times=3)
    for number in range(limits._REMEMBERED - 1):
        limit.failed(f"scanner {number}")

        if number == 0:
            limit.failed(BOB)

    assert len(limit._failures) == limits._REMEMBERED
    assert limit.wait(ADA) == 0
    assert limit.wait(BOB) > 0


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::1", "127.0.0.1", False),
        (None, "127.0.0.1", False),
        (None, None, True),
    ],
)
def test_one_customer_is_an_address_or_the_first_half_of_one_of_ipv6(
    one: str | None, other: str | None, *, are_one: bool
) -> None:
    assert (customer(one) == customer(other)) is are_one
