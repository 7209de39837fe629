"""People of the dashboard, their sign-ins and keys, and who did and saw what."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wxadmin.database.types import Hash, Id, Sealed, UTCDateTime
from wxadmin.models.base import Base
from wxadmin.models.site import Site


class Role(StrEnum):
    ADMIN = "admin"
    OPERATOR = "operator"
    MARKETER = "marketer"
    SUPPORT = "support"
    DEVELOPER = "developer"


class Staff(Base):
    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(256))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when an administrator has wanted a two-step code of them: without one they get no further.
    two_step_demanded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # Only a developer is bound to sites.
    sites: Mapped[list[Site]] = relationship(secondary="staff_site", order_by=Site.name)


class StaffSite(Base):
    __tablename__ = "staff_site"

    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("site.id", ondelete="CASCADE"), primary_key=True)


class StaffSession(Base):
    """A signed-in browser; gone from the table means signed out."""

    __tablename__ = "session"

    token_hash: Mapped[bytes] = mapped_column(Hash, primary_key=True)
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ip: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(256))


class StaffKey(Base):
    """A key by which somebody's script asks for them; gone from the table means revoked."""

    __tablename__ = "staff_key"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    key_hash: Mapped[bytes] = mapped_column(Hash, unique=True)
    # Its last signs, by which its owner tells it from the others.
    ending: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class StaffTotp(Base):
    """The second step of somebody's sign-in; asked for once they have confirmed it by a code."""

    __tablename__ = "staff_totp"

    staff_id: Mapped[int] = mapped_column(
        Id, ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret_sealed: Mapped[bytes] = mapped_column(Sealed)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Half minutes since 1970 of the last code that was taken: neither it nor an older one is taken again.
    last_step: Mapped[int | None] = mapped_column(Id)


class Reveal(Base):
    """A signed-in browser sees one person, or one attempt of nobody known, in the clear until then."""

    __tablename__ = "reveal"

    token_hash: Mapped[bytes] = mapped_column(
        Hash, ForeignKey("session.token_hash", ondelete="CASCADE"), primary_key=True
    )
    # Of a user or an attempt: no two of them have the same.
    subject_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    until: Mapped[datetime] = mapped_column(UTCDateTime)


class AuditEntry(Base):
    """Append-only. `actor` is a staff name, or `command line`."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(128))
    # JSON; never a secret.
    details: Mapped[str | None] = mapped_column(Text)
