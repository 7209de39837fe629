"""Access and refresh tokens that carry what they stand for, so that they outlive a restart of the simulator."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct
from collections import OrderedDict
from dataclasses import dataclass

from .accounts import KEY
from .errmsg import Refused
from .people import Person

# Kind, grant, person, flags, issued at, lifetime; the appid follows.
_HEAD = struct.Struct(">cQQBdI")
_MAC_SIZE = 64
_ACCESS, _REFRESH = b"a", b"r"
_USERINFO, _SNAPSHOT = 1, 2
_SHAPE = re.compile(r"\d+_[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Grant:
    """One authorization by one person, from which every access token of it is derived."""

    number: int
    person: Person
    appid: str
    userinfo: bool
    authorized_at: float
    lifetime: int

    @property
    def openid(self) -> str:
        return self.person.openid(self.appid)

    @property
    def scopes(self) -> str:
        """As a refresh answers them: all of them, and a comma after the last."""
        return "snsapi_base,snsapi_userinfo," if self.userinfo else "snsapi_base,"

    @property
    def refresh_token(self) -> str:
        return _seal(_REFRESH, self, self.authorized_at, self.lifetime)

    def access_token(self, issued_at: float, lifetime: int) -> str:
        return _seal(_ACCESS, self, issued_at, lifetime)


@dataclass(frozen=True, slots=True)
class Access:
    """The newest access token of a grant, and until when it lives; a refresh moves only the end."""

    issued_at: float
    lifetime: int
    until: float


class Tokens:
    """Which access tokens were renewed. First tokens need no memory: their refresh_token says all about them."""

    def __init__(self) -> None:
        self._renewed: OrderedDict[int, Access] = OrderedDict()

    def renew(self, grant: Grant, now: float, lifetime: int) -> str:
        """The access token for the next `lifetime` seconds: the same one while it lives, see facts.md, section 3."""
        current = self._renewed.pop(grant.number, None) or _first(grant)
        if current.until > now:
            renewed = Access(current.issued_at, current.lifetime, now + lifetime)
        else:
            renewed = Access(now, lifetime, now + lifetime)
        self._forget(now)
        self._renewed[grant.number] = renewed
        return grant.access_token(renewed.issued_at, renewed.lifetime)

    def open_access(self, token: str, now: float) -> Grant:
        """The grant of a living access token. Raises Refused 40014, 40001 or 42001."""
        if not _SHAPE.fullmatch(token):
            raise Refused(40014)
        grant = _open(_ACCESS, token)
        if grant is None:
            raise Refused(40001)
        # An access token carries its own issue time where a refresh_token carries the authorization's.
        access = self._renewed.get(grant.number)
        if access is None or access.issued_at != grant.authorized_at:
            access = _first(grant)
        if access.until <= now:
            raise Refused(42001)
        return grant

    def _forget(self, now: float) -> None:
        while self._renewed and next(iter(self._renewed.values())).until <= now:
            self._renewed.popitem(last=False)


def new_grant(person: Person, appid: str, *, userinfo: bool, now: float, lifetime: int) -> Grant:
    return Grant(secrets.randbits(64), person, appid, userinfo, now, lifetime)


def open_refresh(token: str) -> Grant | None:
    """The grant of a refresh_token, or None when this simulator never made it."""
    return _open(_REFRESH, token)


def _first(grant: Grant) -> Access:
    return Access(grant.authorized_at, grant.lifetime, grant.authorized_at + grant.lifetime)


def _seal(kind: bytes, grant: Grant, at: float, lifetime: int) -> str:
    flags = _USERINFO * grant.userinfo | _SNAPSHOT * grant.person.virtual
    content = _HEAD.pack(kind, grant.number, grant.person.number, flags, at, lifetime) + grant.appid.encode()
    return _text(hmac.digest(KEY, content, hashlib.sha512) + content)


def _open(kind: bytes, token: str) -> Grant | None:
    try:
        sealed = base64.urlsafe_b64decode(token.removeprefix("83_") + "==")
    except (ValueError, binascii.Error):
        return None
    mac, content = sealed[:_MAC_SIZE], sealed[_MAC_SIZE:]
    # Base64 has several spellings of the same bytes; WeChat's tokens are exact.
    if _text(sealed) != token or not hmac.compare_digest(mac, hmac.digest(KEY, content, hashlib.sha512)):
        return None
    found, number, person, flags, at, lifetime = _HEAD.unpack_from(content)
    if found != kind:
        return None
    appid = content[_HEAD.size :].decode()
    return Grant(number, Person(person, bool(flags & _SNAPSHOT)), appid, bool(flags & _USERINFO), at, lifetime)


def _text(sealed: bytes) -> str:
    return f"83_{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}"
