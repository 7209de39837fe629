"""Which users are asked for: the filters of list, file and command line, read once and for all of them alike."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.database.csv_cells import constant
from wxadmin.errors import BadValue, NoSuchAccount, NoSuchList, NoSuchSite
from wxadmin.ids import first_id_at
from wxadmin.models import IS_KNOWN, Account, Site, Token, TokenState, User
from wxadmin.queries import uploaded
from wxadmin.queries.token_states import TokenHealth, health
from wxadmin.queries.uploaded import ListTold
from wxadmin.queries.user_ways import came_through

_LONGEST = 128

_GREATEST_ID = 2**63 - 1
_MOST_LOGINS = 2_000_000_000


class GrantedScope(StrEnum):
    SILENT = "silent"
    EXPLICIT = "explicit"


class UnionidKnown(StrEnum):
    """Whether WeChat has told it: no part of what it is."""

    KNOWN = "known"
    UNKNOWN = "unknown"


class Contact(StrEnum):
    """Whether they may be contacted, or are not to be (勿扰)."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilters:
    """What was typed, checked; days are of the zone, both ends included. Account and site go by their names.

    `came_from` and `came_to` are of logins through the site and channel that are asked for; through any, where none is.
    """

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
    came_from: date | None = None
    came_to: date | None = None
    # When the consent to be asked for the profile ends, of those whose consent lives.
    consent_from: date | None = None
    consent_to: date | None = None
    logins_min: int | None = None
    logins_max: int | None = None
    unionid: UnionidKnown | None = None
    contact: Contact | None = None
    # Ids of uploaded lists.
    only: int | None = None
    without: int | None = None

    @classmethod
    def read(cls, values: Mapping[str, str | None]) -> Self:
        """From a query string or options; names that are not filters are passed over. Raises BadValue."""
        typed = {field.name: (values.get(field.name) or "").strip() for field in fields(cls)}
        return cls(**{name: _READERS.get(name, _text)(name, text) for name, text in typed.items() if text})  # type: ignore[arg-type]

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in fields(cls)]

    @property
    def to_contact(self) -> Self:
        """The same without those who are not to be contacted, unless it is said already which of them are meant."""
        return self if self.contact else replace(self, contact=Contact.ALLOWED)

    @property
    def left_out(self) -> Self | None:
        """Whom that leaves out; None where nobody is."""
        return None if self.contact is Contact.BLOCKED else replace(self, contact=Contact.BLOCKED)

    @property
    def given(self) -> dict[str, str]:
        """The filters that are set, as a query string has them."""
        return {name: str(value) for name, value in asdict(self).items() if value is not None}


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


def _unionid(name: str, text: str) -> UnionidKnown:
    return UnionidKnown(_one_of(name, text, UnionidKnown))


def _contact(name: str, text: str) -> Contact:
    return Contact(_one_of(name, text, Contact))


def _list_id(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= _GREATEST_ID):
        raise BadValue(f"{name} is the number of an uploaded list")
    return int(text)


def _logins(name: str, text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_LOGINS))
    if not is_number or not 1 <= int(text) <= _MOST_LOGINS:
        raise BadValue(f"{name} is a whole number from 1 to {_MOST_LOGINS:,}")
    return int(text)


_DAYS = ("first_from", "first_to", "last_from", "last_to", "came_from", "came_to", "consent_from", "consent_to")
_READERS = {
    "scope": _scope,
    "token": _token,
    "unionid": _unionid,
    "contact": _contact,
    "only": _list_id,
    "without": _list_id,
    **dict.fromkeys(_DAYS, _day),
    **dict.fromkeys(("logins_min", "logins_max"), _logins),
}


def conditions(filters: UserFilters, zone: ZoneInfo, *, by_id: bool = False) -> list[ColumnElement[bool]]:
    """All filters but `q` and lists, for a query over User, which leaves tombstones out; with `by_id` for one that goes
    through users in the order of ids."""
    found = [IS_KNOWN, *_by_days(filters, zone)]
    if by_id:
        found += _by_ids_of_days(filters, zone)
    if filters.account:
        account_id = select(Account.id).where(Account.name == filters.account).scalar_subquery()
        # Reckoned with, the column offers no index: by that of openids a whole account would be read and sorted.
        found.append(User.account_id + 0 == account_id)
    if filters.site or filters.channel or filters.came_from or filters.came_to:
        since = _midnight(filters.came_from, zone) if filters.came_from else None
        until = _midnight(filters.came_to, zone, days=1) if filters.came_to else None
        found.append(came_through(filters.site, filters.channel, since=since, until=until))
    if filters.scope:
        found.append(User.granted_userinfo.is_(filters.scope is GrantedScope.EXPLICIT))
    if filters.token:
        found.append(_has_token(filters.token))
    if filters.logins_min:
        found.append(User.logins >= filters.logins_min)
    if filters.logins_max:
        found.append(User.logins <= filters.logins_max)
    if filters.unionid:
        # Reckoned with, it offers no index either, by which all who have one would be read and sorted.
        unionid = User.unionid + constant("")
        found.append(unionid.is_not(None) if filters.unionid is UnionidKnown.KNOWN else unionid.is_(None))
    if filters.contact:
        # Nor does this one, whose index is for those who are found beforehand because they are few.
        blocked_at = func.coalesce(User.blocked_at, User.blocked_at)
        found.append(blocked_at.is_not(None) if filters.contact is Contact.BLOCKED else blocked_at.is_(None))
    return found


# Looked up for one user at a time, as in user_ways.py.
def _has_token(state: TokenHealth) -> ColumnElement[bool]:
    of_user = select(health(utcnow())).where(Token.user_id == User.id).correlate(User).scalar_subquery()
    return func.coalesce(of_user, TokenHealth.NONE.value) == state.value


def _consent_ends(filters: UserFilters, zone: ZoneInfo) -> ColumnElement[bool]:
    ends = Token.refresh_expires_at
    living = select(Token.user_id).where(
        Token.user_id == User.id,
        Token.state == TokenState.ACTIVE,
        Token.scope.contains("snsapi_userinfo"),
        ends >= _midnight(filters.consent_from, zone) if filters.consent_from else true(),
        ends < _midnight(filters.consent_to, zone, days=1) if filters.consent_to else true(),
    )
    return living.correlate(User).limit(1).scalar_subquery().is_not(None)


def _by_days(filters: UserFilters, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.consent_from or filters.consent_to:
        found.append(_consent_ends(filters, zone))
    if filters.first_from:
        found.append(User.first_seen_at >= _midnight(filters.first_from, zone))
    if filters.first_to:
        found.append(User.first_seen_at < _midnight(filters.first_to, zone, days=1))
    if filters.last_from:
        found.append(User.last_login_at >= _midnight(filters.last_from, zone))
    if filters.last_to:
        found.append(User.last_login_at < _midnight(filters.last_to, zone, days=1))
    return found


# Ids are drawn as users are stored, moments after their first logins. Clocks are not set back by more.
_SLACK = timedelta(days=1)


def _by_ids_of_days(filters: UserFilters, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    """Where in the order of ids the days of first logins lie, so that nobody is looked at who came months before."""
    found: list[ColumnElement[bool]] = []
    if filters.first_from:
        found.append(User.id >= _first_id_at(_midnight(filters.first_from, zone) - _SLACK))
    if filters.first_to:
        found.append(User.id < _first_id_at(_midnight(filters.first_to, zone, days=1) + _SLACK))
    return found


def _first_id_at(at: datetime) -> int:
    # Days may be asked for that lie beyond the last id.
    return min(first_id_at(at), _GREATEST_ID)


def _midnight(day: date, zone: ZoneInfo, *, days: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=days), time(), zone)


@dataclass(frozen=True, slots=True)
class Choices:
    """What accounts and sites there are to filter by, name and title; and uploaded lists, by their ids as text."""

    accounts: Mapping[str, str]
    sites: Mapping[str, str]
    lists: Mapping[str, ListTold] = field(default_factory=dict)


def choices(session: Session, filters: UserFilters) -> Choices:
    """Those that are switched off too: their users are still there. Raises NoSuchAccount, NoSuchSite and NoSuchList
    where the filters name another."""
    accounts = session.execute(select(Account.name, Account.title).order_by(Account.name))
    sites = session.execute(select(Site.name, Site.title).order_by(Site.name))
    lists = {str(one.id): uploaded.told(one) for one in uploaded.ready(session)}
    found = Choices({row.name: row.title for row in accounts}, {row.name: row.title for row in sites}, lists)
    if filters.account and filters.account not in found.accounts:
        raise NoSuchAccount(filters.account)
    if filters.site and filters.site not in found.sites:
        raise NoSuchSite(filters.site)
    if any(str(one) not in lists for one in (filters.only, filters.without) if one is not None):
        raise NoSuchList
    return found
