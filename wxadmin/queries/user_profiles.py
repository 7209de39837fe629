"""One user: profile, consents, token, where they came through, and everything that happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.models import IS_KNOWN, Account, Attempt, Event, Site, Token, User, UserChannel
from wxadmin.models.account import is_sample_appid
from wxadmin.queries import user_grants
from wxadmin.queries.masking import Field, Masks
from wxadmin.queries.token_states import TokenHealth, health
from wxadmin.queries.user_grants import UserGrants

Rows = Sequence[Row[*tuple[Any, ...]]]

_MOST = 100


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """A token without its values."""

    health: TokenHealth
    expires_at: datetime
    refresh_expires_at: datetime
    refreshed_at: datetime | None
    next_refresh_at: datetime
    failures: int
    last_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user, with as much of them as is shown to whoever asks."""

    id: int
    openid: str | None
    unionid: str | None
    nickname: str | None
    headimgurl: str | None
    granted_userinfo: bool
    profile_at: datetime | None
    first_seen_at: datetime
    last_login_at: datetime
    logins: int
    last_ref: str | None
    blocked_at: datetime | None
    blocked_by: str | None
    blocked_why: str | None


@dataclass(frozen=True, slots=True)
class UserProfile:
    """`clear_until` is set where they are shown in the clear for a while."""

    user: Person
    account: str
    account_name: str
    token: TokenFacts | None
    grants: UserGrants
    others: Rows
    channels: Rows
    clear_until: datetime | None = None
    # Whether WeChat has never heard of them.
    is_sample: bool = False


def find(session: Session, user_id: int, *, masks: Masks) -> UserProfile | None:
    """The user, if there is one with this id who has not been forgotten."""
    found = session.execute(
        select(User, Account.title, Account.name, Account.appid)
        .join(Account, Account.id == User.account_id)
        .where(User.id == user_id, IS_KNOWN)
    ).one_or_none()
    if found is None:
        return None
    user, account, account_name, appid = found
    of_them = masks.about(user_id)
    return UserProfile(
        _person(user, of_them),
        account,
        account_name,
        _token(session, user_id),
        user_grants.find(session, user),
        _others(session, user, masks),
        _channels(session, user_id, of_them),
        masks.revealed_until(user_id),
        is_sample_appid(appid),
    )


def _person(user: User, masks: Masks) -> Person:
    return Person(
        id=user.id,
        openid=masks.shown(Field.OPENID, user.openid),
        unionid=masks.shown(Field.UNIONID, user.unionid),
        nickname=masks.shown(Field.NICKNAME, user.nickname),
        headimgurl=masks.shown(Field.AVATAR, user.headimgurl),
        granted_userinfo=user.granted_userinfo,
        profile_at=user.profile_at,
        first_seen_at=user.first_seen_at,
        last_login_at=user.last_login_at,
        logins=user.logins,
        last_ref=masks.shown(Field.REF, user.last_ref),
        blocked_at=user.blocked_at,
        blocked_by=user.blocked_by,
        blocked_why=user.blocked_why,
    )


@dataclass(frozen=True, slots=True)
class EventPage:
    """Newest first; the ids to begin the neighbouring pages with."""

    rows: Rows
    newer: int | None
    older: int | None


def events(
    session: Session, user_id: int, *, below: int | None = None, above: int | None = None, size: int = 50
) -> EventPage:
    """One page of what happened to the user: logins and refreshes, each with its attempt's support code."""
    if above is not None:
        rows = session.execute(_of(user_id).where(Event.id > above).order_by(Event.id).limit(size + 1)).all()
        if len(rows) > size:
            shown = rows[size - 1 :: -1]
            return EventPage(shown, newer=shown[0].id, older=shown[-1].id)
        below = None
    query = _of(user_id).order_by(Event.id.desc()).limit(size + 1)
    if below is not None:
        query = query.where(Event.id < below)
    rows = session.execute(query).all()
    shown = rows[:size]
    newer = (shown[0].id if shown else below - 1) if below is not None else None
    return EventPage(shown, newer=newer, older=shown[-1].id if len(rows) > size else None)


def _of(user_id: int) -> Any:
    columns = (Event.id, Event.at, Event.stage, Event.event_class, Event.code, Event.errmsg, Event.duration_ms)
    return (
        select(*columns, Event.rid, Attempt.support_code, Site.title.label("site"))
        .outerjoin(Attempt, Attempt.id == Event.attempt_id)
        .outerjoin(Site, Site.id == Event.site_id)
        .where(Event.user_id == user_id)
    )


def _token(session: Session, user_id: int) -> TokenFacts | None:
    columns = (Token.expires_at, Token.refresh_expires_at, Token.refreshed_at, Token.next_refresh_at)
    row = session.execute(
        select(health(utcnow()), *columns, Token.failures, Token.last_code).where(Token.user_id == user_id)
    ).one_or_none()
    return TokenFacts(TokenHealth(row[0]), *row[1:]) if row else None


def _others(session: Session, user: User, masks: Masks) -> Rows:
    if user.unionid is None:
        return []
    openid = masks.column(Field.OPENID, User.openid).label("openid")
    nickname = masks.column(Field.NICKNAME, User.nickname).label("nickname")
    columns = (User.granted_userinfo, User.first_seen_at, User.last_login_at, Account.title.label("account"))
    query = select(User.id, openid, nickname, *columns)
    query = query.add_columns(Account.name.label("account_name"))
    query = query.join(Account, Account.id == User.account_id).where(User.unionid == user.unionid, User.id != user.id)
    return session.execute(query.order_by(User.last_login_at.desc()).limit(_MOST)).all()


def _channels(session: Session, user_id: int, masks: Masks) -> Rows:
    columns = (UserChannel.channel, UserChannel.first_at, UserChannel.last_at, UserChannel.logins)
    ref = masks.column(Field.REF, UserChannel.last_ref).label("last_ref")
    query = select(*columns, ref, Site.title.label("site"), Site.name.label("site_name")).join(
        Site, Site.id == UserChannel.site_id
    )
    query = query.where(UserChannel.user_id == user_id).order_by(UserChannel.last_at.desc()).limit(_MOST)
    return session.execute(query).all()
