"""A sample in a database of its own, read by plain SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from wxadmin.database.engines import database_url
from wxadmin.sample import Filled, fill
from wxadmin.security.keys import KeyRing

KEYS = KeyRing(["k" * 32])
# A Friday, at six in the evening in Beijing.
UNTIL = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
USERS, EVENTS = 400, 6000


@dataclass(frozen=True, slots=True)
class Trial:
    url: str
    filled: Filled

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def rows(self, query: str) -> Sequence[Any]:
        return rows(self.url, query)

    def value(self, query: str) -> Any:
        (row,) = self.rows(query)
        return row[0]

    def microseconds(self, column: str) -> str:
        """SQL for a moment in microseconds since 1970."""
        if self.is_sqlite:
            return f"(unixepoch(substr({column}, 1, 19)) * 1000000 + substr({column}, 21, 6))"
        return f"cast(extract(epoch from {column}) * 1000000 as bigint)"


def filled(url: str, **changes: Any) -> Trial:
    return Trial(url, fill(url, KEYS, **{"users": USERS, "events": EVENTS, "until": UNTIL} | changes))


def rows(url: str, query: str) -> Sequence[Any]:
    engine = create_engine(database_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        return connection.execute(text(query)).all()
