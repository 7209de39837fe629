"""Who granted what, by account and site, and what was asked for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from wxadmin.models import IS_KNOWN, Account, LoginHour, Site, User


@dataclass(frozen=True, slots=True)
class Granted:
    """Users whose last login was through this site; of the silent ones nothing but their openid is known."""

    account: str
    site: str
    silent: int
    explicit: int

    @property
    def users(self) -> int:
        return self.silent + self.explicit


@dataclass(frozen=True, slots=True)
class Upgraded:
    """How many users, known silently until then, first consented explicitly in the week that begins at `start`."""

    start: datetime
    users: int


@dataclass(frozen=True, slots=True)
class Grants:
    """By account and site, as of `at`; `undated` are explicit users of whom it is not known since when."""

    at: datetime
    rows: Sequence[Granted]
    upgrades: Sequence[Upgraded] = ()
    undated: int = 0

    @property
    def users(self) -> int:
        return self.silent + self.explicit

    @property
    def silent(self) -> int:
        return sum(row.silent for row in self.rows)

    @property
    def explicit(self) -> int:
        return sum(row.explicit for row in self.rows)

    @property
    def upgraded(self) -> int:
        return sum(week.users for week in self.upgrades)


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of attempts that asked for a scope at a site."""

    site: str
    scope: str
    started: int
    succeeded: int
    failed: int
    abandoned: int
    snapshot: int

    @property
    def others(self) -> int:
        """Those that are not back yet, and the few that WeChat sent back without a code."""
        return max(0, self.started - self.succeeded - self.failed - self.abandoned - self.snapshot)

    @property
    def share(self) -> float | None:
        """How many of those that began came to their end, from 0 to 1."""
        return self.succeeded / self.started if self.started else None


_NO_WEEK = -1


def grants(session: Session, *, now: datetime, weeks: Sequence[datetime] = ()) -> Grants:
    """Looks at every user once, which takes about a second for a million. `weeks` are the bounds between which upgrades
    are counted; no index serves that, since it would be written at every login."""
    # Reckoned with, the column offers no index: by that of openids SQLite would look up each user by itself.
    account_id = (User.account_id + 0).label("account_id")
    is_undated = and_(User.granted_userinfo, User.explicit_at.is_(None))
    columns = (account_id, User.last_site_id, User.granted_userinfo, _week(weeks).label("week"))
    people = select(*columns, case((is_undated, 1), else_=0).label("undated")).where(IS_KNOWN).subquery()
    explicit = func.sum(case((people.c.granted_userinfo, 1), else_=0))
    keys = (people.c.account_id, people.c.last_site_id, people.c.week)
    counted = (
        select(*keys, (func.count() - explicit).label("silent"), explicit.label("explicit"))
        .add_columns(func.sum(people.c.undated).label("undated"))
        .group_by(*keys)
        .subquery()
    )
    query = (
        select(Account.title, Site.title, Site.id, counted.c.week, counted.c.silent, counted.c.explicit)
        .add_columns(counted.c.undated)
        .select_from(counted)
        .join(Account, Account.id == counted.c.account_id)
        .join(Site, Site.id == counted.c.last_site_id)
        .order_by(Account.name, Site.name)
    )
    return _folded(session.execute(query).all(), now, weeks)


def _week(weeks: Sequence[datetime]) -> ColumnElement[int]:
    """The number of the week in which somebody who was known silently consented."""
    if not weeks:
        return literal(_NO_WEEK)
    at = User.explicit_at
    # The many who never did first.
    is_none = or_(at.is_(None), at <= User.first_seen_at, at < weeks[0])
    numbered = [(at < end, number) for number, end in enumerate(weeks[1:])]
    return case((is_none, _NO_WEEK), *numbered, else_=_NO_WEEK)


def _folded(rows: Sequence[Row[*tuple[Any, ...]]], now: datetime, weeks: Sequence[datetime]) -> Grants:
    places: dict[int, Granted] = {}
    upgraded: Counter[int] = Counter()
    undated = 0
    for account, site, site_id, week, silent, explicit, without_date in rows:
        known = places.get(site_id, Granted(account, site, 0, 0))
        places[site_id] = Granted(account, site, known.silent + silent, known.explicit + explicit)
        upgraded[week] += explicit
        undated += without_date
    upgrades = [Upgraded(start, upgraded[number]) for number, start in enumerate(weeks[:-1])]
    return Grants(now, list(places.values()), upgrades, undated)


def asked(session: Session, start: datetime, end: datetime) -> Sequence[Asked]:
    """By site and scope, from `start` to before `end`; refused starts had none."""
    columns = (
        func.sum(LoginHour.started),
        func.sum(LoginHour.succeeded),
        func.sum(LoginHour.failed - LoginHour.recovered),
        func.sum(LoginHour.abandoned),
        func.sum(LoginHour.snapshot),
    )
    query = (
        select(Site.title, LoginHour.scope, *columns)
        .join(Site, Site.id == LoginHour.site_id)
        .where(LoginHour.hour >= start, LoginHour.hour < end)
        .group_by(Site.id, Site.title, Site.name, LoginHour.scope)
        .order_by(Site.name, LoginHour.scope)
    )
    return [Asked(*row) for row in session.execute(query)]
