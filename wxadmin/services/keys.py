"""Keys: values sealed anew, keys that nothing needs taken off the list, and what only a lost key opens given up."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from wxadmin.database.sets import SetUpdate
from wxadmin.models import KeyInUse
from wxadmin.models.sealed import SEALED_KINDS, SealedKind
from wxadmin.queries import keys as queries
from wxadmin.queries.keys import SealedRow, Window
from wxadmin.security.keys import KeyRing, key_id
from wxadmin.services import house


@dataclass(frozen=True, slots=True)
class Resealed:
    """A row's values as they were read, and the same sealed under the first key."""

    row: SealedRow
    values: tuple[bytes | None, ...]


def resealed(keys: KeyRing, kind: SealedKind, row: SealedRow) -> Resealed:
    """The row's values under the first key. Raises SealBroken."""
    pairs = zip(row.values, kind.bound_to(*row.known_by), strict=True)
    return Resealed(row, tuple(value and keys.seal(keys.open(value, bound), bound) for value, bound in pairs))


def store(session: Session, kind: SealedKind, changed: Sequence[Resealed]) -> int:
    """Stores the values of rows that are still as they were read, and returns how many: whatever a login or a refresh
    has stored since then is newer, and stays."""
    house.keep_keys(session.connection(), {key_id(value) for one in changed for value in one.values if value})
    # Rows that somebody is writing are left alone rather than waited for: nobody ever waits in a circle for this.
    stored = (
        select(kind.id, *kind.values)
        .where(kind.id.in_([one.row.id for one in changed]))
        .with_for_update(skip_locked=True, of=kind.id.class_)
    )
    current = {row[0]: tuple(row[1:]) for row in session.execute(stored)}
    unchanged = [one for one in changed if current.get(one.row.id) == one.row.values]
    names = [value.key for value in kind.values]
    rows = [{kind.id.key: one.row.id, **dict(zip(names, one.values, strict=True))} for one in unchanged]
    _RESEALED[kind].execute(session.connection(), rows)
    return len(unchanged)


_RESEALED = {
    kind: SetUpdate(kind.id.class_, [value.key for value in kind.values], key=[kind.id.key]) for kind in SEALED_KINDS
}


def others(session: Session, key: str) -> Sequence[str]:
    """The keys on the list besides this one."""
    return session.scalars(select(KeyInUse.key_id).where(KeyInUse.key_id != key).order_by(KeyInUse.key_id)).all()


def mark_leaving(session: Session, key: str, *, by: int) -> int | None:
    """Marks a key before it is looked for everywhere, and returns the mark: an earlier one where it still stands, else
    `by`, a number that nobody else marks with. What is sealed under the key from here on takes the mark away. None
    where the key is on the list no longer."""
    # A lock that waits for every transaction which has stored something under the key and not committed yet.
    marked = session.scalar(select(KeyInUse).where(KeyInUse.key_id == key).with_for_update())
    if marked is None:
        return None
    # Several that look at once share the mark: each would else take away what the others go by.
    marked.leaving_by = marked.leaving_by or by
    return marked.leaving_by


def take_off(session: Session, key: str, *, by: int) -> bool:
    """Takes a key off the list that nothing was found to be sealed under; False where the mark has been taken away."""
    session.execute(delete(KeyInUse).where(KeyInUse.key_id == key, KeyInUse.leaving_by == by))
    return session.scalar(select(KeyInUse.key_id).where(KeyInUse.key_id == key)) is None


def give_up(session: Session, kind: SealedKind, key: str, window: Window) -> int:
    """Leaves rows of the window without the values that only the key opens; returns how many there were."""
    lost = update(kind.id.class_).where(queries.within(kind, window), queries.under(kind, key))
    rows: int = session.execute(  # type: ignore[attr-defined]
        lost.values(kind.without).execution_options(synchronize_session=False)
    ).rowcount
    if rows and kind.is_setting:
        house.settings_changed(session)
    return rows
