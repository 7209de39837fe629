"""Notes of staff about a login."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare
from wxadmin.models import Attempt, AttemptNote

LONGEST = 1_000
_MOST = 50


def add(session: Session, support_code: str, text: str, *, author: str) -> None:
    """Keeps what somebody knows about the attempt of this code, which is there. Raises BadValue."""
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST or "\0" in text:
        raise BadValue(msgid("A note has from 1 to %(longest)d characters."), field="text", longest=LONGEST)
    attempt_id = session.scalars(select(Attempt.id).where(Attempt.support_code == support_code)).one()
    notes = session.scalar(select(func.count()).where(AttemptNote.attempt_id == attempt_id)) or 0
    if notes >= _MOST:
        raise BadValue(
            msgid("There are %(most)d notes about this login, which is all it can have."), field="text", most=_MOST
        )
    session.add(AttemptNote(id=draw_rare(), attempt_id=attempt_id, at=utcnow(), author=author, text=text))
