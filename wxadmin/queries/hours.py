"""What the counts by hour add up to, for everybody or for some sites: never a look at the events themselves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.models import Class, FailureHour, LoginHour, StepHour
from wxadmin.queries import closed_hours
from wxadmin.queries.closed_hours import Bounds, bucket_of

SiteIds = frozenset[int] | None
"""The sites that somebody may see; None for all of them."""


@dataclass(frozen=True, slots=True)
class Part:
    """Whose logins are counted: those of some sites, of one account, of one scope. None stands for all of them."""

    site_ids: SiteIds = None
    account_id: int | None = None
    scope: str | None = None

    def of(self, table: type[LoginHour] | type[StepHour] | type[FailureHour]) -> list[ColumnElement[bool]]:
        """What the rows of a table of hours have to fulfil."""
        conditions = [among(table.site_id, self.site_ids)]
        if self.account_id is not None:
            conditions.append(table.account_id == self.account_id)
        if self.scope is not None:
            conditions.append(table.scope == self.scope)
        return conditions


EVERYBODY = Part()


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

    def __add__(self, other: "Logins") -> "Logins":
        return Logins(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})

    def __sub__(self, other: "Logins") -> "Logins":
        return Logins(**{field.name: getattr(self, field.name) - getattr(other, field.name) for field in fields(self)})

    @property
    def ended(self) -> int:
        """What the success rate is a share of: harmless repeats, snapshot people and refused starts stand apart."""
        return self.succeeded + self.failed - self.recovered + self.abandoned

    @property
    def success_rate(self) -> float | None:
        """From 0 to 1; None where nothing has ended."""
        return self.succeeded / self.ended if self.ended else None

    @property
    def snapshot_share(self) -> float | None:
        """Of those whose code was exchanged, the virtual people of WeChat's snapshot page."""
        exchanged = self.succeeded + self.snapshot
        return self.snapshot / exchanged if exchanged else None


_SUMS = [func.coalesce(func.sum(getattr(LoginHour, field.name)), 0).label(field.name) for field in fields(Logins)]


def logins(session: Session, bounds: Bounds, part: Part) -> Logins:
    """From the first of the bounds to before the last; those between them cut what is remembered."""
    found = closed_hours.by_bucket(
        session, bounds, lambda missing: _by_bucket(session, missing, part), key=("logins", part)
    )
    return sum(found, Logins())


def _by_bucket(session: Session, bounds: Bounds, part: Part) -> Sequence[Logins]:
    bucket = bucket_of(LoginHour.hour, bounds)
    query = (
        select(bucket, *_SUMS)
        .where(LoginHour.hour >= bounds[0], LoginHour.hour < bounds[-1], *part.of(LoginHour))
        .group_by(bucket)
    )
    found = {number: Logins(*map(int, sums)) for number, *sums in session.execute(query)}
    return [found.get(number, Logins()) for number in range(len(bounds) - 1)]


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
