"""Numbers as pages show them: with what they were before, whether that is good, and where their formula stands."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from html import escape

from wxadmin.i18n import msgid

Words = Callable[[str], str]

MOST_COUNTED = 10_000


class Trend(StrEnum):
    """How a difference is coloured."""

    GOOD = "good"
    BAD = "bad"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Number:
    """`label` is a msgid, `anchor` the number's place on the page of definitions, `note` and `also` are lines of
    their own below, and `badge` makes its link look like one."""

    label: str
    value: str
    anchor: str
    delta: str = ""
    trend: Trend = Trend.SAME
    note: str = ""
    href: str | None = None
    badge: str = ""
    also: str = ""


def mark(anchor: str, name: str, *, address: str, words: Words) -> str:
    """The link from a number, called `name` on its page, to its definition; `address` is the page of definitions."""
    label, text = words(msgid("How is this counted: %s")) % name, words(msgid("Definition"))
    return f'<a class="definition" href="{escape(address)}#{anchor}" aria-label="{escape(label)}">{escape(text)}</a>'


def whole(number: int) -> str:
    return f"{number:,}"


def capped(number: int, words: Words) -> str:
    """A count that stopped at MOST_COUNTED + 1 says so."""
    return words(msgid("10,000+")) if number > MOST_COUNTED else whole(number)


def per_cent(share: float | None) -> str:
    """A share from 0 to 1; a dash where there is none."""
    return "—" if share is None else f"{100 * share:.1f}%"


def change(now: int, before: int) -> tuple[str, Trend]:
    """By how many per cent a count that should grow has grown; nothing where there was nothing before."""
    if not before:
        return "", Trend.SAME
    by = round(100 * (now - before) / before, 1)
    return f"{_signed(by)}%", _trend(by)


def points(now: float | None, before: float | None, words: Words) -> tuple[str, Trend]:
    """By how many percentage points a share has risen."""
    if now is None or before is None:
        return "", Trend.SAME
    by = round(100 * (now - before), 1)
    return words(msgid("%s pp")) % _signed(by), _trend(by)


def _signed(by: float) -> str:
    return f"{by:+,.1f}" if by else "0"


def _trend(by: float) -> Trend:
    if by == 0:
        return Trend.SAME
    return Trend.GOOD if by > 0 else Trend.BAD
