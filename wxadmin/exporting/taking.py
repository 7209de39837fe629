"""Whom an export is of: who fits in its snapshot, and what has become of those whom an earlier export held."""

from array import array
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from wxadmin.database import id_portions
from wxadmin.database.id_portions import AT_ONCE, Portion
from wxadmin.exporting.id_sets import Found, Ids, Packed, Spool, compared, packed, unpacked
from wxadmin.exporting.subject import Sought
from wxadmin.models import IS_KNOWN, Change, Export, ExportState, Holding, User
from wxadmin.queries import holdings


class EarlierGone(Exception):
    """Whom the earlier export held is not known, or not any more."""


@dataclass(slots=True)
class Changes:
    """Who was added, changed or is gone since an earlier export. Of those who were `forgotten` since only the number is
    left."""

    of: dict[Change, Spool] = field(default_factory=lambda: {change: Spool() for change in Change})
    forgotten: int = 0

    def number(self, change: Change) -> int:
        return self.of[change].count


@dataclass(slots=True)
class Taken:
    """The ids of whoever fits, and of whoever stands in files where those are others, in a snapshot that sees all
    changes up to that number."""

    change_no: int
    fitted: Spool = field(default_factory=Spool)
    changes: Changes | None = None
    written: Spool | None = None

    def portions(self) -> Iterator[tuple[Holding, Packed]]:
        """As they are kept."""
        for kind, spool in ((Holding.FITTED, self.fitted), (Holding.WRITTEN, self.written)):
            for ids in spool.portions(AT_ONCE) if spool else ():
                yield kind, packed(ids)


def everybody(session: Session, sought: Sought) -> Taken:
    taken = Taken(holdings.newest_change(session))
    with closing(_portions(session, sought, None)) as found:
        for portion in found:
            taken.fitted.add(portion.ids)
    return taken


def since(session: Session, sought: Sought, export_id: int) -> Taken:
    """Exact in the snapshot of the session: whoever has a change of a higher number than the earlier one's snapshot saw
    has changed since. Raises EarlierGone."""
    earlier = session.get(Export, export_id)
    if earlier is None or earlier.state != ExportState.DONE or earlier.change_no is None:
        raise EarlierGone
    taken = Taken(holdings.newest_change(session), changes=Changes(), written=Spool())
    then = map(unpacked, holdings.fitted(session, earlier))
    with closing(_now(session, sought, taken.fitted, _has_changed_since(earlier))) as now:
        for found in compared(now, then):
            _sort(session, found, taken)
    return taken


def _has_changed_since(earlier: Export) -> ColumnElement[bool]:
    """By no clock: a login that was at work when the snapshot was taken has an earlier moment, and a later number."""
    return User.change_no > earlier.change_no


def _now(session: Session, sought: Sought, fitted: Spool, mark: ColumnElement[bool]) -> Generator[tuple[Ids, Ids]]:
    with closing(_portions(session, sought, mark)) as portions:
        for portion in portions:
            fitted.add(portion.ids)
            yield portion.ids, portion.marked


def _portions(session: Session, sought: Sought, mark: ColumnElement[bool] | None) -> Generator[Portion]:
    return id_portions.portions(session, sought.selecting, User.id, mark=mark, are_few=sought.are_few)


def _sort(session: Session, found: Found, taken: Taken) -> None:
    assert taken.changes
    assert taken.written
    known = _known(session, found.gone)
    taken.changes.forgotten += len(found.gone) - len(known)
    parts = {Change.ADDED: found.added, Change.CHANGED: found.changed, Change.GONE: known}
    for change, ids in parts.items():
        taken.changes.of[change].add(ids)
    taken.written.add(array("q", sorted(found.added + found.changed + known)))


def _known(session: Session, gone: Ids) -> Ids:
    """Without those who have been forgotten."""
    found: list[int] = []
    for begin in range(0, len(gone), AT_ONCE):
        some = gone[begin : begin + AT_ONCE].tolist()
        found += session.scalars(select(User.id).where(User.id.in_(some), IS_KNOWN))
    return array("q", sorted(found))
