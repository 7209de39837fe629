"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, String, TypeDecorator
from sqlalchemy.types import TypeEngine

# SQLite makes only INTEGER, not BIGINT, an alias of the row id.
Id = BigInteger().with_variant(Integer(), "sqlite")

Hash = LargeBinary(32)
"""SHA-256 of a value that must not be readable from the database."""

Sealed = LargeBinary()
"""AES-GCM under a key of the ring (security/keys.py)."""


def case_sensitive(length: int) -> TypeEngine[str]:
    """Text compared byte by byte: openids that differ in case only are different people."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("a naive datetime has no place in the database; use clock.utcnow()")
    return value.astimezone(UTC)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC with microseconds.

    TIMESTAMPTZ on PostgreSQL; on SQLite the text `2026-11-20 08:30:00.000000`, which sorts by time and which the
    sqlite3 shell can read. Refuses naive values.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return self.as_text(value)
        return _in_utc(value) if value is not None else None

    @staticmethod
    @lru_cache(maxsize=1024)
    def as_text(value: datetime | None) -> str | None:
        """SQLite's form. Remembered, since a step writes its one moment into many columns."""
        return _in_utc(value).isoformat(" ", "microseconds")[:26] if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        return value.astimezone(UTC)  # type: ignore[no-any-return]
