"""Who did what: written in the same transaction as what was done."""

import json

from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.ids import draw_rare
from wxadmin.models import AuditEntry

COMMAND_LINE = "command line"


def record(session: Session, actor: str, action: str, subject: str, /, **details: object) -> AuditEntry:
    """Adds an entry, and returns it; `details` must be fit to show to every administrator, so never a secret or a
    person's data."""
    entry = AuditEntry(
        id=draw_rare(),
        at=utcnow(),
        actor=actor,
        action=action,
        subject=subject,
        details=json.dumps(details, ensure_ascii=False, default=str) if details else None,
    )
    session.add(entry)
    return entry
