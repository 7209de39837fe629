"""Whose tokens each policy has refreshed."""

from datetime import UTC, datetime, timedelta

import pytest

from wxadmin.refreshing.policies import Policy, wants

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("policy", "is_explicit", "days_ago", "wanted"),
    [
        (Policy.ALL, False, 29, True),
        (Policy.USERINFO, True, 29, True),
        (Policy.USERINFO, False, 0, False),
        (Policy.ACTIVE, False, 6.9, True),
        (Policy.ACTIVE, True, 7, False),
        (Policy.NONE, True, 0, False),
    ],
)
def test_a_policy_wants_what_it_is_for(policy: Policy, days_ago: float, *, is_explicit: bool, wanted: bool) -> None:
    authorized_at = NOW - timedelta(days=days_ago)

    assert wants(policy, 7, is_explicit=is_explicit, authorized_at=authorized_at, now=NOW) is wanted
