"""Two-step codes: those of about now fit, as an authenticator app makes them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from wxadmin.security import totp

# RFC 6238, appendix B: the secret in base32, and its code at 2005-03-18 01:58:29, shortened to six digits.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW = datetime(2005, 3, 18, 1, 58, 29, tzinfo=UTC)
STEP = 1_111_111_109 // 30


@pytest.mark.parametrize("typed", ["081804", " 081 804 "])
def test_the_code_of_the_standard_fits(typed: str) -> None:
    assert totp.step_of(SECRET, typed, NOW) == STEP


@pytest.mark.parametrize(("seconds", "fits"), [(-30, True), (30, True), (-61, False), (61, False)])
def test_a_code_of_the_step_before_or_after_fits_too(seconds: int, fits: bool) -> None:
    step = totp.step_of(SECRET, "081804", NOW + timedelta(seconds=seconds))

    assert step == (STEP if fits else None)


@pytest.mark.parametrize("typed", ["", "08180", "0818044", "08180x", "٠٨١٨٠٤", "081804\0"])
def test_what_is_no_code_does_not_fit(typed: str) -> None:
    assert totp.step_of(SECRET, typed, NOW) is None


def test_an_app_is_told_whose_secret_it_is() -> None:
    secret = totp.new_secret()

    address = urlsplit(totp.address(secret, "ada", "m.example.com"))

    assert (address.scheme, address.netloc, unquote(address.path)) == ("otpauth", "totp", "/wxadmin:ada@m.example.com")
    assert parse_qs(address.query)["secret"] == [secret]
    assert len(pyotp.TOTP(secret).byte_secret()) == 20
