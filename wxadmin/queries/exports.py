"""Exports: the list, one of them with its files and whoever took them, and which of them are waiting."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from wxadmin.database.clocks import shared_now
from wxadmin.models import AuditEntry, Export, ExportPart, ExportState


@dataclass(frozen=True, slots=True)
class ExportPage:
    """`newer` and `older` are the ids that the pages beside this one begin at; None where there is none."""

    rows: Sequence[Export]
    newer: int | None
    older: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """An export and its files, the first one first."""

    export: Export
    parts: Sequence[ExportPart]


def page(
    session: Session, *, older_than: int | None = None, newer_than: int | None = None, size: int = 50
) -> ExportPage:
    """The newest ones, or those next to an id."""
    query = select(Export).limit(size + 1)
    if newer_than is not None:
        found = list(session.scalars(query.where(Export.id > newer_than).order_by(Export.id)))
        rows = found[:size][::-1]
        return ExportPage(rows, rows[0].id if len(found) > size else None, rows[-1].id if rows else None)
    if older_than is not None:
        query = query.where(Export.id < older_than)
    found = list(session.scalars(query.order_by(Export.id.desc())))
    rows = found[:size]
    newer = rows[0].id if rows and older_than is not None else None
    return ExportPage(rows, newer, rows[-1].id if len(found) > size else None)


def find(session: Session, export_id: int) -> Found | None:
    export = session.get(Export, export_id)
    if export is None:
        return None
    parts = select(ExportPart).where(ExportPart.export_id == export_id).order_by(ExportPart.number)
    return Found(export, session.scalars(parts).all())


def takings(session: Session, export: Export, *, limit: int) -> Sequence[AuditEntry]:
    """The newest entries of whoever took one of its files, looked for in the time in which there were any."""
    gone_at = export.deleted_at or export.kept_until or export.asked_at
    # Each process has a clock of its own.
    days = AuditEntry.at.between(export.asked_at, gone_at + timedelta(hours=1))
    is_one = (AuditEntry.action == "export_downloaded", AuditEntry.subject == f"export {export.id}", days)
    return session.scalars(select(AuditEntry).where(*is_one).order_by(AuditEntry.at.desc()).limit(limit)).all()


def is_due(session: Session) -> bool:
    """Whether there is one that nobody works at."""
    is_left = and_(Export.state == ExportState.RUNNING, Export.lease_until <= shared_now(session))
    return bool(session.scalar(select(exists().where(or_(Export.state == ExportState.WAITING, is_left)))))


def kept_too_long(session: Session) -> Sequence[Export]:
    """Those whose files have been kept long enough."""
    query = select(Export).where(Export.deleted_at.is_(None), Export.kept_until <= shared_now(session))
    return session.scalars(query.limit(500)).all()


def newest_kept(session: Session, *, limit: int) -> Sequence[Export]:
    """The newest ones whose files are there to be taken, a minute after they were made at the earliest."""
    settled = shared_now(session) - timedelta(minutes=1)
    query = select(Export).where(
        Export.state == ExportState.DONE, Export.deleted_at.is_(None), Export.ended_at < settled
    )
    return session.scalars(query.where(Export.kept_until > settled).order_by(Export.id.desc()).limit(limit)).all()


def attempts(session: Session, export_ids: Collection[int]) -> dict[int, int]:
    """Of these exports, those whose files may be on a disk, and of which attempt they are."""
    query = select(Export.id, Export.attempt).where(Export.id.in_(export_ids), Export.deleted_at.is_(None))
    may_have = Export.state.in_([ExportState.DONE, ExportState.RUNNING])
    return {row.id: row.attempt for row in session.execute(query.where(may_have))}


def alike(
    session: Session, *, sha256: bytes | None = None, tree: bytes | None = None, head: bytes | None = None
) -> Sequence[tuple[Export, ExportPart]]:
    """Files of exports with the same SHA-256, the same tree or the same beginning, the newest first."""
    same = [
        column == value
        for column, value in ((ExportPart.sha256, sha256), (ExportPart.tree, tree), (ExportPart.head, head))
        if value is not None
    ]
    query = select(Export, ExportPart).join(Export, Export.id == ExportPart.export_id).where(or_(*same))
    newest = query.order_by(Export.id.desc(), ExportPart.number).limit(20)
    return [(row[0], row[1]) for row in session.execute(newest)]


def numbered(session: Session, export_id: int, number: int) -> tuple[Export, ExportPart] | None:
    """One file of an export."""
    export, part = session.get(Export, export_id), session.get(ExportPart, (export_id, number))
    return (export, part) if export and part else None
