"""Attempts as their list shows them: filtered, newest first, page by page, at a cost that has a bound."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal, literal_column, select, union_all
from sqlalchemy.orm import Session

from wxadmin.ids import first_id_at
from wxadmin.models import IS_KNOWN, Account, Attempt, Outcome, Site, User

Condition = ColumnElement[bool]

SIZE = 50
SEARCHED = 10_000
"""How many attempts one page looks through for those that fit; the next page goes on from there."""

WAITING = "waiting"
REFUSED = "refused"
# An attempt's id is drawn right before the time of its start is taken; clocks are set back by less than this.
_DRAWN_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFilters:
    """What a list is asked for; all that is given must hold. `outcome` is one of Outcome, WAITING or REFUSED, `code`
    the errcode or reason that ended it, `until` the first moment that is too late."""

    outcome: str | None = None
    site_id: int | None = None
    account_id: int | None = None
    scope: str | None = None
    browser_family: str | None = None
    code: str | None = None
    openid: str | None = None
    # The site's own number for the visitor, to the letter.
    ref: str | None = None
    ip: str | None = None
    # How it begins: people tell 8.0, phones 8.0.49.
    wechat_version: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    # The sites that the viewer is confined to; None for all.
    among: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    id: int
    support_code: str
    started_at: datetime
    ended_at: datetime | None
    recovered_at: datetime | None
    outcome: str | None
    ended_by: str | None
    is_refused_start: bool
    scope: str
    browser_family: str
    wechat_version: str | None
    site: str | None
    site_name: str | None

    @property
    def shown_outcome(self) -> str:
        return outcome_shown(self.outcome, is_refused_start=self.is_refused_start)


@dataclass(frozen=True, slots=True)
class Page:
    """`newer` and `older` are the cursors of the neighbouring pages. `searched_to` is set where the page is short since
    it has looked through as many attempts as one page may, though there are older ones."""

    rows: Sequence[AttemptRow]
    newer: int | None
    older: int | None
    searched_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many fit among the newest SEARCHED; `is_all` where there are no more than those to look through."""

    number: int
    is_all: bool


def outcome_shown(outcome: str | None, *, is_refused_start: bool) -> str:
    """An outcome as the filter calls it: refused starts stand apart from what failed at WeChat."""
    if is_refused_start:
        return REFUSED
    return outcome or WAITING


def page(session: Session, filters: AttemptFilters, *, before: int | None = None, after: int | None = None) -> Page:
    """The attempts older than the id `before`, or the nearest ones newer than `after`, newest first."""
    is_backwards = after is not None
    cursor = [Attempt.id < before] if before is not None else [Attempt.id > after] if after is not None else []
    found = _found(session, filters, cursor, is_backwards=is_backwards)
    if is_backwards:
        if len(found) <= SIZE:
            return page(session, filters)
        return Page(found[:SIZE][::-1], newer=found[SIZE - 1].id, older=found[0].id)
    newer = None if before is None else found[0].id if found else before - 1
    if len(found) > SIZE:
        return Page(found[:SIZE], newer=newer, older=found[SIZE - 1].id)
    last = _last_searched(session, filters, cursor)
    return Page(found, newer, *last) if last else Page(found, newer, None)


def fitting(filters: AttemptFilters) -> list[Condition]:
    """What holds for all attempts that are asked for, for a query over Attempt that looks through all of them."""
    return [*_bounds(filters), *(one for some in _conditions(filters).values() for one in some)]


def count(session: Session, filters: AttemptFilters) -> Count:
    """How many fit, looking through no more than SEARCHED."""
    ways, rest = _ways(filters)
    candidates = _nearest(ways, limit=SEARCHED + 1).subquery()
    searched = session.scalar(select(func.count()).select_from(candidates)) or 0
    if not rest:
        return Count(min(searched, SEARCHED), searched <= SEARCHED)
    fitting = _fitting(_nearest(ways, limit=SEARCHED), rest).subquery()
    number = session.scalar(select(func.count()).select_from(fitting)) or 0
    return Count(number, searched <= SEARCHED)


_COLUMNS: tuple[Any, ...] = (
    *(Attempt.id, Attempt.support_code, Attempt.started_at, Attempt.ended_at, Attempt.recovered_at),
    *(Attempt.outcome, Attempt.ended_by, Attempt.is_refused_start.label("is_refused_start")),
    *(Attempt.scope, Attempt.browser_family, Attempt.wechat_version, Site.title.label("site"), Site.name),
)


def _found(
    session: Session, filters: AttemptFilters, cursor: Sequence[Condition], *, is_backwards: bool
) -> list[AttemptRow]:
    """One more than fill a page, nearest to the cursor first."""
    ways, rest = _ways(filters, cursor)
    if not rest:
        return _rows(session, _nearest(ways, limit=SIZE + 1, is_backwards=is_backwards), is_backwards=is_backwards)
    # SQLite looks at all candidates before it sorts them: most pages are filled by the nearest few.
    for limit in (SEARCHED // 10, SEARCHED):
        fitting = _fitting(_nearest(ways, limit=limit, is_backwards=is_backwards), rest)
        nearest = fitting.selected_columns.id
        ids = fitting.order_by(nearest if is_backwards else nearest.desc()).limit(SIZE + 1)
        rows = _rows(session, ids, is_backwards=is_backwards)
        if len(rows) > SIZE:
            break
    return rows


def rows_of(session: Session, ids: Select[Any] | Sequence[int]) -> Sequence[AttemptRow]:
    """These attempts as a list shows them, newest first."""
    return _rows(session, ids, is_backwards=False)


def _rows(session: Session, found: Select[Any] | Sequence[int], *, is_backwards: bool) -> list[AttemptRow]:
    query = select(*_COLUMNS).outerjoin(Site, Site.id == Attempt.site_id).where(Attempt.id.in_(found))
    rows = session.execute(query.order_by(Attempt.id if is_backwards else Attempt.id.desc()))
    return [AttemptRow(*row) for row in rows]


def _last_searched(
    session: Session, filters: AttemptFilters, cursor: Sequence[Condition]
) -> tuple[int, datetime] | None:
    """The oldest attempt that the page has looked at, where there are older ones to look at."""
    ways, rest = _ways(filters, cursor)
    if not rest:
        return None
    candidates = _nearest(ways, limit=SEARCHED).subquery()
    searched, oldest = session.execute(select(func.count(), func.min(candidates.c.id))).one()
    if searched < SEARCHED:
        return None
    return oldest, session.execute(select(Attempt.started_at).where(Attempt.id == oldest)).scalar_one()


def _nearest(ways: Sequence[Sequence[Condition]], *, limit: int, is_backwards: bool = False) -> Select[Any]:
    """The ids nearest to the cursor, each way walking an index in its order."""

    def walk(query: Select[Any], column: Any) -> Select[Any]:
        return query.order_by(column if is_backwards else column.desc()).limit(limit)

    walks = [walk(select(Attempt.id).where(*way), Attempt.id) for way in ways]
    if len(walks) == 1:
        return walks[0]
    together = union_all(*(select(one.subquery().c.id) for one in walks)).subquery()
    return walk(select(together.c.id), together.c.id)


def _fitting(candidates: Select[Any], rest: Sequence[Condition]) -> Select[Any]:
    """The ids of those candidates that the rest holds for, each looked up by itself: offered a join, PostgreSQL would
    rather read the whole table."""
    candidate = candidates.subquery()
    fits = select(literal(1)).select_from(Attempt).where(Attempt.id == candidate.c.id, *rest)
    return select(candidate.c.id).where(fits.correlate(candidate).scalar_subquery() == 1)


def _ways(filters: AttemptFilters, cursor: Sequence[Condition] = ()) -> tuple[list[list[Condition]], list[Condition]]:
    """What the best index is walked for, in several ways where several sites are, and what is left to check."""
    conditions = _conditions(filters)
    driving = next((name for name in _DRIVERS if name in conditions), None)
    alternatives = [[*conditions.pop(driving)]] if driving else [[]]
    if driving is None and filters.among is not None:
        conditions.pop("among")
        alternatives = [[Attempt.site_id == site_id] for site_id in sorted(filters.among)] or [[false()]]
    bounds = [*cursor, *_bounds(filters)]
    return [[*way, *bounds] for way in alternatives], [one for some in conditions.values() for one in some]


# The rarest first: what they are filtered by has an index that ends in the id.
_DRIVERS = ("openid", "waiting", "code", "outcome", "site")


def _conditions(filters: AttemptFilters) -> dict[str, list[Condition]]:
    found: dict[str, list[Condition]] = {}
    if filters.openid is not None:
        # With every account named, the key (account, openid) answers it without a walk through all people.
        known = select(User.id).where(User.account_id.in_(select(Account.id)), User.openid == filters.openid, IS_KNOWN)
        found["openid"] = [Attempt.user_id.in_(known)]
    if filters.code is not None:
        found["code"] = [Attempt.ended_by == filters.code]
    found |= _outcome_conditions(filters.outcome)
    if filters.site_id is not None:
        found["site"] = [Attempt.site_id == filters.site_id]
    if filters.among is not None:
        found["among"] = [Attempt.site_id.in_(sorted(filters.among))]
    equal = {
        "account_id": filters.account_id,
        "scope": filters.scope,
        "browser_family": filters.browser_family,
        "ref": filters.ref,
        "ip": filters.ip,
    }
    found |= {name: [getattr(Attempt, name) == value] for name, value in equal.items() if value is not None}
    if filters.wechat_version is not None:
        found["version"] = [Attempt.wechat_version.startswith(filters.wechat_version, autoescape=True)]
    if filters.since is not None:
        found["since"] = [Attempt.started_at >= filters.since]
    if filters.until is not None:
        found["until"] = [Attempt.started_at < filters.until]
    return found


def _outcome_conditions(outcome: str | None) -> dict[str, list[Condition]]:
    if outcome is None:
        return {}
    if outcome == WAITING:
        # As a set of ids, so that its own small index is read and not the whole table in the order of ids.
        return {"waiting": [Attempt.id.in_(select(Attempt.id).where(Attempt.outcome.is_(None)))]}
    if outcome == Outcome.SUCCEEDED:
        return {"succeeded": [Attempt.outcome == outcome]}
    stored = Outcome.FAILED if outcome == REFUSED else outcome
    # The index is partial: SQLite uses it only where the query repeats its condition to the letter.
    conditions = {"outcome": [Attempt.outcome == stored, Attempt.outcome != literal_column("'succeeded'")]}
    if stored == Outcome.FAILED:
        is_refused: ColumnElement[bool] = Attempt.is_refused_start  # type: ignore[assignment]
        conditions["start"] = [is_refused if outcome == REFUSED else ~is_refused]
    return conditions


def _bounds(filters: AttemptFilters) -> list[Condition]:
    """The ids between which the attempts of the range lie."""
    bounds: list[Condition] = []
    if filters.since is not None:
        bounds.append(Attempt.id >= first_id_at(filters.since - _DRAWN_WITHIN))
    if filters.until is not None:
        bounds.append(Attempt.id < first_id_at(filters.until + _DRAWN_WITHIN))
    return bounds
