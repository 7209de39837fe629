"""Many people whose tokens WeChat's simulator would renew, and whether what is stored of each still is the newest."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.database.sets import SetInsert
from wxadmin.ids import Ids
from wxadmin.models import Account, Site, Token, TokenState, User
from wxadmin.models.sealed import tokens_bound_to
from wxadmin.security.keys import KeyRing
from wxadmin.simulator import DEFAULT_APPID
from wxadmin.simulator.people import Person
from wxadmin.simulator.tokens import new_grant

_AT_A_TIME = 5_000
_LIFETIME = timedelta(hours=2)
_USERS = SetInsert(User)
_TOKENS = SetInsert(Token)


class Holders:
    """The people from number 1 on, each logged in once, an hour ago. `newest` has the digest of the refresh_token that
    WeChat gave each of them last, by openid."""

    def __init__(self, database_url: str, keys: KeyRing) -> None:
        self._url = database_url
        self._keys = keys
        self.newest: dict[str, bytes] = {}

    def settle(self, people: int, *, due_within: timedelta) -> None:
        """Stores them, sealed by the ring; their refreshes are due within this time from now on."""
        database = Database(self._url)
        ids = Ids(node=3_999)
        account, site = database.read_now(lambda session: (session.scalar(_ACCOUNT), session.scalar(_SITE)))
        for first in range(1, people + 1, _AT_A_TIME):
            numbers = range(first, min(first + _AT_A_TIME, people + 1))
            rows = [self._rows(Person(number), (ids.draw(), account, site), due_within) for number in numbers]
            with database.writer.begin() as connection:
                _USERS.execute(connection, [user for user, _ in rows])
                _TOKENS.execute(connection, [token for _, token in rows])
        database.close()

    def overtaken(self, keys: KeyRing) -> list[str]:
        """Whose stored token is not the newest. Raises SealBroken where one does not open with these keys."""
        stored = stored_refresh_tokens(self._url, keys)
        return [openid for openid, token in stored if digest(token) != self.newest[openid]]

    def have_logged_in(self, simulator: httpx.Client) -> None:
        """Takes note of what WeChat has given out since."""
        for call in simulator.get("/calls", params={"endpoint": "exchange"}, timeout=60).json()["calls"]:
            if call["errcode"] == 0:
                self.newest[call["openid"]] = bytes.fromhex(call["refresh_token"])

    def _rows(
        self, person: Person, ids: tuple[int, int, int], due_within: timedelta
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        user_id, account_id, site_id = ids
        now, openid = utcnow(), person.openid(DEFAULT_APPID)
        began = now - timedelta(hours=1)
        grant = new_grant(person, DEFAULT_APPID, userinfo=True, now=began.timestamp(), lifetime=7_200)
        self.newest[openid] = digest(grant.refresh_token)
        user = {
            **dict.fromkeys(column.name for column in User.__table__.c),
            "id": user_id,
            "account_id": account_id,
            "openid": openid,
            "last_site_id": site_id,
            "change_no": 0,
            "granted_base": True,
            "granted_userinfo": True,
            "first_seen_at": began,
            "last_login_at": began,
            "logins": 1,
        }
        access, refresh = tokens_bound_to(account_id, openid)
        token = {
            **dict.fromkeys(column.name for column in Token.__table__.c),
            "user_id": user_id,
            "account_id": account_id,
            "scope": "snsapi_userinfo",
            "failures": 0,
            "version": 1,
            "access_sealed": self._keys.seal(grant.access_token(began.timestamp(), 7_200), access),
            "refresh_sealed": self._keys.seal(grant.refresh_token, refresh),
            "expires_at": began + _LIFETIME,
            "refresh_expires_at": began + timedelta(days=30),
            "next_refresh_at": now + due_within * random.random(),
            "state": TokenState.ACTIVE.value,
        }
        return user, token


_ACCOUNT = select(Account.id).where(Account.appid == DEFAULT_APPID)
_SITE = select(Site.id).where(Site.name == "shop")


def digest(token: str) -> bytes:
    """As the simulator's log of calls has it."""
    return hashlib.sha256(token.encode()).digest()


def stored_refresh_tokens(database_url: str, keys: KeyRing) -> Iterator[tuple[str, str]]:
    """Everybody's openid and refresh_token; the access_token is opened too. Raises SealBroken."""
    database = Database(database_url)
    after = -1
    while rows := database.read_now(_some_tokens, after):
        for account_id, openid, access_sealed, refresh_sealed in (row[1:] for row in rows):
            access, refresh = tokens_bound_to(account_id, openid)
            keys.open(access_sealed, access)
            yield openid, keys.open(refresh_sealed, refresh)
        after = rows[-1].user_id
    database.close()


def _some_tokens(session: Session, after: int) -> Sequence[Any]:
    query = select(Token.user_id, Token.account_id, User.openid, Token.access_sealed, Token.refresh_sealed)
    following = query.join(User, User.id == Token.user_id).where(Token.user_id > after).order_by(Token.user_id)
    return session.execute(following.limit(_AT_A_TIME)).all()
