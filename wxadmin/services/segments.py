"""Segments (人群): filters that are kept under a name, for everybody who exports."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchSegment
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare
from wxadmin.models import Segment
from wxadmin.models.segment import LONGEST_SEGMENT
from wxadmin.queries.user_filters import UserFilters, choices
from wxadmin.services import audit, names


def add(session: Session, name: str, filters: UserFilters, *, filter_zone: str, actor: str) -> Segment:
    """Raises BadValue, Taken, NoSuchAccount, NoSuchSite."""
    name = _name(session, name)
    now = utcnow()
    segment = Segment(
        id=draw_rare(),
        name=name,
        filters=_kept(session, filters),
        filter_zone=filter_zone,
        made_at=now,
        made_by=actor,
        changed_at=now,
        changed_by=actor,
    )
    session.add(segment)
    audit.record(session, actor, "segment_added", _subject(segment), name=name, filters=filters.given)
    return segment


def rename(session: Session, segment_id: int, name: str, *, actor: str) -> None:
    """Receipts keep the name that it had. Raises NoSuchSegment, BadValue, Taken."""
    segment = _locked(session, segment_id)
    if name.strip() == segment.name:
        return
    was, segment.name = segment.name, _name(session, name)
    _changed(segment, actor)
    audit.record(session, actor, "segment_changed", _subject(segment), name=segment.name, was=was)


def change(session: Session, segment_id: int, filters: UserFilters, *, filter_zone: str, actor: str) -> None:
    """Raises NoSuchSegment, BadValue, NoSuchAccount, NoSuchSite."""
    segment = _locked(session, segment_id)
    was = json.loads(segment.filters)
    segment.filters, segment.filter_zone = _kept(session, filters), filter_zone
    _changed(segment, actor)
    audit.record(session, actor, "segment_changed", _subject(segment), filters=filters.given, was=was)


def delete(session: Session, segment_id: int, *, actor: str) -> None:
    """Exports of it stay, and so do their receipts. Raises NoSuchSegment."""
    segment = _locked(session, segment_id)
    session.delete(segment)
    audit.record(session, actor, "segment_deleted", _subject(segment), name=segment.name)


def _changed(segment: Segment, actor: str) -> None:
    segment.changed_at, segment.changed_by = utcnow(), actor


def _kept(session: Session, filters: UserFilters) -> str:
    if filters.q:
        raise BadValue(
            msgid(
                "A segment stays and is shared, and what was searched for may be somebody's name: "
                "take the search away, and save what is left."
            ),
            field="filters",
        )
    choices(session, filters)
    return json.dumps(filters.given, ensure_ascii=False)


def _name(session: Session, entered: str) -> str:
    name = " ".join(entered.split())
    if not name or len(name) > LONGEST_SEGMENT or not name.isprintable():
        raise BadValue(
            msgid("a segment's name has from 1 to %(longest)d characters"), field="name", longest=LONGEST_SEGMENT
        )
    names.require_free(session, Segment.name, name)
    return name


def _locked(session: Session, segment_id: int) -> Segment:
    segment = session.scalars(select(Segment).where(Segment.id == segment_id).with_for_update()).one_or_none()
    if segment is None:
        raise NoSuchSegment
    return segment


def _subject(segment: Segment) -> str:
    return f"segment {segment.id}"
