"""What each refresh policy would cost an account, in calls a day."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from wxadmin.queries.standing import AccountStanding
from wxadmin.refreshing.policies import Policy
from wxadmin.refreshing.schedule import REFRESH_TOKEN_LIFETIME, calls_a_day


def by_policy(
    account: AccountStanding | None, *, active_days: int, ahead: timedelta, now: datetime
) -> Mapping[Policy, int]:
    """By the tokens that live now, each of which takes so many calls a day; None is an account without any."""
    living = account.living.items() if account else ()
    # A login issues the token anew: the last one was thirty days before its end.
    active_end = now + REFRESH_TOKEN_LIFETIME - timedelta(days=active_days)
    tokens = {
        Policy.ALL: sum(number for _, number in living),
        Policy.USERINFO: account.explicit if account else 0,
        Policy.ACTIVE: sum(number for ends_at, number in living if ends_at > active_end),
        Policy.NONE: 0,
    }
    return {policy: calls_a_day(number, ahead) for policy, number in tokens.items()}
