"""Which files that left the house may hold somebody, for the receipt of their erasure.

Whoever keeps such files joins them here: `withdraw` is called in the transaction that forgets the person, and is the
place to delete kept files and to mark their receipts as withdrawn.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Account, AuditEntry, User

_NAMED = 100
ACTIONS = frozenset({"users_exported"})


@dataclass(frozen=True, slots=True)
class PastExport:
    """A file that was written while the person was known, and whose filters do not rule them out; `at` is in UTC."""

    audit_id: int
    at: str
    actor: str
    rows: int
    filters: dict[str, str]

    def told(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The newest of the files, and how many there were in all."""

    newest: list[PastExport]
    total: int


def withdraw(session: Session, user: User, *, until: datetime) -> Withdrawn:
    """Names the exports of users since the person was first seen. What was in them is not kept, so that each may have
    held the person unless it was of another account."""
    account = session.scalars(select(Account.name).where(Account.id == user.account_id)).one()
    taken = select(AuditEntry).where(
        AuditEntry.at >= user.first_seen_at, AuditEntry.at <= until, AuditEntry.action.in_(sorted(ACTIONS))
    )
    found = [_read(entry) for entry in session.scalars(taken.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()))]
    possible = [one for one in found if one.filters.get("account", account) == account]
    return Withdrawn(possible[:_NAMED], len(possible))


def _read(entry: AuditEntry) -> PastExport:
    told = json.loads(entry.details or "{}")
    filters = {str(name): str(value) for name, value in (told.get("filters") or {}).items()}
    return PastExport(entry.id, entry.at.isoformat(), entry.actor, int(told.get("rows") or 0), filters)
