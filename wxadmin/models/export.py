"""Exports: what was asked for, how far it has come, and the receipt (导出回执) of the files that it made."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Hash, Id, UTCDateTime
from wxadmin.models.base import Base

LONGEST_NOTE = 200


class ExportSubject(StrEnum):
    """What each row of a file tells of."""

    USERS = "users"
    ATTEMPTS = "attempts"
    # Each errcode or reason at one step, with its counts.
    FAILURES = "failures"
    EVENTS = "events"


class Destination(StrEnum):
    """Where a file goes, which says what it has to be like."""

    WECHAT_PAY = "wechat_pay"
    TENCENT_ADS = "tencent_ads"
    MASS_SEND = "mass_send"
    TAGGING = "tagging"
    CRM = "crm"
    OTHER = "other"


class Format(StrEnum):
    XLSX = "xlsx"
    CSV_EXCEL = "csv_excel"
    CSV = "csv"
    JSONL = "jsonl"
    OPENIDS = "openids"


class Purpose(StrEnum):
    """What for: as the receipt says it."""

    COUPONS = "coupons"
    MASS_SEND = "mass_send"
    TAGGING = "tagging"
    ADS = "ads"
    CRM = "crm"
    CUSTOMER = "customer"
    OTHER = "other"


class Change(StrEnum):
    """What became of somebody since an earlier export."""

    ADDED = "added"
    CHANGED = "changed"
    GONE = "gone"


class ExportState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Export(Base):
    """One export. A process that works at it holds a lease; where that ends, another begins anew."""

    __tablename__ = "export"
    __table_args__ = (Index("ix_export_state", "state"), Index("ix_export_segment_id", "segment_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_by: Mapped[str] = mapped_column(String(64))
    # Whose masks lie over the rows; NULL for the command line, which has the database itself before it.
    role: Mapped[str | None] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(16), default=ExportSubject.USERS)
    destination: Mapped[str] = mapped_column(String(16))
    format: Mapped[str] = mapped_column(String(16))
    # Their names, with commas between them.
    columns: Mapped[str] = mapped_column(Text)
    # JSON. What was searched for may be somebody's name: it is taken out when the export has ended.
    filters: Mapped[str] = mapped_column(Text)
    # Where the days of the filters begin, and where the moments in the file are told.
    filter_zone: Mapped[str] = mapped_column(String(64))
    zone: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    purpose: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE))
    delete_after_download: Mapped[bool] = mapped_column()
    # Whether those who are not to be contacted are in it too.
    with_blocked: Mapped[bool] = mapped_column(server_default=false())
    # How many of them were left out; NULL until it is known, and where none were to be.
    left_out: Mapped[int | None] = mapped_column()
    # The uploaded lists that the filters name, by their ids, as they were: they may be deleted before the receipt is.
    lists: Mapped[dict[str, Any] | None] = mapped_column(JSON)

    state: Mapped[str] = mapped_column(String(16))
    cancel_asked: Mapped[bool] = mapped_column()
    # How often it was begun; the folder of its files is called by it.
    attempt: Mapped[int] = mapped_column()
    node: Mapped[int | None] = mapped_column(Id)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # The moment that the file tells of: whatever was stored by then is in it.
    as_of: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expected: Mapped[int | None] = mapped_column()
    rows: Mapped[int] = mapped_column()
    # Characters that the format cannot hold.
    dropped: Mapped[int] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failure: Mapped[str | None] = mapped_column(String(32))
    # NULL where no file is kept: it went to the command line, or there is none.
    kept_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when somebody who may be in its files is forgotten: no file is given out, and they go at the next clearing.
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # The segment that it is of, and what that was called then: it may be gone since.
    segment_id: Mapped[int | None] = mapped_column(Id)
    segment: Mapped[str | None] = mapped_column(String(64))
    # The highest number of a change that its snapshot saw (services/batch.py); NULL where whom it held is not kept.
    change_no: Mapped[int | None] = mapped_column(Id)
    # The export that it tells the changes since; NULL where it tells of everybody. How many there were of each kind.
    since_id: Mapped[int | None] = mapped_column(Id)
    added: Mapped[int | None] = mapped_column()
    changed: Mapped[int | None] = mapped_column()
    gone: Mapped[int | None] = mapped_column()
    # Those who are gone because they were forgotten: no file names them.
    forgotten: Mapped[int | None] = mapped_column()


class ExportPart(Base):
    """One file of an export, and enough of what it held to tell a whole one, a cut one and a changed one apart when
    the file itself is gone."""

    __tablename__ = "export_part"
    __table_args__ = (
        Index("ix_export_part_sha256", "sha256"),
        Index("ix_export_part_tree", "tree"),
        Index("ix_export_part_head", "head"),
    )

    export_id: Mapped[int] = mapped_column(Id, ForeignKey("export.id", ondelete="CASCADE"), primary_key=True)
    # From 1.
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # Which change it tells of, where its lines do not say that themselves.
    change: Mapped[str | None] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(128))
    rows: Mapped[int] = mapped_column()
    # In bytes.
    size: Mapped[int] = mapped_column(Id)
    sha256: Mapped[bytes] = mapped_column(Hash)
    # SHA-256 of the SHA-256s of its blocks (exporting/fingerprints.py): what a browser can reckon piece by piece.
    tree: Mapped[bytes] = mapped_column(Hash)
    # Of its first bytes.
    head: Mapped[bytes] = mapped_column(Hash)
    # The beginning of each block's, as hexadecimal digits.
    blocks: Mapped[str] = mapped_column(Text)
    # How far downloads have come without a gap, in bytes.
    sent: Mapped[int] = mapped_column(Id)
