"""Lists that staff uploaded: which there are, whom they hold, and how many of their values are known."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session

from wxadmin.database.collations import by_bytes, by_default
from wxadmin.errors import NoSuchList
from wxadmin.models import IS_KNOWN, Account, IdKind, UploadedList, UploadedValue, User, UserChannel

_LOOKED_UP_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ListTold:
    """As receipts and choices have a list: it may be gone by the time that the receipt is read."""

    name: str
    kind: str
    values: int

    @property
    def stored(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Matched:
    """Of a list's values, how many are known at its account, and how many at other accounts only."""

    found: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class ListShown:
    """A list, and the title of its account."""

    list: UploadedList
    account: str
    account_name: str


def told(one: UploadedList) -> ListTold:
    return ListTold(one.name, one.kind, one.held)


def ready(session: Session) -> Sequence[UploadedList]:
    """Those that can be used, the newest first."""
    return session.scalars(
        select(UploadedList).where(UploadedList.ready_at.is_not(None)).order_by(UploadedList.id.desc())
    ).all()


def shown(session: Session) -> Sequence[ListShown]:
    """The same with their accounts."""
    query = select(UploadedList, Account.title, Account.name).join(Account, Account.id == UploadedList.account_id)
    query = query.where(UploadedList.ready_at.is_not(None)).order_by(UploadedList.id.desc())
    return [ListShown(*row) for row in session.execute(query)]


def show(session: Session, list_id: int) -> ListShown:
    """One of them. Raises NoSuchList."""
    one = find(session, list_id)
    account = session.get_one(Account, one.account_id)
    return ListShown(one, account.title, account.name)


def find(session: Session, list_id: int) -> UploadedList:
    """Raises NoSuchList where it is not there, or not whole."""
    one = session.get(UploadedList, list_id)
    if one is None or one.ready_at is None:
        raise NoSuchList
    return one


def holds(one: UploadedList) -> ColumnElement[bool]:
    """Whether the list holds the user, for a query over User: looked up for one user at a time, as in user_ways.py."""
    # Reckoned with, the column offers no index.
    is_of_account = User.account_id + 0 == one.account_id
    if one.kind == IdKind.REF:
        # One look inside the other, so that neither database begins with the list's values.
        ways = select(UserChannel.user_id).where(UserChannel.user_id == User.id)
        ways = ways.where(_has_value(one, by_bytes(UserChannel.last_ref), UserChannel))
        return and_(is_of_account, ways.correlate(User).limit(1).scalar_subquery().is_not(None))
    value = User.openid if one.kind == IdKind.OPENID else User.unionid
    return and_(is_of_account, _has_value(one, value, User))


def lists_with(session: Session, user: User) -> Sequence[UploadedList]:
    """Those that hold the user."""
    is_user = exists().where(User.id == user.id)
    return [one for one in ready(session) if session.scalar(select(is_user.where(holds(one))))]


def users_of(session: Session, one: UploadedList) -> list[int]:
    """The ids of the users whom it holds, found by its values."""
    values = select(UploadedValue.value).where(UploadedValue.list_id == one.id).order_by(UploadedValue.value)
    return _with_values(session, one, session.scalars(values).all())


def portion(session: Session, one: UploadedList, *, after: str, size: int) -> tuple[list[int], str | None]:
    """The users behind the next values, so many at a time, and the value that the next portion begins after; None at
    the end."""
    ahead = select(UploadedValue.value).where(UploadedValue.list_id == one.id, UploadedValue.value > after)
    values = session.scalars(ahead.order_by(UploadedValue.value).limit(size)).all()
    return _with_values(session, one, values), values[-1] if len(values) == size else None


def _with_values(session: Session, one: UploadedList, values: Sequence[str]) -> list[int]:
    """Values are named one by one: offered a join, PostgreSQL would rather read all users."""
    found: set[int] = set()
    for at in range(0, len(values), _LOOKED_UP_AT_ONCE):
        found.update(session.scalars(_named(one, values[at : at + _LOOKED_UP_AT_ONCE])))
    return sorted(found)


def _named(one: UploadedList, values: Sequence[str]) -> Select[Any]:
    if one.kind == IdKind.OPENID:
        return select(User.id).where(User.account_id == one.account_id, User.openid.in_(values), IS_KNOWN)
    # Reckoned with, the account offers no index: that of all its openids would be read.
    is_of_account = User.account_id + 0 == one.account_id
    if one.kind == IdKind.UNIONID:
        return select(User.id).where(User.unionid.in_(values), is_of_account, IS_KNOWN)
    came = select(UserChannel.user_id).join(User, User.id == UserChannel.user_id)
    return came.where(UserChannel.last_ref.in_(values), is_of_account, IS_KNOWN)


def matched(session: Session, one: UploadedList) -> Matched:
    """Looks every value up: a long read."""
    here = _is_known(one.kind, User.account_id == one.account_id)
    there = _is_known(one.kind, User.account_id.in_(select(Account.id).where(Account.id != one.account_id)))
    values = select(func.count()).where(UploadedValue.list_id == one.id)
    return Matched(session.scalar(values.where(here)) or 0, session.scalar(values.where(there, ~here)) or 0)


def recognised(session: Session, values: Sequence[str], account_id: int) -> IdKind | None:
    """What most of some values are at the account; None where it knows none of them."""
    kinds = {
        IdKind.OPENID: select(func.count()).where(User.account_id == account_id, User.openid.in_(values), IS_KNOWN),
        IdKind.UNIONID: select(func.count()).where(User.account_id == account_id, User.unionid.in_(values), IS_KNOWN),
        IdKind.REF: select(func.count(UserChannel.last_ref.distinct()))
        .join(User, User.id == UserChannel.user_id)
        .where(UserChannel.last_ref.in_(values), User.account_id == account_id, IS_KNOWN),
    }
    counted = {kind: session.scalar(query) or 0 for kind, query in kinds.items()}
    best = max(counted, key=lambda kind: counted[kind])
    return best if counted[best] else None


def _column(kind: str) -> Any:
    return User.openid if kind == IdKind.OPENID else User.unionid


def _has_value(one: UploadedList, value: Any, of: Any) -> ColumnElement[bool]:
    found = select(UploadedValue.list_id).where(UploadedValue.list_id == one.id, UploadedValue.value == value)
    return found.correlate(of).limit(1).scalar_subquery().is_not(None)


def _is_known(kind: str, account: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a value is anybody's at the account or accounts, for a query over UploadedValue."""
    if kind == IdKind.REF:
        came = select(UserChannel.user_id).join(User, User.id == UserChannel.user_id)
        came = came.where(UserChannel.last_ref == by_default(UploadedValue.value), account, IS_KNOWN)
        return exists(came.correlate(UploadedValue))
    known = select(User.id).where(_column(kind) == UploadedValue.value, account, IS_KNOWN)
    return exists(known.correlate(UploadedValue))
