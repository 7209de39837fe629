"""Who granted what, by account and site, and what was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
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
class Grants:
    """By account and site, as of `at`."""

    at: datetime
    rows: Sequence[Granted]

    @property
    def users(self) -> int:
        return self.silent + self.explicit

    @property
    def silent(self) -> int:
        return sum(row.silent for row in self.rows)

    @property
    def explicit(self) -> int:
        return sum(row.explicit for row in self.rows)


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
    def share(self) -> float | None:
        """How many of those that began came to their end, from 0 to 1."""
        return self.succeeded / self.started if self.started else None


def grants(session: Session, *, now: datetime) -> Grants:
    """Looks at every user, which takes about a second for a million."""
    explicit = func.sum(case((User.granted_userinfo, 1), else_=0))
    # Reckoned with, the column offers no index: by that of openids SQLite would look up each user by itself.
    account_id = (User.account_id + 0).label("account_id")
    counted = (
        select(account_id, User.last_site_id, (func.count() - explicit).label("silent"), explicit.label("explicit"))
        .where(IS_KNOWN)
        .group_by(account_id, User.last_site_id)
        .subquery()
    )
    query = (
        select(Account.title, Site.title, counted.c.silent, counted.c.explicit)
        .select_from(counted)
        .join(Account, Account.id == counted.c.account_id)
        .join(Site, Site.id == counted.c.last_site_id)
        .order_by(Account.name, Site.name)
    )
    return Grants(now, [Granted(*row) for row in session.execute(query)])


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
