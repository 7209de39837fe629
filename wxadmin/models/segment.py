"""Segments (人群): named filters of users, which all who export share."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, UTCDateTime, case_sensitive
from wxadmin.models.base import Base

LONGEST_SEGMENT = 64


class Segment(Base):
    """Who is in it is never stored: it is whoever fits the filters when that is asked."""

    __tablename__ = "segment"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(case_sensitive(LONGEST_SEGMENT), unique=True)
    # JSON, and never with what was searched for, which may be somebody's name.
    filters: Mapped[str] = mapped_column(Text)
    # Where the days of the filters begin.
    filter_zone: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    made_by: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_by: Mapped[str] = mapped_column(String(64))
