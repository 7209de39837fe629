"""What needs somebody now: each a comparison that is cheap to make on every load of the first page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin.clock import hour_of
from wxadmin.models import Account, Class, FailureHour, JobRun, Node
from wxadmin.queries import hours
from wxadmin.queries.hours import Logins, SiteIds, among
from wxadmin.wechat import errcodes

HOUR = timedelta(hours=1)
BASELINE_DAYS = 7
# The hours that are looked at together: the newest full ones. One alone is too short to be told from chance.
_SPAN = 3
# Below this, twice as many as usual may be chance.
_FEWEST = 20
_SURGE = 2.0
# How long after its last run a job must have run again.
_LATEST_RUN = {
    "refresh": timedelta(minutes=15),
    "sweep": timedelta(minutes=15),
    "verify": timedelta(hours=2),
    "purge": timedelta(hours=3),
    "scrub": timedelta(hours=2),
}


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """An errcode that only settings cure: every visitor of the account meets it."""

    account: str
    code: str
    stage: str
    times: int


@dataclass(frozen=True, slots=True)
class Surge:
    """A count of the newest full hours, and its mean over the same hours of the days before."""

    now: int
    usual: float

    @property
    def is_one(self) -> bool:
        return self.now >= _FEWEST and self.now > _SURGE * self.usual


@dataclass(frozen=True, slots=True)
class IdleJob:
    """A job whose last run failed with `error`, or which has not run since."""

    name: str
    since: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Recent:
    """The newest full hours against the same hours of the seven days before. `is_silent`: nobody begins any more."""

    abandoned: Surge
    failed: Surge
    repeated: Surge
    is_silent: bool


def misconfigured(session: Session, now: datetime, site_ids: SiteIds) -> list[Misconfigured]:
    """Errcodes of our own settings' making since the hour before this one, the most frequent first."""
    query = (
        select(FailureHour.account_id, FailureHour.code, FailureHour.stage, func.sum(FailureHour.events))
        .where(
            FailureHour.hour >= hour_of(now) - HOUR,
            FailureHour.event_class == Class.FAILURE,
            among(FailureHour.site_id, site_ids),
        )
        .group_by(FailureHour.account_id, FailureHour.code, FailureHour.stage)
        .order_by(func.sum(FailureHour.events).desc())
    )
    found = [row for row in session.execute(query) if _is_ours(row.code, row.stage)]
    titles = dict(session.execute(select(Account.id, Account.title)).all())
    return [Misconfigured(titles.get(account, ""), code, stage, times) for account, code, stage, times in found]


def recent(session: Session, now: datetime, site_ids: SiteIds) -> Recent:
    """The newest full hours, and what is usual."""
    newest = [hour_of(now) - back * HOUR for back in range(1, _SPAN + 1)]
    before = [hour - timedelta(days=days) for hour in newest for days in range(1, BASELINE_DAYS + 1)]
    here, usual = hours.logins_in(session, newest, site_ids), hours.logins_in(session, before, site_ids)
    repeats = [hours.events_in(session, span, Class.HARMLESS, site_ids) for span in (newest, before)]
    return Recent(
        abandoned=_surge(here.abandoned, usual.abandoned),
        failed=_surge(_stayed_failed(here), _stayed_failed(usual)),
        repeated=_surge(*repeats),
        is_silent=here.started == 0 and usual.started / BASELINE_DAYS >= _FEWEST,
    )


def idle_jobs(session: Session, now: datetime) -> Sequence[IdleJob]:
    """Jobs that failed, or have not run for too long: those of a process that has just begun get their time."""
    runs = {run.name: run for run in session.scalars(select(JobRun))}
    began = session.scalar(select(func.max(Node.started_at)))
    idle = []
    for name, latest in _LATEST_RUN.items():
        run = runs.get(name)
        since = max(filter(None, (began, run and run.ended_at)), default=now)
        if run and run.error:
            idle.append(IdleJob(name, run.ended_at, run.error))
        elif now - since > latest:
            idle.append(IdleJob(name, run.ended_at if run else None, None))
    return idle


def _is_ours(code: str, stage: str) -> bool:
    entry = errcodes.find(code, stage)
    return entry.side == "config" and entry.class_ == "config"


def _stayed_failed(logins: Logins) -> int:
    return logins.failed - logins.recovered


def _surge(now: int, before: int) -> Surge:
    return Surge(now, before / BASELINE_DAYS)
