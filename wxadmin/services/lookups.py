"""Look-ups by something that is masked to whoever looks: on record, since a hit tells whose it is."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from wxadmin.services import audit

# Of more than these the number says enough.
_NAMED = 10


def note(session: Session, subject: str, *, by: Collection[str], found: Collection[int | str], actor: str) -> None:
    """`subject` is what was looked among, `by` the fields, `found` the ids or support codes on the page. What was typed
    is not kept: it may be somebody's name."""
    named = [str(one) for one in found] if len(found) <= _NAMED else []
    audit.record(session, actor, "looked_up", subject, by=sorted(by), rows=len(found), found=named)
