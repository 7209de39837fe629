"""The list of users: its pages and its count, within a page's budget."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.models import Account, Site, Token, User
from wxadmin.queries.keyset import Place
from wxadmin.queries.masking import Field, Masks
from wxadmin.queries.read_budget import ReadBudget
from wxadmin.queries.token_states import TokenHealth, health
from wxadmin.queries.user_filters import UserFilters
from wxadmin.queries.user_orders import Means, Sort
from wxadmin.queries.wanted_users import Wanted, selected, wanted

COUNTED_TO = 10_000
# So many users at most are looked through for one page or count, however quick the machine.
LOOKED_THROUGH = 50_000

_LOOK = {False: Means.LOOK, True: Means.LOOK}
# Whether the order is by first login, then the means.
OFFERED: Mapping[str, Mapping[bool, Means]] = {
    # Where no index knows it as an id, it is a nickname, which is looked for.
    "q": {False: Means.KEY, True: Means.KEY},
    "account": _LOOK,
    "site": _LOOK,
    "channel": _LOOK,
    "scope": _LOOK,
    # Those whose consent has ended are found by an index while they are few.
    "token": _LOOK,
    "first_from": {False: Means.LOOK, True: Means.STRETCH},
    "first_to": {False: Means.LOOK, True: Means.STRETCH},
    "last_from": {False: Means.STRETCH, True: Means.LOOK},
    "last_to": {False: Means.STRETCH, True: Means.LOOK},
    "came_from": _LOOK,
    "came_to": _LOOK,
    "consent_from": _LOOK,
    "consent_to": _LOOK,
    # No list is sorted by it: its index would be written at every login, on SQLite too.
    "logins_min": _LOOK,
    "logins_max": _LOOK,
    "unionid": _LOOK,
    # Those who are not to be contacted, and those of a short list, are found by an index while they are few.
    "contact": _LOOK,
    "only": _LOOK,
    "without": _LOOK,
}
"""Every filter in every order, both ways round: all are offered, and all combine. What is masked is no order."""


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as the list shows them; `site` and `channel` are those of the last login."""

    id: int
    openid: str
    unionid: str | None
    nickname: str | None
    ref: str | None
    granted_userinfo: bool
    token: TokenHealth
    account: str
    account_name: str
    site: str
    site_name: str
    channel: str | None
    first_seen_at: datetime
    last_login_at: datetime
    logins: int
    blocked_at: datetime | None


@dataclass(frozen=True, slots=True)
class UserPage:
    """`before` and `after` are where the neighbouring pages of the list begin. `is_cut` where the page ends because the
    budget did, not because it is full; then so many users were `looked` through, up to `reached`. Of a full page
    `looked` may be less than that."""

    rows: Sequence[UserRow]
    before: Place | None
    after: Place | None
    is_cut: bool = False
    looked: int = 0
    reached: datetime | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """`is_all` is False where there are more, or may be more among users that were not looked through; `looked` says
    through how many the count has looked, and `reached` how far, where that is why."""

    number: int
    is_all: bool
    looked: int = 0
    reached: datetime | None = None


def page(
    session: Session,
    filters: UserFilters,
    zone: ZoneInfo,
    *,
    masks: Masks,
    sort: Sort = Sort.LAST_LOGIN_NEWEST,
    after: Place | None = None,
    before: Place | None = None,
    size: int = 50,
    budget: ReadBudget | None = None,
) -> UserPage:
    """One page; the first one unless it begins `after` a place, or ends `before` one."""
    asked = wanted(session, filters, zone, masks, sort)
    budget = budget or ReadBudget()
    if before:
        met = _gathered(session, asked, before, size, budget=budget, back=True)
        found = _page_before(asked, met, before, size)
        # Where less than a page is before it, the list's first page is meant.
        if found.before:
            return found
    begin = None if before else after
    return _page_after(asked, _gathered(session, asked, begin, size, budget=budget), begin, size)


def count(
    session: Session,
    filters: UserFilters,
    zone: ZoneInfo,
    *,
    masks: Masks,
    sort: Sort = Sort.LAST_LOGIN_NEWEST,
    beyond: UserPage | None = None,
    budget: ReadBudget | None = None,
) -> Count:
    """How many users the filters leave, at most COUNTED_TO of them, as far as the budget lasts. Nobody is looked at
    again who is on the first page, where that is at hand and given as `beyond`."""
    number, looked, begin = (len(beyond.rows), beyond.looked, beyond.after) if beyond else (0, 0, None)
    if beyond and beyond.is_cut:
        return Count(number, False, looked, beyond.reached)
    if beyond and begin is None:
        return Count(number, is_all=True)
    asked = wanted(session, filters, zone, masks, sort)
    for stretch in _stretches(session, asked, begin, budget or ReadBudget()):
        capped = stretch.of(select(User.id).where(*asked.where)).limit(max(0, COUNTED_TO + 1 - number))
        number += session.scalar(select(func.count()).select_from(capped.subquery())) or 0
        if number > COUNTED_TO:
            return Count(COUNTED_TO, is_all=False)
        looked, begin = looked + stretch.length, stretch.end
    return Count(number, begin is None, looked if begin else 0, begin.at if begin else None)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Users next to each other in the order: beyond `begin`, up to `end`, or up to the list's end."""

    asked: Wanted
    begin: Place | None
    end: Place | None
    length: int
    back: bool

    def of(self, query: Select[Any]) -> Select[Any]:
        order = self.asked.sort.order
        if self.begin:
            query = query.where(order.beyond(self.begin, back=self.back))
        return query.where(order.within(self.end, back=self.back)) if self.end else query


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Rows in the order in which they were met, one more than a page where there are so many; `end` is how far was
    looked, where the budget ended before."""

    rows: list[UserRow]
    end: Place | None
    looked: int


def _gathered(
    session: Session, asked: Wanted, begin: Place | None, size: int, *, budget: ReadBudget, back: bool = False
) -> _Gathered:
    rows: list[UserRow] = []
    looked, end = 0, None
    for stretch in _stretches(session, asked, begin, budget, back=back):
        query = stretch.of(_rows(asked)).order_by(*asked.sorted(back=back))
        rows += _read(session, query.limit(size + 1 - len(rows)))
        if len(rows) > size:
            return _Gathered(rows, None, looked)
        looked, end = looked + stretch.length, stretch.end
    return _Gathered(rows, end, looked)


def _stretches(
    session: Session, asked: Wanted, begin: Place | None, budget: ReadBudget, *, back: bool = False
) -> Iterator[_Stretch]:
    """As many as the budget pays for; one with all that there is, where nobody is passed over."""
    if not _passes_over(asked):
        yield _Stretch(asked, begin, None, 0, back)
        return
    for length in budget.windows(LOOKED_THROUGH):
        end = _end_of(session, asked, begin, length, back=back)
        yield _Stretch(asked, begin, end, length, back)
        if end is None:
            return
        begin = end


def _passes_over(asked: Wanted) -> bool:
    """Whether something is asked that neither an index nor the order itself answers."""
    by_first = asked.sort.is_by_first_login
    means = {OFFERED[name][by_first] for name in asked.filters.given}
    # Few who were found beforehand are few, whatever else is asked.
    return not asked.are_few and bool(means - {Means.STRETCH})


def _end_of(session: Session, asked: Wanted, begin: Place | None, length: int, *, back: bool) -> Place | None:
    """The last user of so many, going from the place; None where no more are left."""
    order = asked.sort.order
    ahead = select(order.at, order.id)
    if begin:
        ahead = ahead.where(order.beyond(begin, back=back))
    # This offset counts index entries up to a fixed number; it is no page number, which would grow.
    ahead = ahead.order_by(*order.sorted(order.columns, back=back)).offset(length - 1).limit(2)
    rows = session.execute(ahead).all()
    return Place(*rows[0]) if len(rows) == 2 else None


def _page_after(asked: Wanted, found: _Gathered, begin: Place | None, size: int) -> UserPage:
    shown, is_full = found.rows[:size], len(found.rows) > size
    return UserPage(
        shown,
        before=(_place(shown[0], asked) if shown else begin) if begin else None,
        after=_place(shown[-1], asked) if is_full else found.end,
        **_cut(found),
    )


def _page_before(asked: Wanted, found: _Gathered, begin: Place, size: int) -> UserPage:
    shown, is_full = found.rows[:size][::-1], len(found.rows) > size
    return UserPage(
        shown,
        before=_place(shown[0], asked) if is_full else found.end,
        after=_place(shown[-1], asked) if shown else begin,
        **_cut(found),
    )


def _cut(found: _Gathered) -> dict[str, Any]:
    if found.end is None:
        return {"looked": found.looked}
    return {"is_cut": True, "looked": found.looked, "reached": found.end.at}


def _place(row: UserRow, asked: Wanted) -> Place:
    return Place(row.first_seen_at if asked.sort.is_by_first_login else row.last_login_at, row.id)


def _rows(asked: Wanted) -> Select[Any]:
    columns = [
        User.id,
        asked.masks.column(Field.OPENID, User.openid).label("openid"),
        asked.masks.column(Field.UNIONID, User.unionid).label("unionid"),
        asked.masks.column(Field.NICKNAME, User.nickname).label("nickname"),
        asked.masks.column(Field.REF, User.last_ref).label("ref"),
        User.granted_userinfo,
        health(utcnow()).label("token"),
        Account.title.label("account"),
        Account.name.label("account_name"),
        Site.title.label("site"),
        Site.name.label("site_name"),
        User.last_channel.label("channel"),
        User.first_seen_at,
        User.last_login_at,
        User.logins,
        User.blocked_at,
    ]
    return selected(columns, asked).outerjoin(Token, Token.user_id == User.id)


def _read(session: Session, query: Select[Any]) -> list[UserRow]:
    return [UserRow(**{**row, "token": TokenHealth(row["token"])}) for row in session.execute(query).mappings()]
