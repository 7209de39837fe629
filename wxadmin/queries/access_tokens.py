"""A user's access token, sealed, for a call in their name."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Token, User


@dataclass(frozen=True, slots=True)
class SealedAccess:
    account_id: int
    openid: str
    access_sealed: bytes


def of_user(session: Session, user_id: int) -> SealedAccess | None:
    """The newest that was stored; None for whoever has none."""
    query = select(User.account_id, User.openid, Token.access_sealed).join(Token, Token.user_id == User.id)
    row = session.execute(query.where(User.id == user_id)).one_or_none()
    return SealedAccess(*row) if row else None
