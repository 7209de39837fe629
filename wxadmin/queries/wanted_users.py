"""Whom the filters of users mean: one builder for the pages of the list, its counts, its file and the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, func, or_, select, union
from sqlalchemy.orm import Session

from wxadmin.models import IS_KNOWN, Account, Site, Token, TokenState, User, UserChannel
from wxadmin.queries import uploaded
from wxadmin.queries.masking import Field, Masks
from wxadmin.queries.token_states import TokenHealth
from wxadmin.queries.user_filters import Contact, UserFilters, conditions
from wxadmin.queries.user_orders import Sort

SHORTEST_OPENID = 6
"""So many signs at least are how an openid begins; a shorter text is none."""
_FOUND_AT_ONCE = 1_000
# So few are sorted by themselves, wherever they stand in the order.
FEW = 5_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters made ready for queries, and what is shown of their users. `are_few` where an index has found the few
    users beforehand whom `where` names: they are looked up by themselves, and nobody else is passed over."""

    filters: UserFilters
    where: tuple[ColumnElement[bool], ...]
    masks: Masks
    sort: Sort
    are_few: bool

    def sorted(self, *, back: bool = False) -> list[UnaryExpression[Any]]:
        """Few users are sorted: their order has no index where PostgreSQL could come to expect them soon, and walk past
        a million others."""
        order = self.sort.order
        columns = [func.coalesce(column, column) for column in order.columns] if self.are_few else order.columns
        return order.sorted(columns, back=back)


def wanted(
    session: Session, filters: UserFilters, zone: ZoneInfo, masks: Masks, sort: Sort = Sort.LAST_LOGIN_NEWEST
) -> Wanted:
    """What the filters mean: `q` is an openid or how one begins, a unionid, or a site's own number of a person; where
    nobody has such, a part of a nickname. To whom openid or nickname is masked, it is all of one. Raises NoSuchList."""
    where = conditions(filters, zone, by_id=sort.is_by_first_login) + _by_lists(session, filters)
    ids = _with_id(session, filters.q, masks) if filters.q else []
    if len(ids) > _FOUND_AT_ONCE:
        where.append(_has_id(filters.q or "", masks))
    elif ids:
        return Wanted(filters, (*where, User.id.in_(ids)), masks, sort, are_few=True)
    elif filters.q:
        where.append(_is_called(filters.q, masks))
    few = _few(session, filters)
    if few is not None:
        where.append(User.id.in_(few))
    are_few = few is not None or _is_short(session, filters.only)
    return Wanted(filters, tuple(where), masks, sort, are_few=are_few)


def selected(columns: Sequence[Any], asked: Wanted) -> Select[Any]:
    """Users with these columns of User, Account and Site, filtered and in no order."""
    query = select(*columns).select_from(User).join(Account, Account.id == User.account_id)
    return query.join(Site, Site.id == User.last_site_id).where(*asked.where)


# Whoever has one was last here a month ago, behind nearly everybody else in the order of logins.
_DEAD = {TokenHealth.NEEDS_CONSENT, TokenHealth.NEXT_VISIT}
_WITH_DEAD_TOKEN = select(Token.user_id).where(Token.state == TokenState.NEEDS_CONSENT)


_BLOCKED = select(User.id).where(User.blocked_at.is_not(None), IS_KNOWN)


def _few(session: Session, filters: UserFilters) -> Select[Any] | None:
    """The ids of those whom an index finds, where they are few; None where none of them are."""
    if filters.token in _DEAD and _are_few(session, _WITH_DEAD_TOKEN):
        return _WITH_DEAD_TOKEN
    if filters.contact is Contact.BLOCKED and _are_few(session, _BLOCKED):
        return _BLOCKED
    return None


def _by_lists(session: Session, filters: UserFilters) -> list[ColumnElement[bool]]:
    """Raises NoSuchList."""
    found: list[ColumnElement[bool]] = []
    if filters.only:
        only = uploaded.find(session, filters.only)
        # Of a short list each value is looked up, of a long one each user.
        found.append(User.id.in_(uploaded.users_of(session, only)) if only.held <= FEW else uploaded.holds(only))
    if filters.without:
        found.append(~uploaded.holds(uploaded.find(session, filters.without)))
    return found


def _is_short(session: Session, list_id: int | None) -> bool:
    return list_id is not None and uploaded.find(session, list_id).held <= FEW


def _are_few(session: Session, ids: Select[int]) -> bool:
    counted = session.scalar(select(func.count()).select_from(ids.limit(FEW + 1).subquery())) or 0
    return counted <= FEW


def _with_id(session: Session, q: str, masks: Masks) -> list[int]:
    """The users that have it as an id, as far as they are few."""
    by_ref = select(UserChannel.user_id).where(UserChannel.last_ref == q)
    found = [select(User.id).where(User.unionid == q), by_ref]
    if len(q) >= SHORTEST_OPENID and q.isascii():
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
