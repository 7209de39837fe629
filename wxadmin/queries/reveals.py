"""Whom a signed-in browser sees in the clear, though its person's role does not."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Reveal


def of_session(session: Session, token_hash: bytes, *, now: datetime) -> Mapping[int, datetime]:
    """The ids of users and attempts, and until when."""
    query = select(Reveal.subject_id, Reveal.until).where(Reveal.token_hash == token_hash, Reveal.until > now)
    return {row.subject_id: row.until for row in session.execute(query)}
