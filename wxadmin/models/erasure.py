"""The receipt (删除凭证) of one person's data having been deleted; it holds nothing of the person."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, UTCDateTime
from wxadmin.models.base import Base


class ErasureReason(StrEnum):
    """Why somebody's data are deleted; OTHER says it in words of its own."""

    PERSON_ASKS = "person_asks"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    PURPOSE_ENDED = "purpose_ended"
    OTHER = "other"


class Erasure(Base):
    __tablename__ = "erasure"
    __table_args__ = (
        Index(
            "ix_erasure_waiting",
            "at",
            sqlite_where=text("cleaned_at IS NULL"),
            postgresql_where=text("cleaned_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    # Of the tombstone: each person is forgotten once.
    user_id: Mapped[int] = mapped_column(Id, unique=True)
    account_id: Mapped[int] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(32))
    note: Mapped[str | None] = mapped_column(String(200))
    # How many rows were changed or deleted, by table.
    rows: Mapped[dict[str, int]] = mapped_column(JSON)
    # The newest files that may have held the person (services/past_exports.py), and how many there were in all.
    exports: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    exports_total: Mapped[int] = mapped_column()
    # When the bytes had gone from the database's files too, and how thoroughly (database/scrubbing.py); NULL until
    # then.
    cleaned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cleaned_how: Mapped[str | None] = mapped_column(String(16))
