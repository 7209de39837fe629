"""The list of users: one builder for its pages, its count and its file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, func, or_, select, union
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.models import Account, Site, Token, TokenState, User, UserChannel
from wxadmin.queries.keyset import Order, Place
from wxadmin.queries.masking import Field, Masks
from wxadmin.queries.token_states import TokenHealth, health
from wxadmin.queries.user_filters import UserFilters, conditions

COUNTED_TO = 10_000
# So many users are looked through for one page or count when filters pass over most of them: a search for something
# rare among ten million would else take seconds. Fewer than are counted, so that a full count is never a cut one.
LOOKED_THROUGH = 5_000
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
    account_name: str
    site: str
    site_name: str
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
    """Filters made ready for queries, and what is shown of their users. `are_few` where an index has found the few
    users beforehand whom `where` names: they are looked up by themselves, and nobody else is passed over."""

    filters: UserFilters
    where: tuple[ColumnElement[bool], ...]
    masks: Masks
    are_few: bool

    @property
    def may_pass_over_many(self) -> bool:
        return self.filters.looks_at_rows and not self.are_few

    @property
    def order(self) -> tuple[SQLColumnExpression[Any], SQLColumnExpression[Any]]:
        """Oldest first. Few users are sorted: their order has no index where PostgreSQL could come to expect them soon,
        and walk past a million others."""
        at = func.coalesce(User.last_login_at, User.first_seen_at) if self.are_few else User.last_login_at
        return at, User.id


def wanted(session: Session, filters: UserFilters, zone: ZoneInfo, masks: Masks) -> Wanted:
    """What the filters mean: `q` is an openid or how one begins, a unionid, or a site's own number of a person; where
    nobody has such, a part of a nickname. To whom openid or nickname is masked, it is all of one."""
    where = conditions(filters, zone)
    ids = _with_id(session, filters.q, masks) if filters.q else []
    if len(ids) > _FOUND_AT_ONCE:
        where.append(_has_id(filters.q or "", masks))
    elif ids:
        return Wanted(filters, (*where, User.id.in_(ids)), masks, are_few=True)
    elif filters.q:
        where.append(_is_called(filters.q, masks))
    if filters.token in _DEAD and _are_few(session, _WITH_DEAD_TOKEN):
        return Wanted(filters, (*where, User.id.in_(_WITH_DEAD_TOKEN)), masks, are_few=True)
    return Wanted(filters, tuple(where), masks, are_few=False)


# Whoever has one was last here a month ago, behind nearly everybody else in the order of logins.
_DEAD = {TokenHealth.NEEDS_CONSENT, TokenHealth.NEXT_VISIT}
_WITH_DEAD_TOKEN = select(Token.user_id).where(Token.state == TokenState.NEEDS_CONSENT)


def _are_few(session: Session, ids: Select[int]) -> bool:
    counted = session.scalar(select(func.count()).select_from(ids.limit(LOOKED_THROUGH + 1).subquery())) or 0
    return counted <= LOOKED_THROUGH


def page(
    session: Session,
    filters: UserFilters,
    zone: ZoneInfo,
    *,
    masks: Masks,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    size: int = 50,
) -> UserPage:
    """One page, newest login first; the first one unless a place is given."""
    asked = wanted(session, filters, zone, masks)
    if newer_than:
        found = _newer(session, asked, newer_than, size)
        # Where less than a page is newer, the list's first page is meant.
        if found.newer:
            return found
        older_than = None
    return _older(session, asked, older_than, size)


def count(session: Session, filters: UserFilters, zone: ZoneInfo, *, masks: Masks) -> Count:
    """How many users the filters leave, at most COUNTED_TO of them."""
    asked = wanted(session, filters, zone, masks)
    where = list(asked.where)
    end = _end_of_window(session, asked, None, LOOKED_THROUGH)
    if end:
        where.append(_ORDER.not_older(end))
    capped = select(User.id).where(*where).limit(COUNTED_TO + 1).subquery()
    number = session.scalar(select(func.count()).select_from(capped)) or 0
    return Count(min(number, COUNTED_TO), is_all=number <= COUNTED_TO and end is None)


def selected(columns: Sequence[Any], asked: Wanted) -> Select[Any]:
    """Users with these columns of User, Account and Site, filtered and in no order."""
    query = select(*columns).select_from(User).join(Account, Account.id == User.account_id)
    return query.join(Site, Site.id == User.last_site_id).where(*asked.where)


def _older(session: Session, asked: Wanted, place: Place | None, size: int) -> UserPage:
    query = _rows(asked).order_by(*(column.desc() for column in asked.order)).limit(size + 1)
    if place:
        query = query.where(_ORDER.older(place))
    for window in _windows():
        end = _end_of_window(session, asked, place, window)
        rows = _read(session, query.where(_ORDER.not_older(end)) if end else query)
        is_full = len(rows) > size
        if is_full or end is None:
            break
    shown = rows[:size]
    return UserPage(
        shown,
        newer=(_place(shown[0]) if shown else place) if place else None,
        older=_place(shown[-1]) if is_full else end,
        is_cut=not is_full and end is not None,
    )


def _newer(session: Session, asked: Wanted, place: Place, size: int) -> UserPage:
    query = _rows(asked).order_by(*asked.order).limit(size + 1).where(_ORDER.newer(place))
    for window in _windows():
        end = _end_of_window(session, asked, place, window, newer=True)
        rows = _read(session, query.where(_ORDER.not_newer(end)) if end else query)
        is_full = len(rows) > size
        if is_full or end is None:
            break
    shown = rows[:size][::-1]
    return UserPage(
        shown,
        newer=_place(shown[0]) if is_full else end,
        older=_place(shown[-1]) if shown else place,
        is_cut=not is_full and end is not None,
    )


def _windows() -> tuple[int, int]:
    """How many users are looked through: most pages are filled by the nearest, and PostgreSQL may look at all before it
    sorts them."""
    return max(1, LOOKED_THROUGH // 10), LOOKED_THROUGH


def _end_of_window(
    session: Session, asked: Wanted, place: Place | None, window: int, *, newer: bool = False
) -> Place | None:
    """The last user that is looked at, going from the place; None where all that are left may be."""
    if not asked.may_pass_over_many:
        return None
    ahead = select(User.last_login_at, User.id)
    if place:
        ahead = ahead.where(_ORDER.newer(place) if newer else _ORDER.older(place))
    ahead = ahead.order_by(*((User.last_login_at, User.id) if newer else (User.last_login_at.desc(), User.id.desc())))
    # This offset counts index entries up to a fixed number; it is no page number, which would grow.
    rows = session.execute(ahead.offset(window - 1).limit(2)).all()
    return Place(*rows[0]) if len(rows) == 2 else None


def _rows(asked: Wanted) -> Select[Any]:
    columns = [
        User.id,
        asked.masks.column(Field.OPENID, User.openid).label("openid"),
        asked.masks.column(Field.UNIONID, User.unionid).label("unionid"),
        asked.masks.column(Field.NICKNAME, User.nickname).label("nickname"),
        User.granted_userinfo,
        health(utcnow()).label("token"),
        Account.title.label("account"),
        Account.name.label("account_name"),
        Site.title.label("site"),
        Site.name.label("site_name"),
        User.last_channel.label("channel"),
        User.first_seen_at,
        User.last_login_at,
    ]
    return selected(columns, asked).outerjoin(Token, Token.user_id == User.id)


def _read(session: Session, query: Select[Any]) -> list[UserRow]:
    return [UserRow(**{**row, "token": TokenHealth(row["token"])}) for row in session.execute(query).mappings()]


def _place(row: UserRow) -> Place:
    return Place(row.last_login_at, row.id)


def _with_id(session: Session, q: str, masks: Masks) -> list[int]:
    """The users that have it as an id, as far as they are few."""
    by_ref = select(UserChannel.user_id).where(UserChannel.last_ref == q)
    found = [select(User.id).where(User.unionid == q), by_ref]
    if len(q) >= _SHORTEST_OPENID and q.isascii():
        found.append(select(User.id).where(_has_openid(q, masks)))
    return list(session.scalars(union(*found).limit(_FOUND_AT_ONCE + 1)))


def _has_id(q: str, masks: Masks) -> ColumnElement[bool]:
    came_as = select(UserChannel.user_id).where(UserChannel.last_ref == q)
    return or_(User.unionid == q, _has_openid(q, masks), User.id.in_(came_as))


def _has_openid(q: str, masks: Masks) -> ColumnElement[bool]:
    # With the accounts named, the unique index on account and openid serves.
    known = User.account_id.in_(select(Account.id))
    if not masks.is_clear(Field.OPENID):
        return and_(known, User.openid == q)
    # How it begins: a range is what SQLite can use, and COLLATE "C" makes it mean the same on PostgreSQL: byte after
    # byte.
    return and_(known, User.openid >= q, User.openid < q[:-1] + chr(ord(q[-1]) + 1))


def _is_called(q: str, masks: Masks) -> ColumnElement[bool]:
    if not masks.is_clear(Field.NICKNAME):
        return User.nickname == q
    return User.nickname.icontains(q, autoescape=True)
