"""What the first page shows, from one look at the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin import days
from wxadmin.clock import hour_of
from wxadmin.models import Attempt, Class, Site, User
from wxadmin.queries import attention, failures, hours
from wxadmin.queries.attention import IdleJob, Misconfigured, Recent
from wxadmin.queries.failures import Kind, Span
from wxadmin.queries.hours import Logins, SiteIds
from wxadmin.queries.masking import Field, Masks

MOST_COUNTED = 10_000
FAILURE_DAYS = 30
_NEWEST = 10
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class NewUser:
    id: int
    nickname: str | None
    openid: str | None
    granted_userinfo: bool
    site: str
    channel: str | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Days:
    """Today until now, all of yesterday, and of both what was over by the last full hour, which compares."""

    today: Logins
    yesterday: Logins
    today_so_far: Logins
    yesterday_so_far: Logins
    until: datetime


@dataclass(frozen=True, slots=True)
class Picture:
    days: Days
    failures: Mapping[Kind, tuple[int, ...]]
    failure_days: Sequence[date]
    waiting: int
    misconfigured: Sequence[Misconfigured]
    recent: Recent
    idle_jobs: Sequence[IdleJob]


def picture(session: Session, *, now: datetime, zone: tzinfo, site_ids: SiteIds) -> Picture:
    """Of these sites alone; the jobs of the installation only where all sites are shown."""
    failure_days = days.last_days(FAILURE_DAYS, now, zone)
    bounds = tuple(days.start_of(day, zone) for day in [*failure_days, failure_days[-1] + days.DAY])
    counted = failures.by_kind(session, Span(bounds, site_ids))
    return Picture(
        days=_days(session, now, zone, site_ids),
        failures={kind: times for kind, times in counted.items() if kind.event_class == Class.FAILURE},
        failure_days=failure_days,
        waiting=waiting(session, site_ids),
        misconfigured=attention.misconfigured(session, now, site_ids),
        recent=attention.recent(session, now, site_ids),
        idle_jobs=attention.idle_jobs(session, now) if site_ids is None else (),
    )


def waiting(session: Session, site_ids: SiteIds) -> int:
    """Attempts that are not back yet; counted up to one more than MOST_COUNTED."""
    those = select(Attempt.id).where(Attempt.outcome.is_(None))
    if site_ids is not None:
        # Reckoned with, the column offers no index: SQLite would read all attempts of a site, not the few that wait.
        those = those.where((Attempt.site_id + 0).in_(site_ids))
    return session.scalars(select(func.count()).select_from(those.limit(MOST_COUNTED + 1).subquery())).one()


def newest_users(session: Session, *, masks: Masks) -> list[NewUser]:
    """Those who came last for the first time, newest first: ids are in the order of time."""
    personal = (masks.column(Field.NICKNAME, User.nickname), masks.column(Field.OPENID, User.openid))
    query = (
        select(User.id, *personal, User.granted_userinfo, Site.title, User.last_channel, User.first_seen_at)
        .join(Site, Site.id == User.last_site_id)
        .order_by(User.id.desc())
        .limit(_NEWEST)
    )
    return [NewUser(*row) for row in session.execute(query)]


def _days(session: Session, now: datetime, zone: tzinfo, site_ids: SiteIds) -> Days:
    today = days.day_of(now, zone)
    midnight, midnight_before = days.start_of(today, zone), days.start_of(today - days.DAY, zone)
    # Counts are by hour, so the hour that is not over compares with nothing.
    until = max(hour_of(now), midnight)
    return Days(
        today=hours.logins(session, midnight, now + _HOUR, site_ids),
        yesterday=hours.logins(session, midnight_before, midnight, site_ids),
        today_so_far=hours.logins(session, midnight, until, site_ids),
        yesterday_so_far=hours.logins(session, midnight_before, midnight_before + (until - midnight), site_ids),
        until=until,
    )
