"""What staff wrote down about one login."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, UTCDateTime
from wxadmin.models.base import Base


class AttemptNote(Base):
    """Goes with its attempt when that is removed."""

    __tablename__ = "attempt_note"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    attempt_id: Mapped[int] = mapped_column(Id, ForeignKey("attempt.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    author: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
