"""Browsers as people call them, by the user agent: good enough to know one's own again."""

import re

# The order decides: most browsers claim to be several others too.
_BROWSERS = (
    ("WeChat", re.compile(r"MicroMessenger")),
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/")),
    ("Firefox", re.compile(r"Firefox/|FxiOS/")),
    ("Opera", re.compile(r"OPR/")),
    ("Chrome", re.compile(r"Chrome/|CriOS/")),
    ("Safari", re.compile(r"Safari/")),
)
_SYSTEMS = (
    ("iPhone", re.compile(r"iPhone")),
    ("iPad", re.compile(r"iPad")),
    ("Android", re.compile(r"Android")),
    ("HarmonyOS", re.compile(r"OpenHarmony|HarmonyOS")),
    ("Windows", re.compile(r"Windows")),
    ("Mac", re.compile(r"Macintosh|Mac OS X")),
    ("Linux", re.compile(r"Linux")),
)


def called(user_agent: str) -> str:
    """Browser and system, such as `Chrome · Windows`; what it said of itself where neither is known."""
    found = [next((name for name, sign in signs if sign.search(user_agent)), "") for signs in (_BROWSERS, _SYSTEMS)]
    return " · ".join(filter(None, found)) or user_agent[:40] or "—"
