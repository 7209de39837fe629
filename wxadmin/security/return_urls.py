"""Return addresses: which ones are well formed, which a site allows, and how a ticket is added to one."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote_plus, urlsplit

from wxadmin.errors import ReturnURLRefused
from wxadmin.i18n import msgid

MAXIMUM_LENGTH = 2048
# What WeChat appends to pages opened in it; session secrets that have no business in a database (facts.md, section 1).
WECHAT_SECRETS = frozenset({"key", "pass_ticket", "uin", "exportkey"})
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\ufffd\ud800-\udfff]")
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*|[0-9a-f]*:[0-9a-f:.]*")
_ENDS_IN_NUMBER = re.compile(r"(^|\.)([0-9]+|0x[0-9a-f]*)$")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Dots, slashes and backslashes behind a percent sign: servers differ on when they decode them.
_ENCODED_TRICKS = re.compile(r"%(2e|2f|5c|25|00)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """A well-formed address, taken apart; `text` is the address to the byte as it was given."""

    text: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """As browsers write it in the Origin header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port != _DEFAULT_PORTS[self.scheme] else "")


def parse(text: str) -> ReturnAddress:
    """Raises ReturnURLRefused, saying what is wrong with the address."""
    if len(text) > MAXIMUM_LENGTH:
        raise ReturnURLRefused(msgid("the address is longer than %(longest)d characters"), longest=MAXIMUM_LENGTH)
    if _FORBIDDEN.search(text):
        raise ReturnURLRefused(msgid("the address contains a space, a backslash or a control character"))
    parts = _split(text)
    if parts.scheme not in _DEFAULT_PORTS or not text.lower().startswith(f"{parts.scheme}://"):
        raise ReturnURLRefused(msgid("the address must begin with https:// or http://"))
    if "@" in parts.netloc:
        raise ReturnURLRefused(msgid("the address must not contain a user name"))
    host = parts.hostname or ""
    # Python's versions differ in what they take for a host; it must be all there is before the port.
    written = f"[{host}]" if ":" in host else host
    if not _is_plain(host) or not re.fullmatch(re.escape(written) + "(:.*)?", parts.netloc.lower()):
        raise ReturnURLRefused(msgid("the host must be plain letters, digits, dots and hyphens (punycode for others)"))
    if "//" in parts.path or _ENCODED_TRICKS.search(parts.path) or _climbs(parts.path):
        raise ReturnURLRefused(
            msgid("the path must not contain //, dot segments, or an encoded dot, slash or percent sign")
        )
    return ReturnAddress(text, parts.scheme, host, _port(parts), parts.path or "/")


def allows(allowed: ReturnAddress, asked: ReturnAddress) -> bool:
    """Exact scheme, host and port; then the allowed path is a prefix that ends where a segment ends."""
    if (allowed.scheme, allowed.host, allowed.port) != (asked.scheme, asked.host, asked.port):
        return False
    prefix = allowed.path.rstrip("/")
    return asked.path == prefix or asked.path.startswith(prefix + "/")


def without_leftovers(url: str) -> str:
    """The address without what WeChat appended to it and without the ticket of an earlier login, which pages that name
    their own address bring along; everything else stays to the byte."""
    before_fragment, mark, fragment = url.partition("#")
    path, question, query = before_fragment.partition("?")
    if not question:
        return url
    kept = [pair for pair in query.split("&") if not _is_leftover(pair.partition("=")[0])]
    return path + (question + "&".join(kept) if kept else "") + mark + fragment


def _is_leftover(name: str) -> bool:
    # As programs read it: one that is encoded, or has a blank before it, would be taken for ours.
    read = unquote_plus(name).strip()
    return read == "ticket" or read.lower() in WECHAT_SECRETS


def without_parameters(url: str, names: Collection[str]) -> str:
    """The address without parameters that any program could read as one of these, names in small letters; everything
    else stays to the byte."""
    before_fragment, mark, fragment = url.partition("#")
    path, question, query = before_fragment.partition("?")
    # Each with the sign before it, the first without; older programs take a semicolon for an ampersand.
    parts = re.split("(?=[&;])", query)
    kept = [part for part in parts if _as_read(part.lstrip("&;")) not in names]
    if kept == parts:
        return url
    left = "".join(kept) if kept[:1] == parts[:1] else "".join(kept)[1:]
    return path + (question + left if left else "") + mark + fragment


def _as_read(parameter: str) -> str:
    """The parameter's name as the most lenient program reads it: PHP drops blanks in front, what follows a NUL, and the
    brackets of lists; others do not tell capital letters from small ones."""
    name = unquote_plus(parameter.partition("=")[0])
    return re.split(r"[\[\0]", name.lstrip(), maxsplit=1)[0].casefold()


def with_parameters(url: str, parameters: dict[str, str]) -> str:
    """The address with parameters added to its query, before the fragment; everything else stays to the byte."""
    before_fragment, mark, fragment = url.partition("#")
    added = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    _, question, query = before_fragment.partition("?")
    joint = "?" if not question else "" if not query or query.endswith("&") else "&"
    return before_fragment + joint + added + mark + fragment


def _is_plain(host: str) -> bool:
    """Whether every program reads the host alike: browsers take 127.1 and 0x7f.0.0.1 for addresses too."""
    if not _HOST.fullmatch(host):
        return False
    return not _ENDS_IN_NUMBER.search(host) or _IPV4.fullmatch(host) is not None


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise ReturnURLRefused(msgid("the address is malformed")) from None


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        raise ReturnURLRefused(msgid("the port is not a number from 1 to 65535")) from None
    if parts.netloc.endswith(":") or port == 0:
        raise ReturnURLRefused(msgid("the port is not a number from 1 to 65535"))
    return port or _DEFAULT_PORTS[parts.scheme]


def _climbs(path: str) -> bool:
    # What follows a semicolon is a parameter to some servers, which then climb like all others.
    return any(segment.partition(";")[0] in {".", ".."} for segment in path.split("/"))
