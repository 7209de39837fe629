"""Read the bytes that WeChat answers; pure functions, see facts.md, sections 2 to 4."""

import json
import re
from dataclasses import dataclass, field

from wxadmin.wechat.errors import NoAnswer, Refused

MAX_BODY = 256 * 1024
MAX_TOKEN = 512
MAX_OPENID = 64
MAX_ERRMSG = 1000
# What is longer than its column would take the whole login with it.
MAX_SCOPES = 64
MAX_SCOPE = 32
MAX_LANGUAGE = 16

# Neither can be stored: PostgreSQL refuses NUL, UTF-8 has no place for half a surrogate pair.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
RID = re.compile(r"[\s,]*\brid:\s*([0-9A-Za-z-]{1,64})")
HINTS = re.compile(r"[\s,]*\bhints?:\s*\[\s*([^\]]*?)\s*\]")
# The errcodes of /sns/auth that speak of the token itself; any other one says nothing about it.
DEAD_TOKEN = {"40001", "40003", "40014", "42001", "42007"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came over the wire."""

    status: int
    body: bytes
    took_ms: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """What exchange and refresh give; `expires_in` is in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    openid: str
    scope: tuple[str, ...]
    unionid: str | None
    is_snapshotuser: bool
    took_ms: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What userinfo gives; sex and place have been empty since 2021 and are left out."""

    openid: str
    nickname: str
    headimgurl: str
    unionid: str | None
    language: str
    privilege: tuple[str, ...]
    took_ms: int


def grant(reply: Reply) -> Grant:
    """Read the answer of exchange or refresh. Raises Refused or NoAnswer."""
    fields = _fields(reply)
    try:
        return Grant(
            access_token=_mark(fields, "access_token", MAX_TOKEN),
            refresh_token=_mark(fields, "refresh_token", MAX_TOKEN),
            expires_in=_seconds(fields, "expires_in"),
            openid=_mark(fields, "openid", MAX_OPENID),
            scope=_scope(_text(fields.get("scope"))),
            unionid=_unionid(fields),
            is_snapshotuser=_number(fields.get("is_snapshotuser")) == 1,
            took_ms=reply.took_ms,
        )
    except ValueError as wrong:
        raise _bad(reply, str(wrong)) from None


def profile(reply: Reply) -> Profile:
    """Read the answer of userinfo. Raises Refused or NoAnswer."""
    fields = _fields(reply)
    privilege = fields.get("privilege")
    try:
        return Profile(
            openid=_mark(fields, "openid", MAX_OPENID),
            nickname=_text(fields.get("nickname")),
            headimgurl=_text(fields.get("headimgurl")),
            unionid=_unionid(fields),
            language=_text(fields.get("language"))[:MAX_LANGUAGE],
            privilege=tuple(_text(each) for each in privilege) if isinstance(privilege, list) else (),
            took_ms=reply.took_ms,
        )
    except ValueError as wrong:
        raise _bad(reply, str(wrong)) from None


def alive(reply: Reply) -> bool:
    """Read the answer of /sns/auth: is the token good? Raises Refused or NoAnswer when that stays unknown."""
    try:
        fields = _fields(reply)
    except Refused as refused:
        if refused.code in DEAD_TOKEN:
            return False
        raise
    if "errcode" not in fields:
        raise _bad(reply, "errcode is missing")
    return True


def _fields(reply: Reply) -> dict[str, object]:
    """The object that WeChat sent, once it is known to be no refusal."""
    fields = _object(reply.body)
    errcode = _number(fields.get("errcode", 0)) if fields is not None else None
    if fields is not None and errcode:
        raise _refused(reply, errcode, _text(fields.get("errmsg")))
    if not 200 <= reply.status < 300:
        raise NoAnswer("gw_http_status", f"HTTP status {reply.status}", http_status=reply.status, took_ms=reply.took_ms)
    if fields is None:
        raise _bad(reply, f"{len(reply.body)} bytes that are no JSON object")
    if errcode is None:
        raise _bad(reply, "errcode is no number")
    return fields


def _object(body: bytes) -> dict[str, object] | None:
    if len(body) > MAX_BODY:
        return None
    try:
        # WeChat names no charset and puts raw control characters into nicknames.
        parsed = json.loads(body.decode("utf-8", errors="replace"), strict=False)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _refused(reply: Reply, errcode: int, errmsg: str) -> Refused:
    # Cut first: the patterns below are not made for a quarter of a megabyte of blanks.
    errmsg = errmsg[:MAX_ERRMSG]
    rid, hints = RID.search(errmsg), HINTS.search(errmsg)
    return Refused(
        str(errcode),
        HINTS.sub("", RID.sub("", errmsg)).strip(),
        rid=rid and rid[1],
        hints=hints and hints[1],
        http_status=reply.status,
        took_ms=reply.took_ms,
    )


def _bad(reply: Reply, why: str) -> NoAnswer:
    return NoAnswer("gw_bad_reply", why, http_status=reply.status, took_ms=reply.took_ms)


def _text(value: object) -> str:
    return UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    """The number that a field holds, also one written as a string; None when it is something else."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    return value if type(value) is int and abs(value) < 10**9 else None


def _mark(fields: dict[str, object], name: str, longest: int) -> str:
    """A token or an id: visible ASCII. Anything else would mix people up or break the next call."""
    value = fields.get(name)
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]+", value) or len(value) > longest:
        raise ValueError(f"{name} is missing or malformed")
    return value


def _scope(text: str) -> tuple[str, ...]:
    """The scopes granted; refresh answers end the list with a comma."""
    if len(text) > MAX_SCOPES:
        text = text[: MAX_SCOPES + 1].rpartition(",")[0]
    return tuple(piece for piece in text.split(",") if 0 < len(piece) <= MAX_SCOPE)


def _unionid(fields: dict[str, object]) -> str | None:
    return _mark(fields, "unionid", MAX_OPENID) if fields.get("unionid") else None


def _seconds(fields: dict[str, object], name: str) -> int:
    value = _number(fields.get(name))
    if value is None or value <= 0:
        raise ValueError(f"{name} is missing or not positive")
    return value
