"""The visitor's address: forwarded headers are read only when they come from a trusted proxy."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def visitor_address(tcp_peer: str, forwarded_for: str | None, trusted: Sequence[Network]) -> str | None:
    """The rightmost address of X-Forwarded-For that is not a trusted proxy, where the TCP peer is one; else the peer.

    None where the peer is no address, as with a Unix socket.
    """
    address = _address(tcp_peer)
    for hop in reversed(forwarded_for.split(",") if forwarded_for else []):
        if address is None or not _is_trusted(address, trusted):
            break
        said = _address(hop.strip())
        if said is None:
            break
        address = said
    return str(address) if address else None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_trusted(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted if network.version == address.version)
