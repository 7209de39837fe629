"""Where the demo listens and leads: to this machine unless told, and never out on the internet."""

import socket
from urllib.parse import urlsplit

import pytest

from wxadmin.demo import addresses
from wxadmin.demo.addresses import Addresses, in_local_network, on_this_machine
from wxadmin.errors import BadValue


def _hosts(where: Addresses) -> list[str | None]:
    return [urlsplit(link).hostname for link in (where.gateway, where.simulator, where.shop)]


def test_on_one_machine_shop_and_gateway_are_different_hosts() -> None:
    where = on_this_machine(None, 8000)

    assert where.listen == "127.0.0.1"
    assert _hosts(where) == ["127.0.0.1", "127.0.0.1", "localhost"]
    assert not where.is_open


def test_listening_everywhere_is_said_to_be_open() -> None:
    assert on_this_machine("0.0.0.0", 8000).is_open


@pytest.mark.parametrize("address", ["192.168.1.20", "::1", "localhost", "example.com"])
def test_another_address_needs_the_word_lan(address: str) -> None:
    with pytest.raises(BadValue, match="--lan"):
        on_this_machine(address, 8000)


@pytest.mark.parametrize("address", ["192.168.1.20", "10.0.0.7", "172.20.3.4", "100.64.3.2", "169.254.9.9"])
def test_in_a_local_network_every_link_leads_to_the_one_address(address: str) -> None:
    where = in_local_network(address, 8000)

    assert where.listen == address
    assert _hosts(where) == [address] * 3
    assert where.is_open


@pytest.mark.parametrize("address", ["8.8.8.8", "127.0.0.1", "0.0.0.0", "fe80::1", "laptop.local", ""])
def test_what_a_phone_cannot_or_strangers_could_reach_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_own_address", lambda: "127.0.0.1")

    with pytest.raises(BadValue, match="--address"):
        in_local_network(address, 8000)


def test_the_address_is_the_one_that_leads_to_others() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.200", 9))
        except OSError:
            pytest.skip("this machine is in no network")

    assert in_local_network(None, 8000).listen not in {"127.0.0.1", "0.0.0.0"}


def test_a_machine_without_a_network_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)

    with pytest.raises(BadValue, match="in no network"):
        in_local_network(None, 8000)
