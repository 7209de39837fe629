"""A link that somebody pasted: what it is for, and what is wrong with one to WeChat's authorize page."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

from wxadmin.i18n import msgid

_LINK = re.compile(
    r"https?://[^\s<>\"'，。；：！？（）《》“”]+|\bopen\.weixin\.qq\.com/[^\s<>\"'，。；：！？（）《》“”]+",
    re.IGNORECASE,
)
_AUTHORIZE = "/connect/oauth2/authorize"
_WEBSITE = "/connect/qrconnect"
# facts.md, section 1: the link is matched with its parameters in this order.
ORDER = ("appid", "redirect_uri", "response_type", "scope", "state")
_STATE = re.compile(r"[A-Za-z0-9]{1,128}")
_SCOPES = ("snsapi_base", "snsapi_userinfo")


class Purpose(StrEnum):
    AUTHORIZE = "authorize"
    """WeChat's authorize page."""
    WEBSITE = "website"
    """WeChat's page for websites, with a QR code: of another kind of appid."""
    CALLBACK = "callback"
    """What WeChat sends a visitor back to."""
    START = "start"
    """Where a page sends a visitor to log in."""
    PAGE = "page"
    """Anything else, such as a business page."""


@dataclass(frozen=True, slots=True)
class Link:
    """`parameters` as they stand, decoded once, repeated ones too."""

    purpose: Purpose
    address: str
    host: str
    parameters: Sequence[tuple[str, str]]
    fragment: str

    def parameter(self, name: str) -> str | None:
        """The first of this name."""
        return next((value for key, value in self.parameters if key == name), None)


@dataclass(frozen=True, slots=True)
class Fault:
    """`text` is a msgid for `values`; `code` is what WeChat's page shows of it, empty where it shows nothing."""

    text: str
    code: str = ""
    values: Mapping[str, str] | None = None


def find_link(text: str) -> Link | None:
    """The first link of a text."""
    found = _LINK.search(text)
    if found is None:
        return None
    address = found[0] if "://" in found[0] else f"https://{found[0]}"
    try:
        parts = urlsplit(address)
        parameters = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100)
        return Link(_purpose(parts.path), address, parts.hostname or "", parameters, parts.fragment)
    except ValueError:
        return None


def _purpose(path: str) -> Purpose:
    endings = {
        _AUTHORIZE: Purpose.AUTHORIZE,
        _WEBSITE: Purpose.WEBSITE,
        **dict.fromkeys(("/auth/callback", "/getopenid", "/getOpenId", "/getWxUserInfo"), Purpose.CALLBACK),
        **dict.fromkeys(("/auth", "/getCode"), Purpose.START),
    }
    return next((purpose for ending, purpose in endings.items() if path.endswith(ending)), Purpose.PAGE)


def faults(link: Link, *, appids: Mapping[str, str], callback_url: str) -> Sequence[Fault]:
    """What WeChat refuses an authorize link for, or what leads it elsewhere; `appids` are those of this gateway's
    accounts with their titles."""
    if link.purpose is Purpose.WEBSITE:
        return [Fault(msgid("This is the login of websites (qrconnect): its appid is no service account's."), "10005")]
    if link.purpose is not Purpose.AUTHORIZE:
        return []
    found = [*_of_shape(link), *_of_appid(link, appids), *_of_scope(link), *_of_state(link)]
    return [*found, *_of_callback(link, callback_url)]


def _of_shape(link: Link) -> Iterator[Fault]:
    names = [name for name, _ in link.parameters]
    missing = [name for name in ORDER if name not in names]
    lowered = {name.lower() for name in names} - set(names)
    for name in missing:
        if name in lowered:
            text = msgid("“%(name)s” has to be written in small letters: WeChat shows a blank page otherwise.")
        else:
            text = msgid("“%(name)s” is missing.")
        yield Fault(text, {"scope": "10010", "state": "10013"}.get(name, ""), {"name": name})
    if not missing and [name for name in names if name in ORDER] != list(ORDER):
        text = msgid("The parameters stand in another order than %(order)s, which WeChat may refuse.")
        yield Fault(text, "page_link_unreachable", {"order": ", ".join(ORDER)})
    if not link.fragment.startswith("wechat_redirect"):
        yield Fault(msgid("It has to end in #wechat_redirect."), "page_link_unreachable")
    if link.parameter("response_type") not in {"code", None}:
        yield Fault(msgid("response_type has to be “code”."), "page_link_unreachable")


def _of_appid(link: Link, appids: Mapping[str, str]) -> Iterator[Fault]:
    appid = link.parameter("appid")
    if appid is not None and appid not in appids:
        text = msgid("Its appid %(appid)s is of no account of this gateway.")
        yield Fault(text, "10003", {"appid": appid[:32]})


def _of_scope(link: Link) -> Iterator[Fault]:
    scope = link.parameter("scope")
    if scope is not None and scope not in _SCOPES:
        text = msgid("Its scope is neither snsapi_base nor snsapi_userinfo.")
        yield Fault(text, "page_scope" if scope else "10010")


def _of_state(link: Link) -> Iterator[Fault]:
    state = link.parameter("state")
    if state is not None and len(state.encode()) > 128:
        yield Fault(msgid("What tells one login from another (state) is longer than 128 signs."), "page_state_too_long")
    elif state is not None and not _STATE.fullmatch(state):
        text = msgid("What tells one login from another (state) has signs other than letters and digits.")
        yield Fault(text, "page_link_unreachable")


def _of_callback(link: Link, callback_url: str) -> Iterator[Fault]:
    asked = link.parameter("redirect_uri")
    if asked is None:
        return
    try:
        parts = urlsplit(asked)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        yield Fault(msgid("Its redirect_uri is no address that begins with https://."), "page_redirect_uri")
        return
    if re.fullmatch(r"[0-9.]+|.*:.*", parts.hostname) or port:
        yield Fault(msgid("Its redirect_uri names a port or an IP address, which no domain list can hold."), "10003")
    if asked != callback_url:
        text = msgid("It leads back to %(host)s and not to this gateway's %(callback)s.")
        yield Fault(text, "10003", {"host": parts.hostname + parts.path, "callback": callback_url})
