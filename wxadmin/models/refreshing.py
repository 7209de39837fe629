"""How refreshing stands at each account, over all processes, and the ledger of its passes."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, UTCDateTime
from wxadmin.models.base import Base


class Hold(StrEnum):
    """Why an account's tokens are not refreshed for now, but for a probe now and then where `probe_at` says so."""

    CONFIG = "config"
    """WeChat's errcode says that something is set up wrong."""
    BREAKER = "breaker"
    """Too many calls failed within a minute."""
    QUOTA = "quota"
    """WeChat's calls of the day are used up."""
    STAFF = "staff"
    """Somebody paused it; only somebody resumes it."""


class AccountRefresh(Base):
    """One row an account, made by its first lease."""

    __tablename__ = "account_refresh"

    account_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    hold: Mapped[str | None] = mapped_column(String(16))
    # The errcode or reason that led to it, or who of the staff.
    hold_code: Mapped[str | None] = mapped_column(String(32))
    hold_by: Mapped[str | None] = mapped_column(String(64))
    held_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    probe_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Calls of the minute that began then, and how many of them WeChat or the way to it is to blame for.
    window_began_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    window_calls: Mapped[int] = mapped_column(default=0)
    window_failures: Mapped[int] = mapped_column(default=0)
    # Until when the calls that were taken last the account at an even pace (services/budgets.py).
    budget_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # While resting tokens are woken after a change of policy: the last user whose token was looked at.
    waking_after: Mapped[int | None] = mapped_column(Id)


class Trigger(StrEnum):
    """Who had a pass begin."""

    JOB = "job"
    COMMAND = "command"
    STAFF = "staff"


class RefreshPass(Base):
    """One pass that had something to do. One without an end runs, or its process was killed in the middle of it."""

    __tablename__ = "refresh_pass"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    node: Mapped[int] = mapped_column(Id)
    trigger: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    leased: Mapped[int] = mapped_column()
    renewed: Mapped[int] = mapped_column()
    # Results that a login came before.
    overtaken: Mapped[int] = mapped_column()
    # Leased and not called: the process was told to stop, or the account was paused meanwhile.
    given_back: Mapped[int] = mapped_column()
    # Not called since their thirty days are over, or the account's policy leaves them out.
    put_aside: Mapped[int] = mapped_column()
    # Times by errcode or reason.
    failures: Mapped[dict[str, int]] = mapped_column(JSON)
