"""What becomes of the bytes of deleted personal data, on their receipts."""

from collections.abc import Collection

from sqlalchemy import update
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.models import (
    Attempt,
    AttemptNote,
    AuditEntry,
    Erasure,
    Reveal,
    Ticket,
    Token,
    UploadedValue,
    User,
    UserChannel,
)

_CHANGED = (User, UserChannel, Token, Ticket, Attempt, AttemptNote, Reveal, AuditEntry, UploadedValue)
TABLES = [model.__tablename__ for model in _CHANGED]
"""Those that forgetting somebody changes."""


def note(session: Session, receipts: Collection[int], *, how: str) -> int:
    """The database's files have been cleaned (database/scrubbing.py) after these had been committed; returns how many
    receipts say so now."""
    done = update(Erasure).where(Erasure.cleaned_at.is_(None), Erasure.id.in_(receipts))
    return session.execute(done.values(cleaned_at=utcnow(), cleaned_how=how)).rowcount  # type: ignore[attr-defined,no-any-return]
