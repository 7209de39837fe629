"""Who did what, newest first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from wxadmin.models import AuditEntry

Key = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """What is asked for; None means all. `since` is in it, `until` is not; `but` leaves actions out."""

    actor: str | None = None
    actions: Collection[str] | None = None
    but: Collection[str] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`newer` and `older` are the keys that the pages beside this one begin at; None where there is none."""

    entries: Sequence[AuditEntry]
    newer: Key | None
    older: Key | None


def page(
    session: Session, filters: AuditFilters, *, before: Key | None = None, after: Key | None = None, size: int = 50
) -> AuditPage:
    """The entries next before (older) or after (newer) a key, or the newest; never both."""
    query = _filtered(select(AuditEntry), filters)
    order = tuple_(AuditEntry.at, AuditEntry.id)
    if after is not None:
        query = query.where(order > tuple_(*after)).order_by(AuditEntry.at, AuditEntry.id)
    else:
        query = query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    if before is not None:
        query = query.where(order < tuple_(*before))
    found = list(session.scalars(query.limit(size + 1)))
    has_more, entries = len(found) > size, found[:size]
    if after is not None:
        entries = entries[::-1]
    has_newer, has_older = (has_more, True) if after is not None else (before is not None, has_more)
    return AuditPage(
        entries,
        newer=_key(entries[0]) if entries and has_newer else None,
        older=_key(entries[-1]) if entries and has_older else None,
    )


def _filtered(query: Select[AuditEntry], filters: AuditFilters) -> Select[AuditEntry]:
    if filters.actor is not None:
        query = query.where(AuditEntry.actor == filters.actor)
    if filters.actions is not None:
        query = query.where(AuditEntry.action.in_(sorted(filters.actions)))
    if filters.but:
        query = query.where(AuditEntry.action.not_in(sorted(filters.but)))
    if filters.since is not None:
        query = query.where(AuditEntry.at >= filters.since)
    if filters.until is not None:
        query = query.where(AuditEntry.at < filters.until)
    return query


def _key(entry: AuditEntry) -> Key:
    return entry.at, entry.id
