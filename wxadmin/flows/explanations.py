"""The explanation page (授权说明页): who is shown it, and the mark by which a visitor who goes on is let past it.

The mark is ours alone to make: a link of a site's, or of anybody else's, that skips the page cannot be written down for
good. It opens nothing else, since every check of a start is made with it as without.
"""

import re
import time

from wxadmin.queries.registry import KnownSite
from wxadmin.security.keys import KeyRing

_MARK = re.compile(r"([0-9a-f]{1,12})\.([0-9a-f]{64})")
# Long enough to read a privacy policy first.
_GOOD_FOR_S = 3_600


def has_page(site: KnownSite, scope: str) -> bool:
    """Whether such logins have it at the site: never silent ones, which ask the visitor nothing."""
    return site.explain and scope == "snsapi_userinfo"


def is_due(keys: KeyRing, site: KnownSite, url: str, *, scope: str, agreed: str | None) -> bool:
    """Whether the visitor is shown the page before they go on."""
    return has_page(site, scope) and not _is_good(keys, site, url, agreed)


def mark(keys: KeyRing, site: KnownSite, url: str) -> str:
    """For this site and return URL, good for an hour."""
    made_at = f"{int(time.time()):x}"
    return f"{made_at}.{keys.sign(_signed(site, url, made_at))}"


def _is_good(keys: KeyRing, site: KnownSite, url: str, agreed: str | None) -> bool:
    made = _MARK.fullmatch(agreed or "")
    if made is None or time.time() - int(made[1], 16) > _GOOD_FOR_S:
        return False
    return keys.is_signed(_signed(site, url, made[1]), made[2])


def _signed(site: KnownSite, url: str, made_at: str) -> str:
    return f"agreed/{site.id}/{made_at}/{url}"
