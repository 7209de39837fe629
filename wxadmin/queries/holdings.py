"""Whom exports held: their ids, and whether somebody was among them."""

from collections.abc import Iterator

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from wxadmin.models import Counter, Export, ExportHolding, Holding
from wxadmin.models.house import USER_CHANGES


def newest_change(session: Session) -> int:
    """The highest number of a change that this transaction sees: it sees all up to it and none beyond, since numbers
    are drawn in the order of commits (services/batch.py)."""
    return session.scalar(select(Counter.value).where(Counter.name == USER_CHANGES)) or 0


def fitted(session: Session, export: Export) -> Iterator[bytes]:
    """Whoever fitted its filters, packed, in portions from the greatest ids on."""
    query = _of(export, Holding.FITTED).order_by(ExportHolding.first_id.desc())
    first = None
    # A row at a time: a cursor kept open would hold up the statements in between.
    while found := session.execute(query if first is None else query.where(ExportHolding.first_id < first)).first():
        first = found.first_id
        yield found.ids


def maybe_with(session: Session, export: Export, user_id: int) -> bytes | None:
    """The packed portion of whoever stands in its files that could have the user; None where none could."""
    kind = Holding.WRITTEN if export.since_id else Holding.FITTED
    below = _of(export, kind).where(ExportHolding.first_id <= user_id).order_by(ExportHolding.first_id.desc())
    found = session.execute(below).first()
    return found.ids if found and found.last_id >= user_id else None


def _of(export: Export, kind: Holding) -> Select[int, int, bytes]:
    columns = (ExportHolding.first_id, ExportHolding.last_id, ExportHolding.ids)
    own = ExportHolding.export_id == export.id, ExportHolding.attempt == export.attempt, ExportHolding.kind == kind
    return select(*columns).where(*own).limit(1)
