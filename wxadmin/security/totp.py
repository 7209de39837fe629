"""Two-step codes as authenticator apps make them (RFC 6238): six digits, a new one every half minute."""

import hmac
import re
from datetime import datetime

import pyotp

STEP_S = 30
# Clocks of phones and hosts differ, and typing takes its time: one step to either side.
_BESIDE = 1
_CODE = re.compile(r"[0-9]{6}")
_ISSUER = "wxadmin"


def new_secret() -> str:
    """160 random bits in base32, as apps take them."""
    return pyotp.random_base32()


def address(secret: str, name: str, host: str) -> str:
    """What the picture for an app holds: the secret, whose it is and where."""
    return pyotp.TOTP(secret, name=f"{name}@{host}", issuer=_ISSUER).provisioning_uri()


def step_of(secret: str, typed: str, now: datetime) -> int | None:
    """The time step, in half minutes since 1970, whose code was typed; None where it is no code of about now."""
    code = re.sub(r"\s", "", typed)
    if not (code.isascii() and _CODE.fullmatch(code)):
        return None
    codes, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    steps = range(current - _BESIDE, current + _BESIDE + 1)
    fitting = [step for step in steps if hmac.compare_digest(codes.generate_otp(step), code)]
    return fitting[-1] if fitting else None
