"""What a browser carries from the password to the two-step code: who it is, for five minutes, signed.

The signature is over the password's hash too: a new password ends what was begun with the old one.
"""

import re
import time
from urllib.parse import urlencode

from wxadmin.queries.staff import Credentials
from wxadmin.security.keys import KeyRing

LIFETIME_S = 300
_STAMP = re.compile(r"([0-9]{1,18})\.([0-9]{1,12})\.([0-9a-f]{64})")


def stamp(person: Credentials, keys: KeyRing) -> str:
    """The cookie's value."""
    until = int(time.time()) + LIFETIME_S
    return f"{person.staff_id}.{until}.{keys.sign(_text(person, until))}"


def whose(value: str) -> int | None:
    """The id of whoever it claims to be; None where it is no stamp, or has lasted its time."""
    found = _STAMP.fullmatch(value)
    return int(found[1]) if found and int(found[2]) > time.time() else None


def is_good(value: str, person: Credentials, keys: KeyRing) -> bool:
    """Whether it is the person's, of the password that they have now, and a code is asked for."""
    found = _STAMP.fullmatch(value)
    return found is not None and person.asks_code and keys.is_signed(_text(person, int(found[2])), found[3])


def onwards(page: str) -> str:
    """The query that leads to a page after the sign-in."""
    return urlencode({"next": page})


def _text(person: Credentials, until: int) -> str:
    return f"half-way/{person.staff_id}/{until}/{person.password_hash}"
