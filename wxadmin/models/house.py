"""What the installation knows about itself: processes, running numbers, keys in use, jobs."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, UTCDateTime
from wxadmin.models.base import Base

USER_CHANGES = "user_changes"
"""The counter that numbers the changes of users."""


class Node(Base):
    """A process that serves, or served. `batch` is the number of its last committed journal batch."""

    __tablename__ = "node"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    host: Mapped[str] = mapped_column(String(128))
    pid: Mapped[int] = mapped_column()
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    # NULL while it serves, and where it was killed.
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    batch: Mapped[int] = mapped_column(Id)
    # The public ids of its keys, with commas between them; the first is the one that it seals under.
    key_ids: Mapped[str | None] = mapped_column(Text)


class Counter(Base):
    """A running number shared by all processes."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int] = mapped_column(Id)


class KeyInUse(Base):
    """A key that something in the database may be sealed under, known by its public id: whatever is stored sealed has
    its key here before it is committed."""

    __tablename__ = "key_in_use"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    first_used_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # A number of whoever is looking whether anything is left under the key, to take it off; NULL as soon as something
    # is sealed under it again.
    leaving_by: Mapped[int | None] = mapped_column(Id)


class JobRun(Base):
    """The last run of each background job."""

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    node: Mapped[int] = mapped_column(Id)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime)
    rows: Mapped[int] = mapped_column()
    error: Mapped[str | None] = mapped_column(Text)


class OutsideLook(Base):
    """What the doctor saw from outside when somebody last had it look: one row, ONLY_LOOK."""

    __tablename__ = "outside_look"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Plain values of doctor/picture.py's Outside: no secret is among what is seen from outside.
    seen: Mapped[dict[str, Any]] = mapped_column(JSON)


ONLY_LOOK = 1


class JobTurn(Base):
    """Whose turn it is at a job that one process does for all; until when nobody else's is."""

    __tablename__ = "job_turn"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    # NULL where the job rests until then.
    node: Mapped[int | None] = mapped_column(Id)
    until: Mapped[datetime] = mapped_column(UTCDateTime)
