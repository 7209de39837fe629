"""The incident notice (故障公告) that is shown now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from wxadmin.models import Notice


@dataclass(frozen=True, slots=True)
class Shown:
    """What a notice says; `reply` is for support to send, empty where there is none."""

    text_zh: str
    text_en: str
    reply: str
    on_visitors: bool
    since: datetime
    until: datetime | None
    set_by: str

    def text(self, lang: str) -> str:
        """In English for those who read that, where somebody has said it so; else in Chinese."""
        return self.text_en if self.lang(lang) == "en" else self.text_zh

    def lang(self, lang: str) -> str:
        """The lang attribute of that text."""
        return "en" if lang == "en" and self.text_en else "zh-CN"


def current(session: Session, now: datetime) -> Shown | None:
    """The newest that has not ended, if its time is not over."""
    columns = (Notice.text_zh, Notice.text_en, Notice.reply, Notice.on_visitors, Notice.since, Notice.until)
    newest = select(*columns, Notice.set_by).where(Notice.ended_at.is_(None), is_on(now))
    row = session.execute(newest.order_by(Notice.id.desc()).limit(1)).first()
    return Shown(*row) if row else None


def is_on(now: datetime) -> ColumnElement[bool]:
    """Whether a notice's time is not over."""
    return or_(Notice.until.is_(None), Notice.until > now)
