"""Whoever makes an export's files: holds it for a while, tells how far they have come, and how it ended.

Everything but `claim` names the attempt: what another process has taken over is no longer anybody else's to end.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, tuple_, update
from sqlalchemy.orm import Session

from wxadmin.database.clocks import shared_now
from wxadmin.exporting import names
from wxadmin.exporting.id_sets import Packed
from wxadmin.exporting.making import Made
from wxadmin.exporting.taking import Taken
from wxadmin.ids import first_id_at
from wxadmin.models import Change, Export, ExportHolding, ExportPart, ExportState, Holding
from wxadmin.services.exports import unnamed

_MOST_ATTEMPTS = 5
_AT_A_TIME = 500
_PORTIONS_AT_A_TIME = 100


class Failure(StrEnum):
    """Why there is no file."""

    DATABASE = "database"
    DISK = "disk"
    DISK_FULL = "disk_full"
    EARLIER_GONE = "earlier_gone"
    INTERRUPTED = "interrupted"
    LIST_GONE = "list_gone"
    NOT_AS_COUNTED = "not_as_counted"
    ONE_PERSON = "one_person"
    UNEXPECTED = "unexpected"


class Next(Enum):
    """What is to be done with an export that is being made."""

    GO_ON = auto()
    STOP = auto()
    # It was cancelled, or another process has it.
    LEAVE = auto()


def claim(session: Session, *, node: int, lasting: timedelta) -> Export | None:
    """The oldest export that nobody works at, for so long; each attempt begins from nothing."""
    now = shared_now(session)
    is_left = and_(Export.state == ExportState.RUNNING, Export.lease_until <= now)
    query = select(Export).where(or_(Export.state == ExportState.WAITING, is_left)).order_by(Export.id).limit(1)
    export = session.scalars(query.with_for_update(skip_locked=True)).first()
    if export is None:
        return None
    if export.cancel_asked:
        _end(session, export.id, export.attempt, state=ExportState.CANCELLED)
        return None
    if export.attempt >= _MOST_ATTEMPTS:
        _end(session, export.id, export.attempt, state=ExportState.FAILED, failure=Failure.INTERRUPTED)
        return None
    export.state, export.node, export.attempt = ExportState.RUNNING, node, export.attempt + 1
    export.lease_until, export.started_at = now + lasting, now
    export.as_of, export.expected, export.rows = None, None, 0
    _hold_nobody(session, export.id)
    session.flush()
    return export


def step(
    session: Session,
    export: Export,
    *,
    lasting: timedelta,
    as_of: datetime | None,
    expected: int | None,
    rows: int,
) -> Next:
    """It has come so far, and goes on for so long."""
    values = {"as_of": as_of, "expected": expected, "rows": rows, "lease_until": shared_now(session) + lasting}
    own = update(Export).where(*_own(export.id, export.attempt)).values(values).returning(Export.cancel_asked)
    is_cancelled = session.scalars(own).one_or_none()
    if is_cancelled is None:
        return Next.LEAVE
    return Next.STOP if is_cancelled else Next.GO_ON


def hold(session: Session, export: Export, portions: Sequence[tuple[Holding, Packed]], *, lasting: timedelta) -> bool:
    """Keeps some of those whom it holds, and goes on for so long; False where another process has taken over."""
    own = update(Export).where(*_own(export.id, export.attempt))
    extended = own.values(lease_until=shared_now(session) + lasting).execution_options(synchronize_session=False)
    if not session.execute(extended).rowcount:  # type: ignore[attr-defined]
        return False
    _store(session, export, portions)
    return True


def _store(session: Session, export: Export, portions: Sequence[tuple[Holding, Packed]]) -> None:
    """A little at a time: SQLite has one writer, which logins wait for."""
    rows = [
        {"export_id": export.id, "attempt": export.attempt, "kind": kind}
        | {"first_id": one.first, "last_id": one.last, "people": one.people, "ids": one.ids}
        for kind, one in portions
    ]
    session.execute(insert(ExportHolding), rows)


def finish(session: Session, export: Export, made: Made, *, keep: timedelta | None) -> bool:
    """All files are whole, and kept for so long, and so are those whom it holds; False where another process has taken
    over meanwhile."""
    now = shared_now(session)
    told: dict[str, Any] = {"as_of": made.as_of, "expected": made.rows, "rows": made.rows, "dropped": made.dropped}
    told |= {"left_out": made.left_out}
    kept = {"kept_until": now + keep if keep is not None else None}
    values = told | kept | _changes(made) | {"change_no": made.taken.change_no if made.taken else None}
    if not _end(session, export.id, export.attempt, state=ExportState.DONE, **values):
        return False
    session.add_all(
        ExportPart(
            export_id=export.id,
            number=part.number,
            change=part.change,
            name=names.of_part(export, made.as_of, part.number, of=len(made.parts), change=part.change),
            rows=part.rows,
            size=part.print.size,
            sha256=part.print.sha256,
            tree=part.print.tree,
            head=part.print.head,
            blocks=part.print.blocks,
            sent=0,
        )
        for part in made.parts
    )
    return True


def store_receipt(session: Session, export: Export, made: Made) -> None:
    """Of one that was drafted and made by the command line at once, whose files are not kept here."""
    export.state, export.attempt, export.started_at = ExportState.RUNNING, 1, export.asked_at
    session.add(export)
    session.flush()
    finish(session, export, made, keep=None)
    # Until whom it holds is stored too.
    session.execute(update(Export).where(Export.id == export.id).values(change_no=None))


def add_to_receipt(session: Session, export: Export, portions: Sequence[tuple[Holding, Packed]]) -> None:
    _store(session, export, portions)


def complete_receipt(session: Session, export: Export, taken: Taken) -> None:
    """All whom it holds are stored."""
    session.execute(update(Export).where(Export.id == export.id).values(change_no=taken.change_no))


def _changes(made: Made) -> dict[str, int]:
    found = made.taken.changes if made.taken else None
    if found is None:
        return {}
    return {change.value: found.number(change) for change in Change} | {"forgotten": found.forgotten}


def fail(session: Session, export: Export, failure: Failure) -> bool:
    return _end(session, export.id, export.attempt, state=ExportState.FAILED, failure=failure)


def cancelled(session: Session, export: Export) -> bool:
    return _end(session, export.id, export.attempt, state=ExportState.CANCELLED)


def give_back(session: Session, export: Export) -> None:
    """Another process begins it anew: this one ends, or has too much to do."""
    values = {"state": ExportState.WAITING, "node": None, "lease_until": None, "attempt": export.attempt - 1}
    session.execute(update(Export).where(*_own(export.id, export.attempt)).values(values))


def files_gone(session: Session, export_ids: Sequence[int]) -> None:
    """Their files were deleted; the receipts stay."""
    session.execute(update(Export).where(Export.id.in_(export_ids)).values(deleted_at=shared_now(session)))


def delete_holdings(session: Session, *, before: datetime) -> int:
    """Some of whom exports of so long ago held; returns how many portions that were."""
    key = ExportHolding.export_id, ExportHolding.attempt, ExportHolding.kind, ExportHolding.first_id
    query = select(*key).join(Export, Export.id == ExportHolding.export_id)
    query = query.where(Export.id < first_id_at(before), _without_files())
    found = session.execute(query.limit(_PORTIONS_AT_A_TIME)).all()
    session.execute(delete(ExportHolding).where(tuple_(*key).in_([tuple(row) for row in found])))
    return len(found)


def delete_receipts(session: Session, *, before: datetime) -> None:
    """Exports of so long ago, whose files are gone. Whom they held is deleted before."""
    old = select(Export.id).where(Export.id < first_id_at(before), _without_files())
    session.execute(delete(Export).where(Export.id.in_(old.order_by(Export.id).limit(_AT_A_TIME))))


def _without_files() -> ColumnElement[bool]:
    return or_(Export.kept_until.is_(None), Export.deleted_at.is_not(None))


def _end(session: Session, export_id: int, attempt: int, **values: Any) -> bool:
    """What was searched for is forgotten when it is no longer needed: it may be somebody's name."""
    filters = session.scalar(select(Export.filters).where(Export.id == export_id)) or "{}"
    told = json.dumps(unnamed(json.loads(filters)), ensure_ascii=False)
    values |= {"filters": told, "ended_at": shared_now(session), "node": None, "lease_until": None}
    own = update(Export).where(*_own(export_id, attempt)).values(values).execution_options(synchronize_session=False)
    has_ended: bool = session.execute(own).rowcount == 1  # type: ignore[attr-defined]
    if has_ended and values["state"] != ExportState.DONE:
        _hold_nobody(session, export_id)
    return has_ended


def _hold_nobody(session: Session, export_id: int) -> None:
    """What an attempt may have stored that came to nothing."""
    session.execute(delete(ExportHolding).where(ExportHolding.export_id == export_id))


def _own(export_id: int, attempt: int) -> tuple[Any, ...]:
    return Export.id == export_id, Export.attempt == attempt, Export.state == ExportState.RUNNING
