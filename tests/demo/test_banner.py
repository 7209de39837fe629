"""What the demo prints: everything that one needs to begin, and what others can reach, before they do."""

from pathlib import Path

import pytest
import segno

from wxadmin.demo import banner
from wxadmin.demo.addresses import in_local_network, on_this_machine
from wxadmin.models import Role

_PASSWORD = "oolong at noon"
_LAN = in_local_network("192.168.1.20", 9100)
_OPEN = "OPEN TO YOUR NETWORK"


def _printed(where: object, *, in_colour: bool = False) -> str:
    return banner.text(where, data=Path("var/demo"), password=_PASSWORD, in_colour=in_colour)  # type: ignore[arg-type]


def test_every_sign_in_and_every_place_is_told() -> None:
    said = _printed(on_this_machine(None, 9100))

    assert all(role in said for role in Role)
    for told in (_PASSWORD, "127.0.0.1:9100/admin/", "localhost:9102/", "127.0.0.1:9101/_sim/", "var/demo"):
        assert told in said
    assert _OPEN not in said


@pytest.mark.parametrize("where", [_LAN, on_this_machine("0.0.0.0", 9100)], ids=["lan", "everywhere"])
def test_what_is_open_to_others_is_said_in_both_languages(where: object) -> None:
    said = _printed(where)

    assert _OPEN in said
    assert "Ctrl-C 停止之前" in said
    assert "no password" in said


def test_nothing_of_the_network_leads_to_this_machine_alone() -> None:
    said = _printed(_LAN)

    assert "127.0.0.1" not in said
    assert "localhost" not in said


def _modules(code: str) -> list[list[bool]]:
    """The dark modules that the half blocks leave open."""
    upper = {"█": False, "▀": False, "▄": True, " ": True}
    lower = {"█": False, "▀": True, "▄": False, " ": True}
    lines = [line[2:] for line in code.splitlines()]
    return [[half[sign] for sign in line] for line in lines for half in (upper, lower)]


def test_the_code_is_that_of_the_shops_address_with_its_quiet_zone() -> None:
    right = [[bool(module) for module in row] for row in segno.make("http://192.168.1.20:9102/").matrix_iter(border=4)]

    drawn = _modules(banner.qr_code("http://192.168.1.20:9102/", in_colour=False))

    assert drawn[: len(right)] == right
    assert banner.qr_code("http://192.168.1.20:9102/", in_colour=False) in _printed(_LAN)


def test_a_terminal_of_any_colours_shows_it_black_on_white() -> None:
    lines = banner.qr_code("http://192.168.1.20:9102/", in_colour=True).splitlines()

    assert all(line.startswith("  \x1b[97;40m") and line.endswith("\x1b[0m") for line in lines)
    assert "\x1b" not in _printed(_LAN)
