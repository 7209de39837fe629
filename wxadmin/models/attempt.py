"""One login from the first click to the hand-off, and the claim that keeps its code from being exchanged twice."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Index, String, and_, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Hash, Id, UTCDateTime
from wxadmin.models.base import Base


class Outcome(StrEnum):
    """How an attempt ends (contract: "Attempts and their ends"); no outcome yet means that it is waited for."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DENIED = "denied"
    SNAPSHOT = "snapshot"
    ABANDONED = "abandoned"
    DUPLICATE = "duplicate"


class Attempt(Base):
    __tablename__ = "attempt"
    __table_args__ = (
        Index(
            "ix_attempt_waiting",
            "started_at",
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
        Index(
            "ix_attempt_user_id",
            "user_id",
            sqlite_where=text("user_id IS NOT NULL"),
            postgresql_where=text("user_id IS NOT NULL"),
        ),
        Index(
            "ix_attempt_outcome",
            "outcome",
            "id",
            sqlite_where=text("outcome <> 'succeeded'"),
            postgresql_where=text("outcome <> 'succeeded'"),
        ),
        Index(
            "ix_attempt_ended_by",
            "ended_by",
            "id",
            sqlite_where=text("ended_by IS NOT NULL"),
            postgresql_where=text("ended_by IS NOT NULL"),
        ),
        Index("ix_attempt_site_id", "site_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    # No foreign key on the tables of the hot path: each would be a check a row, and accounts and sites are never
    # deleted, only switched off.
    support_code: Mapped[str] = mapped_column(String(8), unique=True)
    account_id: Mapped[int | None] = mapped_column(Id)
    site_id: Mapped[int | None] = mapped_column(Id)
    scope: Mapped[str] = mapped_column(String(32))
    lang: Mapped[str | None] = mapped_column(String(8))
    # None where nothing is to come back: of a refused start, and of a code that a page brought.
    state_hash: Mapped[bytes | None] = mapped_column(Hash, unique=True)
    cookie_hash: Mapped[bytes | None] = mapped_column(Hash)
    code_hash: Mapped[bytes | None] = mapped_column(Hash)
    return_url: Mapped[str | None] = mapped_column(String(2048))
    nonce: Mapped[str | None] = mapped_column(String(128))
    channel: Mapped[str | None] = mapped_column(String(64))
    ref: Mapped[str | None] = mapped_column(String(64))
    browser_family: Mapped[str] = mapped_column(String(16))
    wechat_version: Mapped[str | None] = mapped_column(String(16))
    ip: Mapped[str | None] = mapped_column(String(45))

    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    returned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    exchanged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    redeemed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    recovered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    outcome: Mapped[str | None] = mapped_column(String(16))
    # The errcode or reason that ended it, as in events.
    ended_by: Mapped[str | None] = mapped_column(String(32))
    user_id: Mapped[int | None] = mapped_column(Id)
    scope_granted: Mapped[str | None] = mapped_column(String(64))

    @hybrid_property
    def is_refused_start(self) -> bool:
        """Whether the visitor was turned away before being sent to WeChat."""
        return self.state_hash is None and self.code_hash is None

    @is_refused_start.inplace.expression
    @classmethod
    def _is_refused_start(cls) -> ColumnElement[bool]:
        return and_(cls.state_hash.is_(None), cls.code_hash.is_(None))


class CodeClaim(Base):
    """The right to exchange one code: whoever inserts the row first, over all processes, has it.

    Purged after ten minutes, since equal codes hours apart have been reported (facts.md, section 1).
    """

    __tablename__ = "code_claim"

    account_id: Mapped[int] = mapped_column(Id, primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(Hash, primary_key=True)
    attempt_id: Mapped[int] = mapped_column(Id, index=True)
    # The id of the claiming step: tells this claim from another of the same attempt.
    claim_id: Mapped[int] = mapped_column(Id)
    node: Mapped[int] = mapped_column(Id)
    claimed_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    lease_until: Mapped[datetime] = mapped_column(UTCDateTime)
