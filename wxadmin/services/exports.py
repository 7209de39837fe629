"""What leaves the house as a file is on record."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from wxadmin.services import audit


def note(session: Session, filters: Mapping[str, str], *, rows: int, actor: str) -> None:
    """Records who took how many users, by which filters. A search may be somebody's name, so only that there was one
    is kept."""
    told = {name: "…" if name == "q" else value for name, value in filters.items()}
    audit.record(session, actor, "users_exported", "users", rows=rows, filters=told)
