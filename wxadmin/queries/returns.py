"""Whether visitors still come back from WeChat: its own error pages, as of 10003 and 10005, are told to no gateway."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.orm import Session

from wxadmin.clock import hour_of
from wxadmin.ids import first_id_at
from wxadmin.models import Account, Attempt, Class, Event, LoginHour, Stage
from wxadmin.queries.hours import SiteIds, among
from wxadmin.queries.return_runs import FEWEST, LEAST_USUAL, Run, Start, enough, newest_run

SETTLED = timedelta(seconds=90)
"""Who comes back at all has mostly done so by then."""
USUAL_DAYS = 7
_OF_LATE = timedelta(hours=2)
_LOOKS_BACK = timedelta(days=7)
_EXACT = timedelta(minutes=1)
# So many starts say what is usual.
_KNOWN = 20
# How many starts are looked at for one look: of one site, and of all that are looked at together.
_OF_A_SITE, _OF_ALL, _SITES = 100, 3_000, 60


@dataclass(frozen=True, slots=True)
class Collapse:
    """Of the newest `started` starts, the first of them at `since`, hardly any came back, though `usual`, from 0 to 1,
    is the share that does, None where nobody knows yet. `account` and `scope` are None where it is so of all of them.
    """

    account: str | None
    scope: str | None
    since: datetime
    started: int
    returned: int
    usual: float | None


@dataclass(frozen=True, slots=True)
class _Group:
    """Starts that are judged together."""

    account_id: int | None
    scope: str | None
    site_ids: frozenset[int]

    def of(self, starts: Iterable[Start]) -> list[Start]:
        return [one for one in starts if one.site_id in self.site_ids and self.scope in (None, one.scope)]


def collapses(session: Session, now: datetime, site_ids: SiteIds) -> list[Collapse]:
    """By account, and by scope where the account's other scope still brings people back; all accounts together where
    none has enough starts by itself. What it costs has a bound, however many attempts there are."""
    sites = _sites_of_late(session, now, site_ids)
    starts = _newest(session, [site for found in sites.values() for site in found], now - SETTLED, now)
    titles = dict(session.execute(select(Account.id, Account.title)).all())
    told = [
        _told(session, group, starts, now, site_ids=site_ids)
        for account_id, found in sites.items()
        for group in _groups(account_id, frozenset(found), starts)
    ]
    if len(sites) > 1 and not any(told):
        everywhere = _Group(None, None, frozenset(site for found in sites.values() for site in found))
        told = [_told(session, everywhere, starts, now, site_ids=site_ids)]
    return [
        Collapse(titles.get(group.account_id or 0), group.scope, run.since, run.started, run.returned, usual)
        for group, run, usual in filter(None, told)
    ]


def _sites_of_late(session: Session, now: datetime, site_ids: SiteIds) -> dict[int, list[int]]:
    """Where logins begin, by account, those first of which most are not back; none where that is next to none."""
    ended = (LoginHour.succeeded, LoginHour.failed, LoginHour.denied, LoginHour.snapshot, LoginHour.duplicate)
    missing = LoginHour.started + LoginHour.recovered - sum(ended[1:], ended[0])
    query = (
        select(LoginHour.account_id, LoginHour.site_id, func.sum(missing))
        .where(LoginHour.hour >= hour_of(now - _OF_LATE), LoginHour.started > 0, among(LoginHour.site_id, site_ids))
        .group_by(LoginHour.account_id, LoginHour.site_id)
    )
    rows = session.execute(query).all()
    by_account: dict[int, int] = {}
    for account_id, _, number in rows:
        by_account[account_id] = by_account.get(account_id, 0) + number
    if sum(by_account.values()) < FEWEST:
        return {}
    found: dict[int, list[int]] = {}
    for account_id, site_id, _ in sorted(rows, key=lambda row: (-by_account[row[0]], row[0]))[:_SITES]:
        found.setdefault(account_id, []).append(site_id)
    return found


def _newest(session: Session, sites: Sequence[int], before: datetime, now: datetime) -> list[Start]:
    """The newest starts before a moment that sent somebody to WeChat, so many of each site, newest first."""
    if not sites:
        return []
    limit = min(_OF_A_SITE, _OF_ALL // len(sites))
    looks = [_of_a_site(site_id, before, now - _LOOKS_BACK, limit) for site_id in sites]
    query = union_all(*(select(*look.subquery().c) for look in looks)) if len(looks) > 1 else looks[0]
    return sorted((Start(*row) for row in session.execute(query) if row.is_sent), key=lambda one: -one.id)


def _of_a_site(site_id: int, before: datetime, after: datetime, limit: int) -> Select[Any]:
    is_back, is_sent = Attempt.returned_at.is_not(None), Attempt.state_hash.is_not(None)
    return (
        select(Attempt.id, Attempt.site_id, Attempt.scope, Attempt.started_at, is_back.label("is_back"))
        .add_columns(is_sent.label("is_sent"))
        .where(Attempt.site_id == site_id, Attempt.id < first_id_at(before), Attempt.id >= first_id_at(after))
        .order_by(Attempt.id.desc())
        .limit(limit)
    )


def _groups(account_id: int, sites: frozenset[int], starts: Sequence[Start]) -> Iterator[_Group]:
    """The account as a whole, or its scopes of which nobody comes back while somebody does of another."""
    whole = _Group(account_id, None, sites)
    scopes = [_Group(account_id, scope, sites) for scope in sorted({one.scope for one in whole.of(starts)})]
    runs = {group: run for group in scopes if (run := newest_run(group.of(starts)))}
    first = min((run.since for run in runs.values()), default=None)
    if first and any(one.is_back and one.at >= first for one in whole.of(starts)) and len(runs) < len(scopes):
        yield from runs
    else:
        yield whole


def _told(
    session: Session, group: _Group, starts: Sequence[Start], now: datetime, *, site_ids: SiteIds
) -> tuple[_Group, Run, float | None] | None:
    """The group's run of starts that nobody came back from, where there is one that chance does not explain."""
    known = group.of(starts)
    if newest_run(known) is None:
        return None
    known = _with_lost_cookies(session, known)
    run = newest_run(known)
    if run is None or now - known[0].at > _OF_LATE:
        return None
    since, before = _began(session, group, known, now)
    usual = _usual(session, group, since, before, site_ids=site_ids)
    if run.score < enough(usual):
        return None
    return group, Run(since, run.started, run.returned), usual


def _with_lost_cookies(session: Session, starts: Sequence[Start]) -> list[Start]:
    """Those back too whose browser came without the cookie, which changes nothing in their attempt."""
    missed = [one.id for one in starts if not one.is_back][:_OF_A_SITE]
    query = select(Event.attempt_id).where(
        Event.attempt_id.in_(missed), Event.stage == Stage.RETURN, Event.event_class != Class.ABANDONED
    )
    back = set(session.scalars(query))
    return [one._replace(is_back=one.is_back or one.id in back) for one in starts]


def _began(session: Session, group: _Group, known: Sequence[Start], now: datetime) -> tuple[datetime, Sequence[Start]]:
    """When the newest run began, and the starts right before it. Where it fills all that was looked at, looks are taken
    further and further back, then nearer again, until the moment is known to the minute."""
    run = newest_run(known)
    assert run is not None
    late, early, stride = run, None, _EXACT
    while late.started == len(known) and (early is None or late.since - early > _EXACT):
        at = late.since - stride if early is None else early + (late.since - early) / 2
        if at < now - _LOOKS_BACK:
            break
        stride *= 2
        looked = group.of(_newest(session, sorted(group.site_ids), at, now))
        found = newest_run(looked)
        if found is None:
            early = at
        else:
            late, known = found, looked
    return late.since, known[late.started :]


def _usual(
    session: Session, group: _Group, since: datetime, before: Sequence[Start], *, site_ids: SiteIds
) -> float | None:
    """The share that came back in the seven days before. Where few had begun, that of all sites stands in for it."""
    end = hour_of(since)
    of_scope = (LoginHour.scope == group.scope,) if group.scope else ()
    started, back = _history(session, end, among(LoginHour.site_id, group.site_ids), *of_scope)
    # Of the hour in which it began, only those are known that were looked at.
    same_hour = [one.is_back for one in before if one.at >= end]
    started, back = started + len(same_hour), back + sum(same_hour)
    others = _history(session, end, among(LoginHour.site_id, site_ids)) if started < _KNOWN else (0, 0)
    if not started + others[0]:
        return None
    expected = others[1] / others[0] if others[0] >= _KNOWN else LEAST_USUAL
    return (back + 2 * expected) / (started + 2)


def _history(session: Session, end: datetime, *conditions: ColumnElement[bool]) -> tuple[int, int]:
    """How many began in the seven days before, and how many of them came back."""
    started, abandoned = (func.coalesce(func.sum(column), 0) for column in (LoginHour.started, LoginHour.abandoned))
    query = select(started, abandoned).where(
        LoginHour.hour >= end - timedelta(days=USUAL_DAYS), LoginHour.hour < end, *conditions
    )
    begun, lost = map(int, session.execute(query).one())
    return begun, begun - lost
