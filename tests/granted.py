"""Users with tokens that the simulator knows, many at once, without a login each."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.running import SECRET_KEY
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.database.sets import SetInsert
from wxadmin.ids import Ids
from wxadmin.models import BLOCK, Account, Site, Token, User
from wxadmin.refreshing.schedule import REFRESH_TOKEN_LIFETIME
from wxadmin.security.keys import KeyRing
from wxadmin.simulator.people import Person
from wxadmin.simulator.tokens import new_grant

_AT_A_TIME = 2_000
_LIFE = timedelta(hours=2)
_KEYS = KeyRing([SECRET_KEY])


def grant(
    database: Database,
    people: Iterable[int],
    *,
    due_at: datetime | None = None,
    expires_in: Iterator[timedelta] | None = None,
    keys: KeyRing = _KEYS,
    **columns: Any,
) -> None:
    """Gives each of these people a user and a token at the only account, authorized an hour ago and due at `due_at`,
    just now if nothing else is said. `expires_in` gives each token's rest of life; further columns are the token's."""
    ids = Ids(node=4_090)
    account, site_id = database.read_now(_place)
    coming = iter(people)
    while some := list(islice(coming, _AT_A_TIME)):
        rows = [_rows(keys, account, site_id, Person(person), ids.draw()) for person in some]
        for _, token in rows:
            token["next_refresh_at"] = due_at or token["next_refresh_at"]
            if expires_in is not None:
                token["expires_at"] = utcnow() + next(expires_in)
            token.update(columns)
        database.write_now(_store, [user for user, _ in rows], [token for _, token in rows])


def _place(session: Session) -> tuple[Account, int]:
    site = session.scalars(select(Site).order_by(Site.name)).first()
    assert site is not None
    return session.get_one(Account, site.account_id), site.id


def _store(session: Session, users: list[dict[str, Any]], tokens: list[dict[str, Any]]) -> None:
    _USERS.execute(session.connection(), users)
    _TOKENS.execute(session.connection(), tokens)


_USERS = SetInsert(User)
_TOKENS = SetInsert(Token)


def _rows(
    keys: KeyRing, account: Account, site_id: int, person: Person, user_id: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    now = utcnow()
    issued = now - timedelta(hours=1)
    given = new_grant(
        person, account.appid, userinfo=True, now=issued.timestamp(), lifetime=round(_LIFE.total_seconds())
    )
    row = f"token/{account.id}/{given.openid}"
    access = given.access_token(issued.timestamp(), given.lifetime)
    user = {
        "id": user_id,
        "account_id": account.id,
        "openid": given.openid,
        **dict.fromkeys(("unionid", "nickname", "headimgurl", "language", "profile_at", "last_channel", "last_ref")),
        **dict.fromkeys(("forgotten_at", *BLOCK)),
        "granted_base": True,
        "granted_userinfo": True,
        "explicit_at": issued,
        "first_seen_at": issued,
        "last_login_at": issued,
        "logins": 1,
        "last_site_id": site_id,
        "change_no": 0,
    }
    token = {
        "user_id": user_id,
        "account_id": account.id,
        "access_sealed": keys.seal(access, f"{row}/access"),
        "refresh_sealed": keys.seal(given.refresh_token, f"{row}/refresh"),
        "scope": "snsapi_base,snsapi_userinfo",
        "expires_at": issued + _LIFE,
        "refresh_expires_at": issued + REFRESH_TOKEN_LIFETIME,
        "next_refresh_at": now,
        "state": "active",
        "failures": 0,
        "version": 1,
        **dict.fromkeys(("refreshed_at", "last_code", "unknown_since", "lease_owner", "lease_until")),
    }
    return user, token
