"""Which files that left the house may hold somebody, for the receipt of their erasure; kept ones are withdrawn."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import and_, case, literal, or_, select
from sqlalchemy.orm import Session

from wxadmin.database.types import UTCDateTime
from wxadmin.exporting.id_sets import unpacked
from wxadmin.models import Account, AuditEntry, Export, ExportState, ExportSubject, User
from wxadmin.queries import holdings

_NAMED = 100
# A person's first attempt begins so long before they are known at the most.
_BEFORE_KNOWN = timedelta(hours=1)
# What an entry is of that stands alone; later ones name their export.
_WITHOUT_A_RECEIPT = "users"


@dataclass(frozen=True, slots=True)
class PastExport:
    """What was written while the person was known, and whose filters do not rule them out; `at` is in UTC. `number` is
    that of the entry in the audit log, or of the export."""

    number: int
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
    """Names the exports of users that held the person, and withdraws those whose files are kept. Where it is not kept
    who was in them, each since the person was first seen may have, unless it was of another account."""
    account = session.scalars(select(Account.name).where(Account.id == user.account_id)).one()
    possible = [
        *(one for one in _written_at_once(session, user, until) if one.filters.get("account", account) == account),
        *_made(session, user, until, account),
    ]
    possible.sort(key=attrgetter("at"), reverse=True)
    return Withdrawn(possible[:_NAMED], len(possible))


def _written_at_once(session: Session, user: User, until: datetime) -> Iterator[PastExport]:
    """Files of a time in which exports left no receipt: the audit log alone knows of them."""
    taken = select(AuditEntry).where(
        AuditEntry.at >= user.first_seen_at,
        AuditEntry.at <= until,
        AuditEntry.action == "users_exported",
        AuditEntry.subject == _WITHOUT_A_RECEIPT,
    )
    for entry in session.scalars(taken):
        told = json.loads(entry.details or "{}")
        yield PastExport(entry.id, entry.at.isoformat(), entry.actor, int(told.get("rows") or 0), _filters(told))


def _made(session: Session, user: User, until: datetime, account: str) -> Iterator[PastExport]:
    """Exports that may have read the person. One that is being made is to be asked for anew."""
    since = case(
        (Export.subject == ExportSubject.USERS, literal(user.first_seen_at, UTCDateTime)),
        else_=literal(user.first_seen_at - _BEFORE_KNOWN, UTCDateTime),
    )
    unfinished = Export.state == ExportState.RUNNING
    read = or_(unfinished, and_(Export.state == ExportState.DONE, Export.as_of >= since))
    # Counts of failures tell of nobody.
    of_people = Export.subject != ExportSubject.FAILURES
    for export in session.scalars(select(Export).where(read, of_people).with_for_update()):
        filters = _filters({"filters": json.loads(export.filters)})
        if filters.get("account", account) != account or not _may_hold(session, export, user.id):
            continue
        if export.state == ExportState.RUNNING:
            export.cancel_asked = True
            continue
        export.withdrawn_at = until
        if export.kept_until is not None and export.deleted_at is None:
            export.kept_until = min(export.kept_until, until)
        at = (export.as_of or export.asked_at).isoformat()
        yield PastExport(export.id, at, export.asked_by, export.rows, filters)


def _may_hold(session: Session, export: Export, user_id: int) -> bool:
    if export.change_no is None:
        return True
    portion = holdings.maybe_with(session, export, user_id)
    return portion is not None and user_id in unpacked(portion)


def _filters(told: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in (told.get("filters") or {}).items()}
