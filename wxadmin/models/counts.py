"""Counts by hour, written in the same transaction as the events that they count (services/ledger.py)."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, UTCDateTime
from wxadmin.models.base import Base

DURATION_BUCKETS_MS = (25, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400)
"""Upper ends, inclusive; the last column of StepHour takes what is slower."""


class LoginHour(Base):
    """Starts and ends of attempts. An attempt that failed and then succeeded stands in `failed`, `succeeded` and
    `recovered`: those that stayed failed are `failed - recovered`."""

    __tablename__ = "login_hour"

    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    # 0 where a refused start had no account or site: a key cannot be NULL.
    account_id: Mapped[int] = mapped_column(Id, primary_key=True)
    site_id: Mapped[int] = mapped_column(Id, primary_key=True)
    scope: Mapped[str] = mapped_column(String(32), primary_key=True)
    started: Mapped[int] = mapped_column()
    refused: Mapped[int] = mapped_column()
    succeeded: Mapped[int] = mapped_column()
    failed: Mapped[int] = mapped_column()
    recovered: Mapped[int] = mapped_column()
    denied: Mapped[int] = mapped_column()
    snapshot: Mapped[int] = mapped_column()
    abandoned: Mapped[int] = mapped_column()
    duplicate: Mapped[int] = mapped_column()
    new_users: Mapped[int] = mapped_column()
    # Those whose first login of the day was in this hour: the hours of a day add up to its people.
    people: Mapped[int] = mapped_column()


class FailureHour(Base):
    """Events that did not go well, by code and class."""

    __tablename__ = "failure_hour"

    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    account_id: Mapped[int] = mapped_column(Id, primary_key=True)
    site_id: Mapped[int] = mapped_column(Id, primary_key=True)
    scope: Mapped[str] = mapped_column(String(32), primary_key=True)
    stage: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_class: Mapped[str] = mapped_column(String(16), primary_key=True)
    browser_family: Mapped[str] = mapped_column(String(16), primary_key=True)
    events: Mapped[int] = mapped_column()


class StepHour(Base):
    """Every event by stage and class, with its durations in buckets."""

    __tablename__ = "step_hour"

    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    account_id: Mapped[int] = mapped_column(Id, primary_key=True)
    site_id: Mapped[int] = mapped_column(Id, primary_key=True)
    scope: Mapped[str] = mapped_column(String(32), primary_key=True)
    stage: Mapped[str] = mapped_column(String(16), primary_key=True)
    event_class: Mapped[str] = mapped_column(String(16), primary_key=True)
    events: Mapped[int] = mapped_column()
    ms_25: Mapped[int] = mapped_column()
    ms_50: Mapped[int] = mapped_column()
    ms_100: Mapped[int] = mapped_column()
    ms_200: Mapped[int] = mapped_column()
    ms_400: Mapped[int] = mapped_column()
    ms_800: Mapped[int] = mapped_column()
    ms_1600: Mapped[int] = mapped_column()
    ms_3200: Mapped[int] = mapped_column()
    ms_6400: Mapped[int] = mapped_column()
    ms_more: Mapped[int] = mapped_column()
