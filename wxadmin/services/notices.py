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
from wxadmin.queries.notices import Shown, is_on
from wxadmin.services import audit

_SUBJECT = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeForm:
    """What it is to say. `since` is when the trouble began, now if it is left out; after `until` it is gone by itself.
    What is to come, such as work on WeChat's side, has both."""

    text_zh: str
    text_en: str = ""
    reply: str = ""
    on_visitors: bool = False
    since: datetime | None = None
    until: datetime | None = None


def put(session: Session, form: NoticeForm, *, actor: str) -> None:
    """Shows it from now on; one that is shown already says this instead. Raises BadValue."""
    now = utcnow()
    said = preview(form, actor=actor)
    shown = _shown(session)
    notice = shown[0] if shown else Notice(id=draw_rare(), since=now)
    notice.text_zh, notice.text_en, notice.reply = said.text_zh, said.text_en, said.reply
    notice.on_visitors, notice.until, notice.set_by = said.on_visitors, said.until, actor
    notice.since = form.since or notice.since
    session.add(notice)
    told = asdict(form) | {
        "since": notice.since.isoformat(timespec="minutes"),
        "until": form.until.isoformat(timespec="minutes") if form.until else None,
    }
    if shown:
        audit.record(session, actor, "notice_changed", _SUBJECT, **told)
    else:
        audit.record(session, actor, "notice_set", _SUBJECT, **told)


def preview(form: NoticeForm, *, actor: str) -> Shown:
    """What it would say if it were put now. Raises BadValue."""
    text_zh, now = _plain(form.text_zh, Notice.text_zh), utcnow()
    if not text_zh:
        raise BadValue(msgid("say in Chinese what is out of order"), field="text_zh")
    _require_order(form, now)
    text_en, reply = _plain(form.text_en, Notice.text_en), _plain(form.reply, Notice.reply)
    return Shown(text_zh, text_en, reply, form.on_visitors, form.since or now, form.until, actor)


def end(session: Session, *, actor: str) -> None:
    """Shows none any more; nothing happens where none is shown."""
    shown = _shown(session)
    for notice in shown:
        notice.ended_at = utcnow()
    if shown:
        audit.record(session, actor, "notice_ended", _SUBJECT, text_zh=shown[0].text_zh)


def _require_order(form: NoticeForm, now: datetime) -> None:
    if form.until is not None and form.until <= max(now, form.since or now):
        raise BadValue(msgid("the end must be in the future, and after the beginning"), field="until")
    if form.until is None and form.since is not None and form.since > now:
        raise BadValue(msgid("say until when, if it begins in the future"), field="since")


def _shown(session: Session) -> list[Notice]:
    """The newest first. Two people who each set one at the same moment leave two, which end together."""
    query = select(Notice).where(Notice.ended_at.is_(None), is_on(utcnow())).order_by(Notice.id.desc())
    query = query.with_for_update()
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
