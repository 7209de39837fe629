"""Which users are asked for: the filters of list, file and command line, read once and for all of them alike."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchAccount, NoSuchSite
from wxadmin.models import IS_KNOWN, Account, Site, Token, User, UserChannel
from wxadmin.queries.token_states import TokenHealth, health

_LONGEST = 128


class GrantedScope(StrEnum):
    SILENT = "silent"
    EXPLICIT = "explicit"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilters:
    """What was typed, checked; days are of the zone, both ends included. Account and site go by their names."""

    q: str | None = None
    account: str | None = None
    site: str | None = None
    channel: str | None = None
    scope: GrantedScope | None = None
    token: TokenHealth | None = None
    first_from: date | None = None
    first_to: date | None = None
    last_from: date | None = None
    last_to: date | None = None

    @classmethod
    def read(cls, values: Mapping[str, str | None]) -> Self:
        """From a query string or options; names that are not filters are passed over. Raises BadValue."""
        typed = {field.name: (values.get(field.name) or "").strip() for field in fields(cls)}
        return cls(**{name: _READERS.get(name, _text)(name, text) for name, text in typed.items() if text})  # type: ignore[arg-type]

    @property
    def given(self) -> dict[str, str]:
        """The filters that are set, as a query string has them."""
        return {name: str(value) for name, value in asdict(self).items() if value is not None}

    @property
    def looks_at_rows(self) -> bool:
        """Whether something is asked that the order of logins does not answer, so that rows are passed over."""
        return bool(self.given.keys() - {"last_from", "last_to"})


def _text(name: str, text: str) -> str:
    if "\0" in text or len(text) > _LONGEST:
        raise BadValue(f"{name} has at most {_LONGEST} characters, and no NUL")
    return text


def _scope(name: str, text: str) -> GrantedScope:
    return GrantedScope(_one_of(name, text, GrantedScope))


def _token(name: str, text: str) -> TokenHealth:
    return TokenHealth(_one_of(name, text, TokenHealth))


def _one_of(name: str, text: str, choices: type[StrEnum]) -> str:
    if text not in set(choices):
        raise BadValue(f"{name} is one of {', '.join(choices)}")
    return text


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadValue(f"{name} is a day, as 2026-11-20") from None
    # Beyond them lie moments that a time zone carries out of the calendar.
    if not 2000 <= day.year < 2999:
        raise BadValue(f"{name} is a day between the years 2000 and 2998")
    return day


_DAYS = ("first_from", "first_to", "last_from", "last_to")
_READERS = {"scope": _scope, "token": _token, **dict.fromkeys(_DAYS, _day)}


def conditions(filters: UserFilters, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    """All filters but `q`, for a query over User, which leaves tombstones out."""
    found = [IS_KNOWN, *_by_days(filters, zone)]
    if filters.account:
        account_id = select(Account.id).where(Account.name == filters.account).scalar_subquery()
        # Reckoned with, the column offers no index: by that of openids a whole account would be read and sorted.
        found.append(User.account_id + 0 == account_id)
    if filters.site or filters.channel:
        found.append(_came_through(filters.site, filters.channel))
    if filters.scope:
        found.append(User.granted_userinfo.is_(filters.scope is GrantedScope.EXPLICIT))
    if filters.token:
        found.append(_has_token(filters.token))
    return found


# Both look something up for one user at a time, by its key. Offered a join, PostgreSQL would rather read the whole
# table, however few users are looked at.


def _came_through(site: str | None, channel: str | None) -> ColumnElement[bool]:
    came = select(UserChannel.user_id).where(UserChannel.user_id == User.id)
    if site:
        came = came.where(UserChannel.site_id == select(Site.id).where(Site.name == site).scalar_subquery())
    if channel:
        came = came.where(UserChannel.channel == channel)
    return came.correlate(User).limit(1).scalar_subquery().is_not(None)


def _has_token(state: TokenHealth) -> ColumnElement[bool]:
    of_user = select(health(utcnow())).where(Token.user_id == User.id).correlate(User).scalar_subquery()
    return func.coalesce(of_user, TokenHealth.NONE.value) == state.value


def _by_days(filters: UserFilters, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.first_from:
        found.append(User.first_seen_at >= _midnight(filters.first_from, zone))
    if filters.first_to:
        found.append(User.first_seen_at < _midnight(filters.first_to, zone, days=1))
    if filters.last_from:
        found.append(User.last_login_at >= _midnight(filters.last_from, zone))
    if filters.last_to:
        found.append(User.last_login_at < _midnight(filters.last_to, zone, days=1))
    return found


def _midnight(day: date, zone: ZoneInfo, *, days: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=days), time(), zone)


@dataclass(frozen=True, slots=True)
class Choices:
    """What accounts and sites there are to filter by: name and title."""

    accounts: Mapping[str, str]
    sites: Mapping[str, str]


def choices(session: Session, filters: UserFilters) -> Choices:
    """Those that are switched off too: their users are still there. Raises NoSuchAccount and NoSuchSite where the
    filters name another."""
    accounts = session.execute(select(Account.name, Account.title).order_by(Account.name))
    sites = session.execute(select(Site.name, Site.title).order_by(Site.name))
    found = Choices({row.name: row.title for row in accounts}, {row.name: row.title for row in sites})
    if filters.account and filters.account not in found.accounts:
        raise NoSuchAccount(filters.account)
    if filters.site and filters.site not in found.sites:
        raise NoSuchSite(filters.site)
    return found
