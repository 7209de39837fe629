"""A WeChat service account (服务号)."""

from datetime import date, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from wxadmin.database.types import Id, Sealed, UTCDateTime
from wxadmin.models.base import Base

SAMPLE_APPID_PREFIX = "wxsample"
"""Accounts of sample data: never refreshed, never sent to WeChat's own host."""


class Account(Base):
    __tablename__ = "account"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(128))
    appid: Mapped[str] = mapped_column(String(32), unique=True)
    secret_sealed: Mapped[bytes | None] = mapped_column(Sealed)
    verify_name: Mapped[str | None] = mapped_column(String(64))
    verify_body: Mapped[str | None] = mapped_column(String(256))
    # all, userinfo, active (authorized within the last so many days) or none; services/accounts.py
    refresh_policy: Mapped[str] = mapped_column(String(16), default="all")
    refresh_active_days: Mapped[int] = mapped_column(default=7)
    # Calls a minute; what WeChat allows where there is none.
    refresh_quota: Mapped[int | None] = mapped_column()
    # 认证到期日, as an administrator reads it in WeChat's console: no call tells it.
    verified_until: Mapped[date | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def is_sample(self) -> bool:
        return is_sample_appid(self.appid)


def is_sample_appid(appid: str) -> bool:
    return appid.startswith(SAMPLE_APPID_PREFIX)
