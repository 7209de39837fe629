"""A copy of what is known of somebody was made for them, and it is on record."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from wxadmin.services import audit, reveals


def note(session: Session, user_ids: Collection[int], *, reason: str, note: str, actor: str) -> None:
    """An entry for each of the person's users. Raises BadValue."""
    kept = reveals.checked(reason, note)
    for user_id in user_ids:
        audit.record(session, actor, "personal_data_copied", f"user {user_id}", reason=reason, note=kept)
