"""A login ticket (登录票据): proof of one login, redeemed once by the site's server."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Hash, Id, UTCDateTime
from wxadmin.models.base import Base


class Ticket(Base):
    __tablename__ = "ticket"

    ticket_hash: Mapped[bytes] = mapped_column(Hash, primary_key=True)
    attempt_id: Mapped[int] = mapped_column(Id, index=True)
    site_id: Mapped[int] = mapped_column(Id)
    user_id: Mapped[int] = mapped_column(Id)
    browser_bound: Mapped[bool] = mapped_column()
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    redeemed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Of the Idempotency-Key that it was redeemed with: the same one gets the same answer for a minute.
    idempotency_hash: Mapped[bytes | None] = mapped_column(Hash)
