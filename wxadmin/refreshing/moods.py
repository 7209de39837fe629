"""WeChat's moods: what the answer to a refresh leads to, for the token and for its account (facts.md, section 3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from wxadmin import days
from wxadmin.models import Hold, TokenState
from wxadmin.wechat.errcodes import Verdict, find, refresh_verdict

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
# Beyond this many failures the pause has long been the longest.
_DOUBLINGS = 10
_DEAD_AFTER = timedelta(hours=24)

_BEIJING = ZoneInfo("Asia/Shanghai")
_PROBE_EVERY = {
    Hold.CONFIG: timedelta(minutes=3),
    Hold.BREAKER: timedelta(seconds=30),
    Hold.QUOTA: timedelta(minutes=3),
}

WINDOW = timedelta(minutes=1)
_FEWEST_CALLS = 20
_FAILING_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a token that was not renewed."""

    state: TokenState
    try_again_at: datetime
    unknown_since: datetime | None


def fate(code: str, *, at: datetime, failures: int, unknown_since: datetime | None, chance: float) -> Fate:
    """Of a token whose refresh ended with this errcode or reason, after `failures` in a row; `chance` is from 0 to 1.

    It is dead where WeChat says so, or has said for a day what nobody understands. Else it is tried again after a pause
    of which only the greatest length is known: so that those who failed together do not come back together.
    """
    verdict = refresh_verdict(code)
    if verdict is Verdict.UNKNOWN:
        unknown_since = unknown_since or at
    is_given_up = (
        verdict is Verdict.UNKNOWN
        and unknown_since is not None
        and at - unknown_since >= _DEAD_AFTER
        and not _is_about_the_account(code)
    )
    if verdict is Verdict.PERMANENT or is_given_up:
        return Fate(TokenState.NEEDS_CONSENT, at, unknown_since)
    return Fate(TokenState.ACTIVE, at + chance * longest_pause(failures), unknown_since)


def longest_pause(failures: int) -> timedelta:
    """The greatest pause after a failure that so many came before."""
    return min(_FIRST_PAUSE * (1 << min(failures, _DOUBLINGS)), _LONGEST_PAUSE)


def _is_about_the_account(code: str) -> bool:
    # A right that the account lost, say: every token would fail alike, and none is to blame.
    return find(code, "refresh").class_ == "config"


def hold_for(code: str) -> Hold | None:
    """Why the account's other tokens need not be tried after this answer, if so."""
    return {Verdict.CONFIG: Hold.CONFIG, Verdict.QUOTA_DAY: Hold.QUOTA}.get(refresh_verdict(code))


def is_mended(code: str) -> bool:
    """Whether this answer to a probe says that the account's tokens may be refreshed again; empty where it renewed.
    WeChat looks at the account before it looks at the token."""
    return not code or refresh_verdict(code) is Verdict.PERMANENT


def counts_against_wechat(code: str) -> bool:
    """Whether the failure says that WeChat, or the way to it, is not well."""
    return refresh_verdict(code) in {Verdict.TRANSIENT, Verdict.UNKNOWN}


def is_tripped(calls: int, failures: int) -> bool:
    """Whether so many failures among the calls of a window open the circuit breaker."""
    return calls >= _FEWEST_CALLS and failures >= calls * _FAILING_SHARE


def next_probe_at(hold: Hold, code: str | None, at: datetime) -> datetime:
    """When one token is tried again to find out whether the hold is over; `code` is the last answer."""
    if code is not None and refresh_verdict(code) is Verdict.QUOTA_DAY:
        return days.start_of(days.day_of(at, _BEIJING) + days.DAY, _BEIJING)
    return at + _PROBE_EVERY[hold]
