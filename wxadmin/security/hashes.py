"""One-way forms: SHA-256 for random values of our own making, argon2 for passwords that people choose."""

import base64
import hashlib
import os

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

_passwords = PasswordHasher()


def sha256(value: str) -> bytes:
    """32 bytes; enough for values with 128 random bits or more, which nobody can guess."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()


def random_text(length: int) -> str:
    """Random letters and digits, five bits each: 26 carry 130 bits, 32 carry 160. `length` is a multiple of eight,
    or what of it is cut off was drawn in vain."""
    return base64.b32encode(os.urandom(-(-length // 8) * 5)).decode()[:length]


def hash_password(password: str) -> str:
    """argon2id with the library's parameters. Takes tens of milliseconds: not on the event loop."""
    return _passwords.hash(password)


def password_matches(password_hash: str, password: str) -> bool:
    """Whether it is the password. Takes tens of milliseconds: not on the event loop."""
    try:
        return _passwords.verify(password_hash, password)
    except VerificationError:
        return False
