"""Somebody is shown in the clear to whoever says why, for a while, and it is on record."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete
from sqlalchemy.orm import Session

from wxadmin.errors import BadValue
from wxadmin.i18n import msgid
from wxadmin.models import Reveal
from wxadmin.services import audit

LASTING = timedelta(minutes=10)
LONGEST_NOTE = 200


class Reason(StrEnum):
    """Why somebody has to be seen; OTHER says it in words of its own."""

    CUSTOMER_ASKS = "customer_asks"
    RIGHT_PERSON = "right_person"
    SITE_ASKS = "site_asks"
    OWN_DATA = "own_data"
    OTHER = "other"


def reveal(
    session: Session, token_hash: bytes, subject_id: int, *, subject: str, reason: str, note: str, actor: str
) -> datetime:
    """Shows a user or an attempt to one signed-in browser, and returns until when. `subject` is what the audit log
    calls it. Raises BadValue."""
    entry = audit.record(session, actor, "revealed", subject, reason=reason, note=checked(reason, note))
    session.execute(delete(Reveal).where(Reveal.until <= entry.at))
    until = entry.at + LASTING
    session.merge(Reveal(token_hash=token_hash, subject_id=subject_id, until=until))
    return until


def checked(reason: str, note: str) -> str | None:
    """The note as it is kept; None where there is none. Raises BadValue."""
    if reason not in set(Reason):
        raise BadValue(msgid("choose a reason"), field="reason")
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise BadValue(msgid("the note has at most %(longest)d characters"), field="note", longest=LONGEST_NOTE)
    if reason == Reason.OTHER and not note:
        raise BadValue(msgid("say in the note what the reason is"), field="note")
    return note or None
