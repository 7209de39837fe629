"""Receipts of deleted personal data (删除凭证), and what is to be said before there is one."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin.errors import NoSuchAccount
from wxadmin.models import IS_KNOWN, Account, Attempt, AttemptNote, Erasure, Token, User

_MOST = 500


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is left to be known of a tombstone."""

    erasure: Erasure
    account: str


@dataclass(frozen=True, slots=True)
class Identity:
    """One of a person's users, who are the same by UnionID."""

    id: int
    openid: str
    nickname: str | None
    account: str
    account_name: str


@dataclass(frozen=True, slots=True)
class Held:
    """How much there is of one user."""

    attempts: int
    notes: int
    has_token: bool


def of_user(session: Session, user_id: int) -> Receipt | None:
    """The receipt of whoever was forgotten; None of anybody else."""
    query = select(Erasure, Account.title).join(Account, Account.id == Erasure.account_id)
    found = session.execute(query.where(Erasure.user_id == user_id)).one_or_none()
    return Receipt(*found) if found else None


def identities(session: Session, user_id: int) -> Sequence[Identity]:
    """The user, and all others with the same UnionID; nobody where the user is not known."""
    user = session.scalars(select(User).where(User.id == user_id, IS_KNOWN)).one_or_none()
    if user is None:
        return []
    same = User.id == user_id if user.unionid is None else User.unionid == user.unionid
    columns = (User.id, User.openid, User.nickname, Account.title, Account.name)
    query = select(*columns).join(Account, Account.id == User.account_id).where(same, IS_KNOWN)
    found = [Identity(*row) for row in session.execute(query.order_by(Account.name, User.id))]
    return sorted(found, key=lambda one: one.id != user_id)


def held(session: Session, user_id: int) -> Held:
    """Looks at the user's rows alone."""
    own = select(Attempt.id).where(Attempt.user_id == user_id)
    return Held(
        session.scalar(select(func.count()).select_from(own.subquery())) or 0,
        session.scalar(select(func.count()).where(AttemptNote.attempt_id.in_(own))) or 0,
        session.scalar(select(Token.user_id).where(Token.user_id == user_id)) is not None,
    )


def waiting(session: Session) -> Sequence[int]:
    """The receipts of those whose bytes may still be in the database's files, the oldest first."""
    return session.scalars(
        select(Erasure.id).where(Erasure.cleaned_at.is_(None)).order_by(Erasure.at).limit(_MOST)
    ).all()


def with_openid(session: Session, account: str, openid: str) -> int | None:
    """The id of the user whom the account of this name knows by it, to the letter. Raises NoSuchAccount."""
    account_id = session.scalar(select(Account.id).where(Account.name == account))
    if account_id is None:
        raise NoSuchAccount(account)
    return session.scalar(select(User.id).where(User.account_id == account_id, User.openid == openid, IS_KNOWN))
