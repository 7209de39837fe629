"""What the first page shows: how it stands now, some days beside earlier ones, and yesterday for the daily report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin.days import Days
from wxadmin.models import IS_KNOWN, Attempt, Class, Site, Stage, User
from wxadmin.queries import attention, changes, compared, failures, returns, steps
from wxadmin.queries.attention import IdleJob, Misconfigured, Recent
from wxadmin.queries.changes import Change
from wxadmin.queries.compared import Compared
from wxadmin.queries.failure_kinds import Kind
from wxadmin.queries.failures import Span
from wxadmin.queries.hours import Part, SiteIds
from wxadmin.queries.masking import Field, Masks
from wxadmin.queries.returns import Collapse
from wxadmin.queries.steps import Step

MOST_COUNTED = 10_000
_NEWEST = 10

Failures = Mapping[Kind, tuple[int, ...]]


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
class State:
    """How it stands now, and what of it needs somebody."""

    waiting: int
    misconfigured: Sequence[Misconfigured]
    collapses: Sequence[Collapse]
    recent: Recent
    idle_jobs: Sequence[IdleJob]


@dataclass(frozen=True, slots=True)
class Figures:
    """Some days, and what was changed in the time of the failures' chart."""

    compared: Compared
    steps: Mapping[Stage, Step]
    failures: Failures
    changes: Sequence[Change]


def state(session: Session, *, now: datetime, site_ids: SiteIds) -> State:
    """Of these sites alone; the jobs of the installation only where all sites are shown."""
    return State(
        waiting=waiting(session, site_ids),
        misconfigured=attention.misconfigured(session, now, site_ids),
        collapses=returns.collapses(session, now, site_ids),
        recent=attention.recent(session, now, site_ids),
        idle_jobs=attention.idle_jobs(session, now) if site_ids is None else (),
    )


def figures(
    session: Session, days: Days, part: Part, bounds: tuple[datetime, ...], *, now: datetime, is_confined: bool
) -> Figures:
    """`bounds` are those of the chart's buckets. Who is confined to some sites sees changes to those alone."""
    return Figures(
        compared=compared.compared(session, days, part, now),
        steps=steps.steps(session, days.midnights, part),
        failures=_failures(session, bounds, part),
        changes=changes.newest(session, bounds[0], bounds[-1], part, is_confined=is_confined),
    )


def report(session: Session, days: Days, part: Part, *, now: datetime) -> Figures:
    """The same for a text, which has no chart: the failures in one sum, and no changes."""
    return Figures(
        compared=compared.compared(session, days, part, now),
        steps=steps.steps(session, days.midnights, part),
        failures=_failures(session, (days.start, days.end), part),
        changes=(),
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
        .where(IS_KNOWN)
        .order_by(User.id.desc())
        .limit(_NEWEST)
    )
    return [NewUser(*row) for row in session.execute(query)]


def _failures(session: Session, bounds: tuple[datetime, ...], part: Part) -> Failures:
    counted = failures.by_kind(session, Span(bounds), part=part)
    return {kind: times for kind, times in counted.items() if kind.event_class == Class.FAILURE}
