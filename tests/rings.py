"""Key rings through a rotation, and what opens with one."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.errors import SealBroken
from wxadmin.models import KeyInUse
from wxadmin.models.sealed import SEALED_KINDS
from wxadmin.security.keys import KeyRing

OLD_SECRET, NEW_SECRET = "old" * 12, "new" * 12
OLD = KeyRing([OLD_SECRET])
NEW = KeyRing([NEW_SECRET])
BOTH = KeyRing([NEW_SECRET, OLD_SECRET])


def opened(session: Session, keys: KeyRing) -> list[str]:
    """Every sealed value of the database. Raises SealBroken."""
    return [
        keys.open(value, bound_to)
        for kind in SEALED_KINDS
        for _, *row in session.execute(select(kind.id, *kind.values, *kind.known_by).order_by(kind.id))
        for value, bound_to in zip(row, kind.bound_to(*row[len(kind.values) :]), strict=False)
        if value
    ]


def opens(session: Session, keys: KeyRing) -> bool:
    """Whether all of it opens with these keys."""
    try:
        return bool(opened(session, keys))
    except SealBroken:
        return False


def in_use(session: Session) -> Sequence[str]:
    return session.scalars(select(KeyInUse.key_id).order_by(KeyInUse.key_id)).all()
