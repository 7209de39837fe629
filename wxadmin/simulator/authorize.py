"""The authorize link: how strictly WeChat reads it, and the address that it returns to."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote_plus, urlsplit

from .errmsg import PageRefused
from .world import World

ORDER = ("appid", "redirect_uri", "response_type", "scope", "state")
OPTIONAL = frozenset({"forcePopup", "forceSnapShot", "connect_redirect", "component_appid"})
_EMPTY = {"appid": 10012, "redirect_uri": 10011, "scope": 10010, "state": 10013}
_STATE = re.compile(r"[A-Za-z0-9]+")
_NEVER_IN_AN_ADDRESS = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True)
class AuthorizeLink:
    """An authorize link that WeChat would accept."""

    appid: str
    redirect_uri: str
    scope: str
    state: str
    force_snapshot: bool

    @property
    def silent(self) -> bool:
        return self.scope == "snsapi_base"

    def back(self, **values: str) -> str:
        """The return address with these values in its query: after what is there, before its fragment."""
        address, mark, fragment = self.redirect_uri.partition("#")
        joint = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
        query = "&".join(f"{name}={value}" for name, value in values.items())
        # Location must be ASCII; what is percent-encoded already stays as it is.
        return quote(f"{address}{joint}{query}{mark}{fragment}", safe="!#$%&'()*+,/:;=?@[]~")


def read(raw_query: str, world: World) -> AuthorizeLink:
    """Read the raw query, whose order counts. Raises PageRefused with the page that WeChat shows."""
    pairs = [piece.partition("=")[::2] for piece in raw_query.split("&")]
    names = [name for name, _ in pairs]
    values = {name: unquote_plus(value) for name, value in pairs}
    for name, number in _EMPTY.items():
        if not values.get(name):
            raise PageRefused(number, f"链接里没有 {name}，参数名须小写。", f"The link has no {name}, in lower case.")
    if tuple(names[:5]) != ORDER or not OPTIONAL.issuperset(names[5:]):
        order = ", ".join(ORDER)
        raise PageRefused(10005, f"参数顺序须为：{order}，可选参数放在其后。", f"Order: {order}; optional ones after.")
    if values["response_type"] != "code":
        raise PageRefused(10005, "response_type 须为 code。", "response_type must be code.")
    _check_state(values["state"])
    _check_account(values, world)
    return AuthorizeLink(
        appid=values["appid"],
        redirect_uri=values["redirect_uri"],
        scope=values["scope"],
        state=values["state"],
        force_snapshot=values.get("forceSnapShot") == "true",
    )


def _check_state(state: str) -> None:
    if len(state) > 128:
        hints = f"state 有 {len(state)} 个字符，上限 128。", f"state has {len(state)} characters; WeChat takes 128."
        raise PageRefused(None, *hints, text="state参数过长")
    if not _STATE.fullmatch(state):
        raise PageRefused(
            None, "state 只能用字母和数字。", "state holds letters and digits only.", text="该链接无法访问"
        )


def _check_account(values: dict[str, str], world: World) -> None:
    account = world.accounts.get(values["appid"])
    if account is None:
        raise PageRefused(10016, "模拟器里没有这个 appid。", "The simulator has no such appid; /_sim/ adds one.")
    if values["scope"] not in {"snsapi_base", "snsapi_userinfo"}:
        raise PageRefused(10005, "scope 只有两种。", "scope is snsapi_base or snsapi_userinfo.")
    address = _address(values["redirect_uri"])
    if not account.allows(address, lan_hosts=world.settings.lan_hosts):
        domains = ", ".join(account.domains) or "—"
        hints = f"回调主机 {address.netloc}，网页授权域名 {domains}。", f"Host {address.netloc}, domains {domains}."
        raise PageRefused(10003, *hints)


def _address(redirect_uri: str) -> SplitResult:
    unreadable = PageRefused(
        None, "不是完整的 http 或 https 地址。", "That is no http or https address.", text="redirect_uri 参数错误"
    )
    if _NEVER_IN_AN_ADDRESS.search(redirect_uri):
        raise unreadable
    try:
        address = urlsplit(redirect_uri)
        readable = address.scheme in {"http", "https"} and address.hostname and (address.port is None or address.port)
    except ValueError as error:
        raise unreadable from error
    if not readable or "@" in address.netloc:
        raise unreadable
    return address
