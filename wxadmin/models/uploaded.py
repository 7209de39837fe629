"""Lists of people that staff bring along (上传名单): openids, unionids or references of one account."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, UTCDateTime, case_sensitive
from wxadmin.models.base import Base

LONGEST_NAME = 64


class IdKind(StrEnum):
    """By what the people of a list are known: REF is the sites' own number of them."""

    OPENID = "openid"
    UNIONID = "unionid"
    REF = "ref"


class UploadedList(Base):
    """The list without its values. It keeps these rather than the users found by them: whoever logs in later is found
    too."""

    __tablename__ = "uploaded_list"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    made_by: Mapped[str] = mapped_column(String(64))
    # Different values. Those of forgotten people are taken out, and off the number.
    held: Mapped[int] = mapped_column()
    # Lines of what was uploaded that said again what another had said, and those that held no such id.
    repeated: Mapped[int] = mapped_column()
    unreadable: Mapped[int] = mapped_column()
    # The numbers of the first of these, from 1.
    unreadable_lines: Mapped[list[int]] = mapped_column(JSON)
    # Since when all values are stored; before, and from its deletion on, nobody sees the list.
    ready_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # How many values were known at its account, and at others only, when that was last looked up.
    found: Mapped[int | None] = mapped_column()
    elsewhere: Mapped[int | None] = mapped_column()
    matched_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    kept_until: Mapped[datetime] = mapped_column(UTCDateTime)


class UploadedValue(Base):
    """One id of a list."""

    __tablename__ = "uploaded_value"

    list_id: Mapped[int] = mapped_column(Id, ForeignKey("uploaded_list.id", ondelete="CASCADE"), primary_key=True)
    value: Mapped[str] = mapped_column(case_sensitive(64), primary_key=True)
