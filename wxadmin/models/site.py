"""A business site of an account, the addresses it may be returned to, and the origins of its pages."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wxadmin.database.types import Hash, Id, Sealed, UTCDateTime
from wxadmin.models.base import Base


class Site(Base):
    __tablename__ = "site"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(128))
    contact: Mapped[str | None] = mapped_column(String(256))
    handoff: Mapped[str] = mapped_column(String(16), default="ticket")
    page_code: Mapped[bool] = mapped_column(default=False)
    dev: Mapped[bool] = mapped_column(default=False)
    # The visitor is told what is asked for, and may decline, before WeChat asks for consent.
    explain: Mapped[bool] = mapped_column(default=False)
    privacy_url: Mapped[str | None] = mapped_column(String(1024))
    # Whoever looks at WeChat's snapshot page comes back as a guest.
    snapshot_guest: Mapped[bool] = mapped_column(default=False)
    # A login with consent that brings no profile leads to a page instead of the site.
    profile_required: Mapped[bool] = mapped_column(default=False)
    key_hash: Mapped[bytes] = mapped_column(Hash, unique=True)
    old_key_hash: Mapped[bytes | None] = mapped_column(Hash)
    old_key_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Signs what hand-off `openid` puts into addresses. The old one signs until its grace ends.
    handoff_key_sealed: Mapped[bytes | None] = mapped_column(Sealed)
    old_handoff_key_sealed: Mapped[bytes | None] = mapped_column(Sealed)
    old_handoff_key_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    return_urls: Mapped[list["ReturnURL"]] = relationship(cascade="all, delete-orphan", order_by="ReturnURL.id")
    origins: Mapped[list["Origin"]] = relationship(cascade="all, delete-orphan", order_by="Origin.id")


class ReturnURL(Base):
    """An address that visitors may be sent back to: exact scheme, host and port, then a path prefix."""

    __tablename__ = "return_url"
    __table_args__ = (UniqueConstraint("site_id", "url"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("site.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(String(1024))


class Origin(Base):
    """An origin whose pages may post a code themselves."""

    __tablename__ = "origin"
    __table_args__ = (UniqueConstraint("site_id", "origin"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("site.id", ondelete="CASCADE"))
    origin: Mapped[str] = mapped_column(String(512))
