"""What the counts by hour add up to, for everybody or for some sites: never a look at the events themselves."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.models import Class, FailureHour, LoginHour

SiteIds = frozenset[int] | None
"""The sites that somebody may see; None for all of them."""


@dataclass(frozen=True, slots=True)
class Logins:
    """Sums over a span of hours; see models/counts.py for each."""

    people: int = 0
    started: int = 0
    succeeded: int = 0
    failed: int = 0
    recovered: int = 0
    abandoned: int = 0
    snapshot: int = 0
    denied: int = 0
    new_users: int = 0

    @property
    def ended(self) -> int:
        """What the success rate is a share of: harmless repeats, snapshot people and refused starts stand apart."""
        return self.succeeded + self.failed - self.recovered + self.abandoned

    @property
    def success_rate(self) -> float | None:
        """From 0 to 1; None where nothing has ended."""
        return self.succeeded / self.ended if self.ended else None


_SUMS = [func.coalesce(func.sum(getattr(LoginHour, field.name)), 0).label(field.name) for field in fields(Logins)]


def logins(session: Session, start: datetime, end: datetime, site_ids: SiteIds) -> Logins:
    """From `start` to before `end`."""
    query = select(*_SUMS).where(LoginHour.hour >= start, LoginHour.hour < end, among(LoginHour.site_id, site_ids))
    return Logins(**session.execute(query).mappings().one())


def logins_in(session: Session, hours: Collection[datetime], site_ids: SiteIds) -> Logins:
    """In these hours alone."""
    query = select(*_SUMS).where(LoginHour.hour.in_(hours), among(LoginHour.site_id, site_ids))
    return Logins(**session.execute(query).mappings().one())


def events_in(session: Session, hours: Collection[datetime], event_class: Class, site_ids: SiteIds) -> int:
    """Events of a class in these hours."""
    query = select(func.coalesce(func.sum(FailureHour.events), 0)).where(
        FailureHour.hour.in_(hours), FailureHour.event_class == event_class, among(FailureHour.site_id, site_ids)
    )
    return session.scalars(query).one()


def among(column: InstrumentedAttribute[int], site_ids: SiteIds) -> ColumnElement[bool]:
    """Only rows of these sites."""
    return true() if site_ids is None else column.in_(site_ids)
