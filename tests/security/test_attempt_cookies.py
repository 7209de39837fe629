"""What the cookie of an attempt tells the gateway when the browser brings it back."""

import time

import pytest

from wxadmin.security import attempt_cookies

URL = "https://shop.example.com/back?table=7"


def earlier(value: str, seconds: int) -> str:
    """The same cookie, as it would have been made so long ago."""
    made, rest = value.split(".", 1)
    return f"{int(made, 16) - seconds:x}.{rest}"


def test_every_cookie_has_a_secret_of_its_own() -> None:
    assert len({attempt_cookies.make(URL, is_restart=False) for _ in range(100)}) == 100


def test_it_says_when_it_was_made_and_whether_in_place_of_a_lost_attempt() -> None:
    plain, restart = (attempt_cookies.make(URL, is_restart=is_restart) for is_restart in (False, True))

    assert abs(attempt_cookies.made_at(plain) - time.time()) < 5
    assert not attempt_cookies.is_of_restart(plain)
    assert attempt_cookies.is_of_restart(restart)
    assert not attempt_cookies.is_of_restart(None)


def test_starts_of_late_to_the_same_address_are_counted() -> None:
    own = [attempt_cookies.make(URL, is_restart=False) for _ in range(2)]
    other = attempt_cookies.make(f"{URL}&more", is_restart=False)
    old = earlier(own[0], 70)

    assert attempt_cookies.starts_of_late([*own, other, old], URL, within_s=60) == 2


@pytest.mark.parametrize("value", ["", ".", "..", "zz.aa.bb", "-1.x.y", "not ours", "ffffffffffff"])
def test_a_cookie_that_is_not_ours_counts_for_nothing(value: str) -> None:
    assert attempt_cookies.starts_of_late([value], URL, within_s=60) == 0
    assert attempt_cookies.made_at(value) >= -1
