"""Where the demo's three programs listen and what leads to them: on this machine alone, or in its local network."""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address

from wxadmin.errors import BadValue

_LOOPBACK, _EVERY = "127.0.0.1", "0.0.0.0"  # noqa: S104, what is listened on is the user's choice
# Kept for documents, so that it is nobody's: asking for the way there tells the own address, and sends nothing.
_ELSEWHERE = ("198.51.100.1", 9)


@dataclass(frozen=True, slots=True)
class Addresses:
    """`listen` is the address that all three are bound to, the hosts are those of their links."""

    listen: str
    port: int
    gateway_host: str
    shop_host: str
    is_lan: bool = False

    @property
    def gateway(self) -> str:
        return f"http://{self.gateway_host}:{self.port}"

    @property
    def dashboard(self) -> str:
        return f"{self.gateway}/admin/"

    @property
    def simulator(self) -> str:
        return f"http://{self.gateway_host}:{self.port + 1}"

    @property
    def switches(self) -> str:
        return f"{self.simulator}/_sim/"

    @property
    def shop(self) -> str:
        return f"http://{self.shop_host}:{self.port + 2}"

    @property
    def is_open(self) -> bool:
        """Whether other machines reach it."""
        return self.listen != _LOOPBACK


def on_this_machine(address: str | None, port: int) -> Addresses:
    """Links for a browser of this machine. Ports do not separate cookies, so the shop lives on `localhost` and the
    gateway on `127.0.0.1`, as two companies' hosts would be apart. Raises BadValue."""
    listen = address or _LOOPBACK
    if listen not in {_LOOPBACK, _EVERY}:
        raise BadValue(
            f"without --lan the demo's links lead to this machine: --address is {_LOOPBACK} or {_EVERY}, "
            f"or add --lan to be reached at {listen}"
        )
    return Addresses(listen, port, gateway_host=_LOOPBACK, shop_host="localhost")


def in_local_network(address: str | None, port: int) -> Addresses:
    """Links for phones in the same network as this machine, at `address` or the one by which it reaches others.
    Raises BadValue."""
    found = _ipv4(address or _own_address())
    if found.is_loopback or found.is_unspecified:
        raise BadValue(f"{found} is no address that a phone could reach: name this machine's own with --address")
    if found.is_global:
        raise BadValue(
            f"{found} is an address on the internet, and the demo's fault switches have no password: "
            "name one of a local network with --address"
        )
    return Addresses(str(found), port, gateway_host=str(found), shop_host=str(found), is_lan=True)


def _ipv4(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise BadValue(f"{text!r} is no IPv4 address such as 192.168.1.20: --lan needs one in --address") from None


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            raise BadValue("this machine is in no network: join one, or name its address with --address") from None
        address: str = probe.getsockname()[0]
        return address
