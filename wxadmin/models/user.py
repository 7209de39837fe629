"""A person as one service account knows them, where they came through, and their WeChat tokens."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, Sealed, UTCDateTime, case_sensitive
from wxadmin.models.base import Base

LONGEST_WHY = 200


class User(Base):
    """(account, openid) is the key; a unionid never is. A virtual person of the snapshot page is never a user.

    Whatever lists, counts or finds people leaves tombstones out: IS_KNOWN."""

    __tablename__ = "user"
    __table_args__ = (
        UniqueConstraint("account_id", "openid"),
        Index("ix_user_last_login_at", "last_login_at", "id"),
        Index("ix_user_change_no", "change_no"),
        # Nobody else is in it, so that the logins of all others write nothing into it.
        Index(
            "ix_user_blocked",
            "id",
            sqlite_where=text("blocked_at IS NOT NULL"),
            postgresql_where=text("blocked_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(Id)
    openid: Mapped[str] = mapped_column(case_sensitive(64))
    unionid: Mapped[str | None] = mapped_column(case_sensitive(64), index=True)
    nickname: Mapped[str | None] = mapped_column(Text)
    headimgurl: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(16))
    profile_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Ever granted; a refresh answer never shrinks them.
    granted_base: Mapped[bool] = mapped_column()
    granted_userinfo: Mapped[bool] = mapped_column()
    # When userinfo was first granted; unknown of those who had granted it before this was kept.
    explicit_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    first_seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_login_at: Mapped[datetime] = mapped_column(UTCDateTime)
    logins: Mapped[int] = mapped_column()
    last_site_id: Mapped[int] = mapped_column(Id)
    last_channel: Mapped[str | None] = mapped_column(String(64))
    last_ref: Mapped[str | None] = mapped_column(String(64))
    # Drawn as the last statement of a transaction: the order of change numbers is the order of commits.
    change_no: Mapped[int] = mapped_column(Id)
    # Set on a tombstone: whose it was is gone, and its openid is a random alias (services/forgetting.py).
    forgotten_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when they are not to be contacted (勿扰), as whom of the staff or which site has said, and why.
    blocked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    blocked_by: Mapped[str | None] = mapped_column(String(80))
    blocked_why: Mapped[str | None] = mapped_column(String(LONGEST_WHY))


BLOCK = ("blocked_at", "blocked_by", "blocked_why")
"""The columns of that mark, which no login touches."""

IS_KNOWN = User.forgotten_at.is_(None)
"""Whether the row is of somebody, and no tombstone."""


class UserChannel(Base):
    """Through which site and channel a user came."""

    __tablename__ = "user_channel"
    __table_args__ = (
        Index(
            "ix_user_channel_last_ref",
            "last_ref",
            sqlite_where=text("last_ref IS NOT NULL"),
            postgresql_where=text("last_ref IS NOT NULL"),
        ),
    )

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(Id, primary_key=True)
    # Empty where the visitor came without one: a key cannot be NULL.
    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
    logins: Mapped[int] = mapped_column()
    last_ref: Mapped[str | None] = mapped_column(String(64))


class TokenState(StrEnum):
    ACTIVE = "active"
    NEEDS_CONSENT = "needs_consent"


class Token(Base):
    """The newest tokens of a user; written only with the version that was read."""

    __tablename__ = "token"
    __table_args__ = (
        # Holds all that choosing the tokens of a lease asks of them.
        Index(
            "ix_token_due",
            "state",
            "account_id",
            "next_refresh_at",
            "lease_until",
            "expires_at",
            postgresql_include=["user_id"],
        ),
    )

    user_id: Mapped[int] = mapped_column(
        Id, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(Id)
    access_sealed: Mapped[bytes] = mapped_column(Sealed)
    refresh_sealed: Mapped[bytes] = mapped_column(Sealed)
    scope: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Thirty days from the authorization; refreshing does not move it (facts.md, section 3).
    refresh_expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Never before refresh_expires_at where the token rests: the account's policy leaves it out.
    next_refresh_at: Mapped[datetime] = mapped_column(UTCDateTime)
    refreshed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(16))
    # The errcode or reason of the last refresh that failed, and how many failed in a row.
    last_code: Mapped[str | None] = mapped_column(String(32))
    failures: Mapped[int] = mapped_column()
    # Since when it has been refused with errcodes that nobody knows the meaning of.
    unknown_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_owner: Mapped[int | None] = mapped_column(Id)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column()
