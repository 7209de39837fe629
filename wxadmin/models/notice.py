"""An incident notice (故障公告): what staff, and visitors where it says so, read while something is out of order."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, UTCDateTime
from wxadmin.models.base import Base

LONGEST_TEXT = 300
LONGEST_REPLY = 1_000


class Notice(Base):
    """The newest one that has not ended, and whose time is not over, is shown; the others are kept."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    text_zh: Mapped[str] = mapped_column(String(LONGEST_TEXT))
    # Empty where nobody has said it in English: the Chinese text stands there then.
    text_en: Mapped[str] = mapped_column(String(LONGEST_TEXT))
    # What support sends to whoever asks; empty where there is nothing to be said.
    reply: Mapped[str] = mapped_column(String(LONGEST_REPLY))
    on_visitors: Mapped[bool] = mapped_column()
    # When the trouble began.
    since: Mapped[datetime] = mapped_column(UTCDateTime)
    # When it is gone by itself; NULL where nobody has said so.
    until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    set_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
