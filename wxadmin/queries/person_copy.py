"""“个人信息副本”: everything that the database has about one person, as one document for that person.

Nothing is masked, since it is theirs. Values of tokens and hashes are left out: they are the gateway's secrets and say
nothing of anybody. What staff wrote down about a login of theirs is about them and stands in it, without its author.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Row, select
from sqlalchemy.orm import Session

from wxadmin import support_codes
from wxadmin.models import Account, Attempt, AttemptNote, Event, Site, Token, User, UserChannel
from wxadmin.queries import uploaded

_MOST_ATTEMPTS = 20_000
_MOST_EVENTS = 100_000
_AT_ONCE = 500
_PROFILE = ("openid", "unionid", "nickname", "headimgurl", "language", "profile_at")
_CAME = ("first_seen_at", "last_login_at", "logins", "last_channel", "last_ref")
_TOKEN = ("scope", "expires_at", "refresh_expires_at", "next_refresh_at", "refreshed_at", "state", "last_code")
_CHANNEL = ("channel", "first_at", "last_at", "logins", "last_ref")
_ATTEMPT = (
    *("support_code", "scope", "scope_granted", "lang", "return_url", "nonce", "channel", "ref"),
    *("browser_family", "wechat_version", "ip", "started_at", "returned_at", "exchanged_at", "ended_at"),
    *("redeemed_at", "recovered_at", "outcome", "ended_by"),
)
_EVENT = ("at", "stage", "event_class", "code", "errmsg", "rid", "http_status", "duration_ms", "outcome")

Document = dict[str, Any]
Rows = Sequence[Row[*tuple[Any, ...]]]


def of_users(session: Session, user_ids: Sequence[int], *, at: datetime) -> Document:
    """A document of plain values, moments in UTC; a part for each user, who is there and the same person's."""
    return {
        "document": "wxadmin personal data",
        "made_at": at.isoformat(),
        "identities": [_identity(session, user_id) for user_id in user_ids],
    }


def _identity(session: Session, user_id: int) -> Document:
    user = session.get_one(User, user_id)
    account = session.get_one(Account, user.account_id)
    site = session.get(Site, user.last_site_id)
    attempts, events = _attempts(session, user_id), _events(session, user_id)
    of_attempt: dict[int, list[Document]] = {}
    for event in events:
        of_attempt.setdefault(event.attempt_id or 0, []).append(_plain(event, _EVENT))
    notes = _notes(session, [attempt.id for attempt in attempts])
    return {
        "account": {"name": account.name, "title": account.title, "appid": account.appid},
        "profile": _plain(user, _PROFILE),
        "scopes": {"snsapi_base": user.granted_base, "snsapi_userinfo": user.granted_userinfo},
        "logins": _plain(user, _CAME) | {"last_site": site.title if site else None},
        "sites_and_channels": [_plain(row, _CHANNEL) | {"site": row.title} for row in _channels(session, user_id)],
        "do_not_contact": _block(user),
        "uploaded_lists": [_plain(one, ("name", "made_at")) for one in uploaded.lists_with(session, user)],
        "token": _token(session, user_id),
        "attempts": [
            _plain(attempt, _ATTEMPT)
            | {"support_code": support_codes.show(attempt.support_code), "site": attempt.title}
            | {"steps": of_attempt.get(attempt.id, []), "notes_of_staff": notes.get(attempt.id, [])}
            for attempt in attempts
        ],
        "refreshes": of_attempt.get(0, []),
        "is_complete": len(attempts) < _MOST_ATTEMPTS and len(events) < _MOST_EVENTS,
    }


def _plain(row: Any, names: Sequence[str]) -> Document:
    values = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _columns(model: Any, names: Sequence[str]) -> list[Column[Any]]:
    return [getattr(model, name) for name in names]


def _token(session: Session, user_id: int) -> Document | None:
    row = session.execute(select(*_columns(Token, _TOKEN)).where(Token.user_id == user_id)).one_or_none()
    return _plain(row, _TOKEN) if row else None


def _block(user: User) -> Document | None:
    """Without who of the staff has set it."""
    if user.blocked_at is None:
        return None
    return {"since": user.blocked_at.isoformat(), "reason": user.blocked_why}


def _channels(session: Session, user_id: int) -> Rows:
    query = select(*_columns(UserChannel, _CHANNEL), Site.title).join(Site, Site.id == UserChannel.site_id)
    return session.execute(query.where(UserChannel.user_id == user_id).order_by(UserChannel.first_at)).all()


def _attempts(session: Session, user_id: int) -> Rows:
    """The newest first, as many as a person makes."""
    query = select(Attempt.id, *_columns(Attempt, _ATTEMPT), Site.title).outerjoin(Site, Site.id == Attempt.site_id)
    query = query.where(Attempt.user_id == user_id).order_by(Attempt.id.desc())
    return session.execute(query.limit(_MOST_ATTEMPTS)).all()


def _events(session: Session, user_id: int) -> Rows:
    """Of their refreshes, and of their attempts those steps that came after WeChat had said who it was."""
    query = select(Event.attempt_id, *_columns(Event, _EVENT)).where(Event.user_id == user_id)
    return session.execute(query.order_by(Event.id.desc()).limit(_MOST_EVENTS)).all()


def _notes(session: Session, attempt_ids: Sequence[int]) -> dict[int, list[Document]]:
    found: dict[int, list[Document]] = {}
    for start in range(0, len(attempt_ids), _AT_ONCE):
        some = attempt_ids[start : start + _AT_ONCE]
        query = select(AttemptNote).where(AttemptNote.attempt_id.in_(some)).order_by(AttemptNote.id)
        for note in session.scalars(query):
            found.setdefault(note.attempt_id, []).append(_plain(note, ("at", "text")))
    return found
