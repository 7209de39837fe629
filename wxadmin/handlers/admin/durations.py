"""How long something took or has lasted, in the viewer's words."""

from datetime import datetime

from wxadmin.clock import milliseconds_between
from wxadmin.i18n import Language, msgid, translator

_MILLISECONDS = msgid("%(n)d ms")
_SECONDS = msgid("%(n)s s")
_MINUTES = msgid("%(n)d min %(rest)d s")
_HOURS = msgid("%(n)d h %(rest)d min")
_DAYS = msgid("%(n)d d %(rest)d h")


def spoken_ms(milliseconds: int, lang: Language) -> str:
    """In the unit that fits, with the next smaller one from a minute on."""
    say = translator(lang).gettext
    if milliseconds < 1_000:
        return say(_MILLISECONDS) % {"n": milliseconds}
    # Rounded, the last tenth before a minute would read 60.0.
    if milliseconds < 59_950:
        return say(_SECONDS) % {"n": f"{milliseconds / 1000:.1f}"}
    seconds = max(milliseconds // 1000, 60)
    units = ((_DAYS, 86_400, 3_600), (_HOURS, 3_600, 60), (_MINUTES, 60, 1))
    text, size, smaller = next(unit for unit in units if seconds >= unit[1])
    return say(text) % {"n": seconds // size, "rest": seconds % size // smaller}


def exact_ms(milliseconds: int, lang: Language) -> str:
    """To the millisecond where that says something, below a minute."""
    if milliseconds < 60_000:
        return translator(lang).gettext(_MILLISECONDS) % {"n": milliseconds}
    return spoken_ms(milliseconds, lang)


def spoken(start: datetime, end: datetime, lang: Language) -> str:
    """The time between two moments."""
    return spoken_ms(milliseconds_between(start, end), lang)
