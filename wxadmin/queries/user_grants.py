"""When a user first granted each scope, and by which site, as far as that is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from wxadmin.models import Attempt, Outcome, Site, User, UserChannel


@dataclass(frozen=True, slots=True)
class Granted:
    """`is_first` is False where the oldest attempt that is kept tells of it: it may have been granted before."""

    at: datetime | None
    site: str | None
    site_name: str | None
    is_first: bool


@dataclass(frozen=True, slots=True)
class UserGrants:
    """`explicit` is None where it was never granted."""

    silent: Granted
    explicit: Granted | None


def find(session: Session, user: User) -> UserGrants:
    return UserGrants(_silent(session, user), _explicit(session, user) if user.granted_userinfo else None)


def _silent(session: Session, user: User) -> Granted:
    """With the first login of all; ways are kept for ever."""
    return _by(session, user.first_seen_at, _way(user.id).order_by(UserChannel.first_at).limit(1))


def _explicit(session: Session, user: User) -> Granted:
    attempt = session.execute(_consented(user.id).order_by(Attempt.ended_at).limit(1)).one_or_none()
    if user.explicit_at is None:
        return Granted(attempt.ended_at, attempt.title, attempt.name, False) if attempt else _UNKNOWN
    if attempt and attempt.ended_at == user.explicit_at:
        return Granted(user.explicit_at, attempt.title, attempt.name, True)
    # Its attempt is gone. Where that login was the first of its way, this tells the site.
    return _by(session, user.explicit_at, _way(user.id).where(UserChannel.first_at == user.explicit_at).limit(1))


_UNKNOWN = Granted(None, None, None, False)


def _by(session: Session, at: datetime, site: Select[*tuple[Any, ...]]) -> Granted:
    row = session.execute(site).one_or_none()
    return Granted(at, row.title if row else None, row.name if row else None, True)


def _way(user_id: int) -> Select[*tuple[Any, ...]]:
    way = select(Site.title, Site.name).select_from(UserChannel).join(Site, Site.id == UserChannel.site_id)
    return way.where(UserChannel.user_id == user_id)


def _consented(user_id: int) -> Select[*tuple[Any, ...]]:
    attempt = select(Attempt.ended_at, Site.title, Site.name).outerjoin(Site, Site.id == Attempt.site_id)
    return attempt.where(
        Attempt.user_id == user_id,
        Attempt.outcome == Outcome.SUCCEEDED,
        Attempt.scope_granted.contains("snsapi_userinfo"),
    )
