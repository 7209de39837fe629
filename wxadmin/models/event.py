"""One step of an attempt or one refresh: append-only, and the truth that every count is checked against."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, UTCDateTime
from wxadmin.models.base import Base


class Stage(StrEnum):
    START = "start"
    RETURN = "return"
    EXCHANGE = "exchange"
    USERINFO = "userinfo"
    HANDOFF = "handoff"
    REDEEM = "redeem"
    REFRESH = "refresh"


class Class(StrEnum):
    """What an event means to those who read counts.

    OK went as it should; FAILURE counts as one; HARMLESS hurt nobody (a repeated callback); REFUSED is a start that
    no attempt came of; ABANDONED is an attempt that nobody came back to; BLOCKED is a redemption that was refused,
    the site's affair and no failed login.
    """

    OK = "ok"
    FAILURE = "failure"
    HARMLESS = "harmless"
    REFUSED = "refused"
    ABANDONED = "abandoned"
    BLOCKED = "blocked"


class Event(Base):
    __tablename__ = "event"
    __table_args__ = (
        Index(
            "ix_event_user_id",
            "user_id",
            "id",
            sqlite_where=text("user_id IS NOT NULL"),
            postgresql_where=text("user_id IS NOT NULL"),
        ),
        # WeChat gives a rid with what it refuses: few events have one.
        Index("ix_event_rid", "rid", sqlite_where=text("rid IS NOT NULL"), postgresql_where=text("rid IS NOT NULL")),
        # Holds all that counting the people behind a code needs.
        Index(
            "ix_event_code",
            "code",
            "id",
            "stage",
            "event_class",
            "at",
            "site_id",
            "attempt_id",
            "user_id",
            sqlite_where=text("event_class <> 'ok'"),
            postgresql_where=text("event_class <> 'ok'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    account_id: Mapped[int | None] = mapped_column(Id)
    site_id: Mapped[int | None] = mapped_column(Id)
    attempt_id: Mapped[int | None] = mapped_column(Id, index=True)
    user_id: Mapped[int | None] = mapped_column(Id)
    scope: Mapped[str] = mapped_column(String(32))
    browser_family: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str] = mapped_column(String(16))
    event_class: Mapped[str] = mapped_column(String(16))
    # WeChat's errcode in digits or a reason of the gateway's; empty where all went well.
    code: Mapped[str] = mapped_column(String(32))
    errmsg: Mapped[str | None] = mapped_column(String(512))
    rid: Mapped[str | None] = mapped_column(String(64))
    http_status: Mapped[int | None] = mapped_column()
    duration_ms: Mapped[int | None] = mapped_column()
    # The end that this step gave its attempt, if it ended one; `recovered` where it had failed before.
    outcome: Mapped[str | None] = mapped_column(String(16))
    recovered: Mapped[bool] = mapped_column()
    new_user: Mapped[bool] = mapped_column()
    # The person's first login of its day, where a day begins at midnight in settings.timezone.
    first_of_day: Mapped[bool] = mapped_column()
