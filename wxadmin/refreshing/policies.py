"""Which tokens of an account are worth a refresh: a silent one can do nothing but say the openid again."""

from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_ACTIVE_DAYS = 30
"""No consent lives longer, so that no token is left out by more days than these."""


class Policy(StrEnum):
    ALL = "all"
    USERINFO = "userinfo"
    """Those of people who agreed to be asked for their profile."""
    ACTIVE = "active"
    """Those of people who logged in within the last so many days."""
    NONE = "none"


def wants(policy: Policy, active_days: int, *, is_explicit: bool, authorized_at: datetime, now: datetime) -> bool:
    """Whether the policy has such a token refreshed. A login issues the token anew: its authorization is the last."""
    match policy:
        case Policy.ALL:
            return True
        case Policy.USERINFO:
            return is_explicit
        case Policy.ACTIVE:
            return authorized_at > now - timedelta(days=active_days)
        case Policy.NONE:
            return False
