"""Staff set, change and end the incident notice (故障公告)."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare
from wxadmin.models import Notice
from wxadmin.services import audit

_SUBJECT = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeForm:
    """What it is to say. `since` is when the trouble began, now if it is left out."""

    text_zh: str
    text_en: str = ""
    reply: str = ""
    on_visitors: bool = False
    since: datetime | None = None


def put(session: Session, form: NoticeForm, *, actor: str) -> None:
    """Shows it from now on; one that is shown already says this instead. Raises BadValue."""
    text_zh = _plain(form.text_zh, Notice.text_zh)
    if not text_zh:
        raise BadValue(msgid("say in Chinese what is out of order"), field="text_zh")
    now = utcnow()
    if form.since is not None and form.since > now:
        raise BadValue(msgid("the trouble cannot begin in the future"), field="since")
    shown = _shown(session)
    notice = shown[0] if shown else Notice(id=draw_rare(), since=now)
    notice.text_zh, notice.text_en = text_zh, _plain(form.text_en, Notice.text_en)
    notice.reply, notice.on_visitors = _plain(form.reply, Notice.reply), form.on_visitors
    notice.since, notice.set_by = form.since or notice.since, actor
    session.add(notice)
    told = asdict(form) | {"since": notice.since.isoformat(timespec="minutes")}
    if shown:
        audit.record(session, actor, "notice_changed", _SUBJECT, **told)
    else:
        audit.record(session, actor, "notice_set", _SUBJECT, **told)


def end(session: Session, *, actor: str) -> None:
    """Shows none any more; nothing happens where none is shown."""
    shown = _shown(session)
    for notice in shown:
        notice.ended_at = utcnow()
    if shown:
        audit.record(session, actor, "notice_ended", _SUBJECT, text_zh=shown[0].text_zh)


def _shown(session: Session) -> list[Notice]:
    """The newest first. Two people who each set one at the same moment leave two, which end together."""
    query = select(Notice).where(Notice.ended_at.is_(None)).order_by(Notice.id.desc()).with_for_update()
    return list(session.scalars(query))


def _plain(text: str, column: InstrumentedAttribute[str]) -> str:
    """The text with its own line ends, if the column can hold it. Raises BadValue."""
    lines = [line.strip() for line in text.strip().splitlines()]
    plain = "\n".join(lines)
    longest: int = column.type.length
    if len(plain) > longest or not all(line.isprintable() for line in lines):
        refusal = msgid("this is plain text of at most %(longest)d characters")
        raise BadValue(refusal, field=column.key, longest=longest)
    return plain
