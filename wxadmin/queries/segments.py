"""Segments, and how many users fit each of them, as far as a page's time allows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.errors import NoSuchSegment, Refused
from wxadmin.models import Segment
from wxadmin.queries import users
from wxadmin.queries.masking import Masks
from wxadmin.queries.read_budget import ReadBudget
from wxadmin.queries.user_filters import UserFilters, choices
from wxadmin.queries.users import Count


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """`size` is None where the filters name what is not there any more."""

    segment: Segment
    given: dict[str, str]
    size: Count | None


@dataclass(frozen=True, slots=True)
class SegmentPage:
    """In the order of names; `after` and `before` are names that the pages beside this one begin at."""

    rows: Sequence[SegmentRow]
    before: str | None
    after: str | None


def page(
    session: Session,
    *,
    masks: Masks,
    after: str | None = None,
    before: str | None = None,
    size: int = 20,
    budget: ReadBudget | None = None,
) -> SegmentPage:
    """All sizes share one budget; each is of some users at least."""
    budget = budget or ReadBudget()
    query = select(Segment).limit(size + 1)
    if before is not None:
        found = list(session.scalars(query.where(Segment.name < before).order_by(Segment.name.desc())))
        shown, is_full = found[:size][::-1], len(found) > size
        names = (shown[0].name if is_full else None), (shown[-1].name if shown else None)
    else:
        following = query.where(Segment.name > after) if after is not None else query
        found = list(session.scalars(following.order_by(Segment.name)))
        shown, is_full = found[:size], len(found) > size
        names = (shown[0].name if shown and after is not None else None), (shown[-1].name if is_full else None)
    return SegmentPage([row(session, one, masks=masks, budget=budget) for one in shown], *names)


def row(session: Session, segment: Segment, *, masks: Masks, budget: ReadBudget | None = None) -> SegmentRow:
    """The segment and about how many fit it."""
    given = json.loads(segment.filters)
    try:
        filters = filters_of(segment)
        choices(session, filters)
        size = users.count(session, filters, zone_of(segment), masks=masks, budget=budget)
    except Refused:
        size = None
    return SegmentRow(segment, given, size)


def find(session: Session, segment_id: int) -> Segment:
    """Raises NoSuchSegment."""
    segment = session.get(Segment, segment_id)
    if segment is None:
        raise NoSuchSegment
    return segment


def named(session: Session, name: str) -> Segment:
    """Raises NoSuchSegment."""
    segment = session.scalars(select(Segment).where(Segment.name == name.strip())).one_or_none()
    if segment is None:
        raise NoSuchSegment
    return segment


def filters_of(segment: Segment) -> UserFilters:
    """Raises BadValue where a later program does not know them any more."""
    return UserFilters.read(json.loads(segment.filters))


def zone_of(segment: Segment) -> ZoneInfo:
    """Where the days of its filters begin."""
    return ZoneInfo(segment.filter_zone)
