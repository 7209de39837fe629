"""The made-up service accounts, and which return addresses WeChat would let each of them use."""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import SplitResult

# One key for everything that must survive a restart of the simulator. Nothing here is worth protecting.
KEY = b"wxadmin simulator: all of this is made up"

DEFAULT_APPID = "wx5c0ffee1d2a3b4c5"

_APPID = re.compile(r"[A-Za-z0-9_-]{1,32}")


def derive(*parts: str) -> bytes:
    """64 bytes that depend on all parts and are the same after a restart."""
    return hmac.digest(KEY, "\0".join(parts).encode(), hashlib.sha512)


def secret_for(appid: str) -> str:
    """The AppSecret of an account that was made without one: 32 hex digits."""
    return derive("secret", appid).hex()[:32]


@dataclass(slots=True)
class SimulatedAccount:
    """A service account. Domains are written as in WeChat's console: `host` or `host/path`, no scheme, no port."""

    appid: str
    secret: str = ""
    domains: tuple[str, ...] = field(default=())
    title: str = "模拟服务号"

    def __post_init__(self) -> None:
        if not _APPID.fullmatch(self.appid):
            raise ValueError("appid: 1 to 32 letters and digits")
        if any(":" in domain for domain in self.domains):
            raise ValueError("domains: hosts as WeChat's console takes them, without scheme and port")
        self.secret = self.secret or secret_for(self.appid)

    def allows(self, address: SplitResult, *, lan_hosts: bool) -> bool:
        """Whether WeChat would return to this address; loopback (and LAN, when told) only a simulator accepts."""
        host = address.hostname or ""
        if is_loopback(host) or (lan_hosts and is_private(host)):
            return True
        return address.port is None and any(_covers(domain, host, address.path) for domain in self.domains)


def by_appid(accounts: Iterable[SimulatedAccount]) -> dict[str, SimulatedAccount]:
    return {account.appid: account for account in accounts}


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _ip(host)
    return address is not None and address.is_loopback


def is_private(host: str) -> bool:
    """Whether the host is an address of no place on the internet: of a local network, or behind a carrier's NAT."""
    address = _ip(host)
    return address is not None and not address.is_global


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _covers(domain: str, host: str, path: str) -> bool:
    known_host, _, folder = domain.partition("/")
    if host != known_host.lower():
        return False
    folder = folder.strip("/")
    return not folder or path.strip("/") == folder or path.startswith(f"/{folder}/")
