"""When a token is refreshed: spread by chance, so that tokens issued in one busy hour make no busy minute."""

import random
from datetime import datetime, timedelta

REFRESH_TOKEN_LIFETIME = timedelta(days=30)
ACCESS_TOKEN_LIFETIME = timedelta(hours=2)
# A token that lives for minutes must not spend most of its life waiting for its refresh.
_GREATEST_AHEAD = 0.4
_FIRST = (0.1, 1.0)
# Wide enough that even tokens issued within one minute drift apart in a few rounds.
_NEXT = (0.85, 1.0)
_DAY = timedelta(days=1)


def first_refresh_at(issued_at: datetime, expires_in: timedelta, ahead: timedelta) -> datetime:
    """When a token that was just issued is first refreshed: spread over its life, so that tokens issued in one busy
    hour do not come due in one busy minute."""
    return issued_at + _last_moment(expires_in, ahead) * random.uniform(*_FIRST)  # noqa: S311, no secret depends on it


def next_refresh_at(refreshed_at: datetime, expires_in: timedelta, ahead: timedelta) -> datetime:
    """When a token that was just refreshed is refreshed again: a little before it must be, by chance. Tokens that once
    fell into the same pass would else stay together for ever, and more would join them."""
    return refreshed_at + _last_moment(expires_in, ahead) * random.uniform(*_NEXT)  # noqa: S311, as above


def calls_a_day(tokens: int, ahead: timedelta) -> int:
    """How many refreshes so many tokens take a day."""
    cycle = _last_moment(ACCESS_TOKEN_LIFETIME, ahead) * (sum(_NEXT) / 2)
    return round(tokens * (_DAY / cycle))


def _last_moment(expires_in: timedelta, ahead: timedelta) -> timedelta:
    return expires_in - min(ahead, expires_in * _GREATEST_AHEAD)
