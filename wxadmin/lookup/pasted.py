"""What stands in a text that somebody pasted into the search box."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from wxadmin import support_codes
from wxadmin.lookup.links import Link, find_link
from wxadmin.wechat import errcodes

LONGEST = 4_000
"""What is longer is cut: a page's whole source says no more than its beginning."""

# Answers come as JSON, as Python and as "errcode: 40029".
_ERRCODE = re.compile(r"errcode[\"'\s]*[:=]\s*[\"']?(-?[0-9]{1,7})\b", re.IGNORECASE)
_CODE = re.compile(r"-?[0-9]{1,7}")
_NAMED = re.compile(r"\b(?:gw|page|symptom)_[a-z_]{1,40}\b")
# A number of a longer one, of a time or of an address is no errcode.
_LOOSE_NUMBER = re.compile(r"(?<![\w./-])(?<![0-9]:)-?[0-9]{1,7}(?!:?[\w./-])", re.ASCII)
_RID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}\b")
_ID = re.compile(r"(?<![\w/=.-])[A-Za-z0-9_-]{20,64}(?![\w/=.-])", re.ASCII)
# OpenIDs have 28 signs; states and tickets of ours are capitals and the digits from 2 to 7.
_SECRET = re.compile(
    r"[A-Za-z0-9_-]{29,}|\b[A-Z2-7]{26,}\b|\b(?:\w+_token|token|app_?secret|secret|ticket|state|code)\b[\"']?\s*[:=]",
    re.ASCII | re.IGNORECASE,
)
_MARK = re.compile(r"\b[A-Z2-7]{26,32}\b", re.ASCII)
_IPV4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.])", re.ASCII)
_DASHED = re.compile(r"(?<![0-9A-Z-])[0-9A-Z]{4}-[0-9A-Z]{4}(?![0-9A-Z-])")
_DASHES = re.compile(r"\s*[\u2010-\u2015-]+\s*")
_LIKE_A_SUPPORT_CODE = re.compile(r"[0-9A-Za-z](?:-?[0-9A-Za-z]){6,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """`support_code` fits together, whether or not there is such an attempt; `codes` are errcodes and reasons, `ids`
    may be openids or unionids. `may_be_secret` where it holds what must stand in no address and on no page: a link, or
    words that may be a token, a code, a secret, or what tells one login from another (`marks`). `near` are the support
    codes that a mistyped one may have been; `is_number` where it is a number alone, which may be an errcode or a
    site's own number of somebody."""

    text: str
    may_be_secret: bool = False
    marks: tuple[str, ...] = ()
    support_code: str | None = None
    is_mistyped: bool = False
    is_one_short: bool = False
    near: tuple[str, ...] = ()
    is_number: bool = False
    codes: tuple[str, ...] = ()
    rid: str | None = None
    ids: tuple[str, ...] = ()
    ip: str | None = None
    link: Link | None = None


def read(typed: str) -> Pasted:
    """Never fails: what is not recognised is a text that may be a nickname, a reference or a sentence."""
    text = typed.replace("\0", "").strip()[:LONGEST]
    if link := find_link(text):
        return Pasted(text=text, link=link, may_be_secret=True)
    plain = unicodedata.normalize("NFKC", text)
    rid = _RID.search(plain.lower())
    support_code = _support_code(plain)
    is_mistyped = support_code is None and _is_mistyped(plain)
    return Pasted(
        text=text,
        may_be_secret=_SECRET.search(plain) is not None,
        marks=tuple(dict.fromkeys(_MARK.findall(plain))),
        support_code=support_code,
        is_mistyped=is_mistyped,
        is_one_short=is_mistyped and support_codes.is_one_short(plain),
        near=tuple(support_codes.near(plain)) if is_mistyped else (),
        is_number=_CODE.fullmatch(plain) is not None,
        codes=tuple(dict.fromkeys(_codes(plain))),
        rid=rid and rid[0],
        ids=tuple(dict.fromkeys(word for word in _ID.findall(plain) if not _RID.fullmatch(word.lower()))),
        ip=_ip(plain),
    )


def _support_code(text: str) -> str | None:
    if code := support_codes.read(text):
        return code
    # In a longer text only one with its dash: any word of eight letters may happen to fit together.
    candidates = _DASHED.findall(_DASHES.sub("-", text.upper()))
    return next((code for one in candidates if (code := support_codes.read(one))), None)


def _is_mistyped(text: str) -> bool:
    joined = _DASHES.sub("-", text).replace(" ", "-")
    return _LIKE_A_SUPPORT_CODE.fullmatch(joined) is not None and not _CODE.fullmatch(joined)


def _codes(text: str) -> Iterator[str]:
    if _CODE.fullmatch(text):
        yield text
        return
    yield from (code for code in _ERRCODE.findall(text) if code != "0")
    yield from (code for code in _NAMED.findall(text.lower()) if errcodes.is_listed(code))
    # One that the catalogue does not know may be anything: a price, a year, a member's number.
    loose = (number for number in _LOOSE_NUMBER.findall(text) if number != "-1")
    yield from (number for number in loose if errcodes.is_listed(number))


def _ip(text: str) -> str | None:
    found = _IPV4.search(text)
    try:
        return str(ip_address(found[0] if found else text))
    except ValueError:
        return None
