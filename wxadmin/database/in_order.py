"""Rows of a large table in the order of its index, as they come: with what belongs to each looked up by itself."""

from sqlalchemy import text
from sqlalchemy.orm import Session

# Millions of rows would be hashed and sorted on disk, by several processes at once, before the first one came.
_SETTINGS = ("enable_hashjoin = off", "enable_mergejoin = off", "max_parallel_workers_per_gather = 0")


def go_in_order(session: Session) -> None:
    """For the rest of the session's transaction. SQLite knows no other way."""
    if session.get_bind().dialect.name == "postgresql":
        for setting in _SETTINGS:
            session.execute(text(f"SET LOCAL {setting}"))
