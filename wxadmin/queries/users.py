"""The list of users: one builder for its pages, its count and its file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.models import Account, Site, Token, User, UserChannel
from wxadmin.queries.keyset import Order, Place
from wxadmin.queries.token_states import TokenHealth, health
from wxadmin.queries.user_filters import UserFilters, conditions

COUNTED_TO = 10_000
# So many users are looked through for one page or count when filters pass over most of them: a search for something
# rare among ten million would else take seconds.
LOOKED_THROUGH = 20_000
# openids of one account begin alike; a part this long leaves few of them.
_SHORTEST_OPENID = 8
_FOUND_AT_ONCE = 1_000

_ORDER = Order(User.last_login_at, User.id)


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as the list shows them; `site` and `channel` are those of the last login."""

    id: int
    openid: str
    unionid: str | None
    nickname: str | None
    granted_userinfo: bool
    token: TokenHealth
    account: str
    site: str
    channel: str | None
    first_seen_at: datetime
    last_login_at: datetime


@dataclass(frozen=True, slots=True)
class UserPage:
    """`older` and `newer` are where the neighbouring pages begin; `is_cut` where the page ends because enough users
    were looked through, not because it is full."""

    rows: Sequence[UserRow]
    newer: Place | None
    older: Place | None
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Count:
    """`is_all` is False where there are more, or may be more among users that were not looked through."""

    number: int
    is_all: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters made ready for queries. A search by an id is answered beforehand, by indexes: `ids` are the users."""

    filters: UserFilters
    where: tuple[ColumnElement[bool], ...]
    ids: tuple[int, ...] | None

    @property
    def may_pass_over_many(self) -> bool:
        return self.filters.looks_at_rows and self.ids is None


def wanted(session: Session, filters: UserFilters, zone: ZoneInfo) -> Wanted:
    """What the filters mean: `q` is an openid or how one begins, a unionid, or a site's own number of a person; where
    nobody has such, a part of a nickname."""
    where = conditions(filters, zone)
    if filters.q is None:
        return Wanted(filters, tuple(where), None)
    ids = _with_id(session, filters.q)
    if len(ids) > _FOUND_AT_ONCE:
        return Wanted(filters, (*where, _has_id(filters.q)), None)
    if ids:
        return Wanted(filters, (*where, User.id.in_(ids)), tuple(ids))
    return Wanted(filters, (*where, User.nickname.icontains(filters.q, autoescape=True)), None)


def page(
    session: Session,
    filters: UserFilters,
    zone: ZoneInfo,
    *,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    size: int = 50,
) -> UserPage:
    """One page, newest login first; the first one unless a place is given."""
    asked = wanted(session, filters, zone)
    if newer_than:
        found = _newer(session, asked, newer_than, size)
        # Where less than a page is newer, the list's first page is meant.
        if found.newer:
            return found
        older_than = None
    return _older(session, asked, older_than, size)


def count(session: Session, filters: UserFilters, zone: ZoneInfo) -> Count:
    """How many users the filters leave, at most COUNTED_TO of them."""
    asked = wanted(session, filters, zone)
    where = list(asked.where)
    end = _end_of_window(session, asked, None)
    if end:
        where.append(_ORDER.not_older(end))
    capped = _joined(select(User.id), filters).where(*where).limit(COUNTED_TO + 1).subquery()
    number = session.scalar(select(func.count()).select_from(capped)) or 0
    return Count(min(number, COUNTED_TO), is_all=number <= COUNTED_TO and end is None)


def selected(columns: Sequence[Any], asked: Wanted) -> Select[Any]:
    """Users with these columns of User, Account, Site and Token, filtered and in no order."""
    query = select(*columns).outerjoin(Token, Token.user_id == User.id)
    query = query.join(Account, Account.id == User.account_id).join(Site, Site.id == User.last_site_id)
    return query.where(*asked.where)


def _older(session: Session, asked: Wanted, place: Place | None, size: int) -> UserPage:
    end = _end_of_window(session, asked, place)
    query = _rows(asked).order_by(User.last_login_at.desc(), User.id.desc()).limit(size + 1)
    if place:
        query = query.where(_ORDER.older(place))
    if end:
        query = query.where(_ORDER.not_older(end))
    rows = _read(session, query)
    is_full = len(rows) > size
    shown = rows[:size]
    return UserPage(
        shown,
        newer=(_place(shown[0]) if shown else place) if place else None,
        older=_place(shown[-1]) if is_full else end,
        is_cut=not is_full and end is not None,
    )


def _newer(session: Session, asked: Wanted, place: Place, size: int) -> UserPage:
    end = _end_of_window(session, asked, place, newer=True)
    query = _rows(asked).order_by(User.last_login_at, User.id).limit(size + 1).where(_ORDER.newer(place))
    if end:
        query = query.where(_ORDER.not_newer(end))
    rows = _read(session, query)
    is_full = len(rows) > size
    shown = rows[:size][::-1]
    return UserPage(
        shown,
        newer=_place(shown[0]) if is_full else end,
        older=_place(shown[-1]) if shown else place,
        is_cut=not is_full and end is not None,
    )


def _end_of_window(session: Session, asked: Wanted, place: Place | None, *, newer: bool = False) -> Place | None:
    """The last user that is looked at, going from the place; None where all that are left may be."""
    if not asked.may_pass_over_many:
        return None
    ahead = select(User.last_login_at, User.id)
    if place:
        ahead = ahead.where(_ORDER.newer(place) if newer else _ORDER.older(place))
    ahead = ahead.order_by(*((User.last_login_at, User.id) if newer else (User.last_login_at.desc(), User.id.desc())))
    # This offset counts index entries up to a fixed number; it is no page number, which would grow.
    rows = session.execute(ahead.offset(LOOKED_THROUGH - 1).limit(2)).all()
    return Place(*rows[0]) if len(rows) == 2 else None


def _rows(asked: Wanted) -> Select[Any]:
    return selected(
        [
            User.id,
            User.openid,
            User.unionid,
            User.nickname,
            User.granted_userinfo,
            health(utcnow()).label("token"),
            Account.title.label("account"),
            Site.title.label("site"),
            User.last_channel.label("channel"),
            User.first_seen_at,
            User.last_login_at,
        ],
        asked,
    )


def _joined(query: Select[Any], filters: UserFilters) -> Select[Any]:
    return query.outerjoin(Token, Token.user_id == User.id) if filters.token else query


def _read(session: Session, query: Select[Any]) -> list[UserRow]:
    return [UserRow(**{**row, "token": TokenHealth(row["token"])}) for row in session.execute(query).mappings()]


def _place(row: UserRow) -> Place:
    return Place(row.last_login_at, row.id)


def _with_id(session: Session, q: str) -> list[int]:
    """The users that have it as an id, as far as they are few."""
    by_ref = select(UserChannel.user_id).where(UserChannel.last_ref == q)
    found = [select(User.id).where(User.unionid == q), by_ref]
    if len(q) >= _SHORTEST_OPENID and q.isascii():
        found.append(select(User.id).where(_openid_begins(q)))
    return list(session.scalars(union(*found).limit(_FOUND_AT_ONCE + 1)))


def _has_id(q: str) -> ColumnElement[bool]:
    came_as = select(UserChannel.user_id).where(UserChannel.last_ref == q)
    return or_(User.unionid == q, _openid_begins(q), User.id.in_(came_as))


def _openid_begins(q: str) -> ColumnElement[bool]:
    # With the accounts named, the unique index on account and openid serves. A range is what SQLite can use and
    # COLLATE "C" makes it mean the same on PostgreSQL: byte after byte.
    return and_(User.account_id.in_(select(Account.id)), User.openid >= q, User.openid < q[:-1] + chr(ord(q[-1]) + 1))
