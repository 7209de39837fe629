"""The newest steps of logins, as the live feed (实时动态) shows them: nothing in them tells who somebody is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from wxadmin.models import Attempt, Class, Event, Outcome, Site

SIZE = 50
SEARCHED = 10_000
"""How many events the list looks through for those that fit."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of an attempt."""

    id: int
    at: datetime
    attempt_id: int
    account_id: int | None
    site_id: int | None
    stage: str
    event_class: str
    code: str
    outcome: str | None
    recovered: bool
    browser_family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFilters:
    """What the feed is asked for; all that is given must hold. `among` are the sites that the viewer is confined to,
    None for all."""

    account_id: int | None = None
    site_id: int | None = None
    outcome: str | None = None
    event_class: str | None = None
    code: str | None = None
    among: frozenset[int] | None = None

    def fits(self, one: Happening) -> bool:
        """The same as the list's conditions, for what is in memory."""
        if self.among is not None and one.site_id not in self.among:
            return False
        if self._leaves_refused_starts_out and one.event_class == Class.REFUSED:
            return False
        return all(getattr(one, name) == wanted for name, wanted in self._equal.items())

    @property
    def _equal(self) -> Mapping[str, Any]:
        names = ("account_id", "site_id", "outcome", "event_class", "code")
        return {name: wanted for name in names if (wanted := getattr(self, name)) is not None}

    @property
    def _leaves_refused_starts_out(self) -> bool:
        """Their attempts have failed, but they stand apart from what failed at WeChat, as in the lists."""
        return self.outcome == Outcome.FAILED

    def conditions(self, columns: Any) -> list[ColumnElement[bool]]:
        """The same for the database."""
        found = [getattr(columns, name) == wanted for name, wanted in self._equal.items()]
        if self._leaves_refused_starts_out:
            found.append(columns.event_class != Class.REFUSED)
        return found if self.among is None else [*found, columns.site_id.in_(sorted(self.among))]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a happening's attempt is found, and the title of its site."""

    support_code: str
    site: str | None


_COLUMNS = (
    *(Event.id, Event.at, Event.attempt_id, Event.account_id, Event.site_id, Event.stage, Event.event_class),
    *(Event.code, Event.outcome, Event.recovered, Event.browser_family),
)


def newest(session: Session, filters: LiveFilters) -> Sequence[Happening]:
    """Those that fit among the newest SEARCHED events, newest first."""
    # SQLite looks at all that are walked before it takes the first: most lists are filled by the nearest few.
    for walk in (SEARCHED // 20, SEARCHED):
        walked = select(*_COLUMNS).order_by(Event.id.desc()).limit(walk).subquery()
        fitting = select(walked).where(walked.c.attempt_id.is_not(None), *filters.conditions(walked.c))
        found = _happenings(session, fitting.order_by(walked.c.id.desc()).limit(SIZE))
        if len(found) == SIZE:
            break
    return found


def since(session: Session, first_id: int, *, limit: int) -> Sequence[Happening]:
    """Those from this id on, newest first, and no more than the newest `limit`."""
    query = select(*_COLUMNS).where(Event.id >= first_id, Event.attempt_id.is_not(None))
    return _happenings(session, query.order_by(Event.id.desc()).limit(limit))


def is_any_between(session: Session, after: int, before: int) -> bool:
    """Whether anything at all happened between these ids."""
    return session.scalar(select(Event.id).where(Event.id > after, Event.id < before).limit(1)) is not None


def places(session: Session, attempt_ids: Collection[int]) -> Mapping[int, Place]:
    """By attempt; those that are gone are left out."""
    query = (
        select(Attempt.id, Attempt.support_code, Site.title)
        .outerjoin(Site, Site.id == Attempt.site_id)
        .where(Attempt.id.in_(sorted(attempt_ids)))
    )
    return {row.id: Place(row.support_code, row.title) for row in session.execute(query)}


def _happenings(session: Session, query: Any) -> Sequence[Happening]:
    return [Happening(*row) for row in session.execute(query)]
