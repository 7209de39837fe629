"""What pages say of a failure beyond its counts: against usual, where it is met most, in the viewer's words."""

from collections.abc import Sequence
from dataclasses import dataclass

from wxadmin.handlers.admin.charts import share
from wxadmin.handlers.admin.numbers import per_cent, whole
from wxadmin.i18n import Language, msgid, translator
from wxadmin.queries.failure_places import Hit, MostHit
from wxadmin.queries.failure_times import Usual
from wxadmin.vocabulary import BROWSERS

_USUALLY_NONE = msgid("%(now)s in three hours, usually none")
_USUALLY = msgid("%(now)s in three hours, usually %(usual)s")
_SURGE = 2.0


@dataclass(frozen=True, slots=True)
class AgainstUsual:
    """`times` is empty where there is usually none."""

    times: str
    told: str
    is_surge: bool


@dataclass(frozen=True, slots=True)
class Bar:
    name: str
    number: str
    share: str
    drawn: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A list of bars, and the msgid of what they are."""

    title: str
    bars: Sequence[Bar]


def against_usual(usual: Usual, lang: Language) -> AgainstUsual:
    say = translator(lang).gettext
    if usual.times is None:
        return AgainstUsual("", say(_USUALLY_NONE) % {"now": whole(usual.now)}, is_surge=True)
    told = say(_USUALLY) % {"now": whole(usual.now), "usual": _mean(usual.before)}
    return AgainstUsual(f"{usual.times:,.1f}×", told, is_surge=usual.times > _SURGE)


def bars_of(most_hit: MostHit, lang: Language) -> list[Bars]:
    """Sites, browsers and versions, each with the share that it has of the events that have any."""
    return [Bars(title, [_bar(*one, hit.of) for one in hit.most]) for title, hit in _named(most_hit, lang).items()]


def at_most(most_hit: MostHit, lang: Language) -> list[str]:
    """The one site, browser and version that are hit most, with their shares."""
    tops = [(hit.most[0], hit.of) for hit in _named(most_hit, lang).values() if hit.most]
    return [f"{name} {round(100 * number / of)}%" for (name, number), of in tops]


def _named(most_hit: MostHit, lang: Language) -> dict[str, Hit]:
    say = translator(lang).gettext
    browsers = [(say(BROWSERS.get(name, name)), number) for name, number in most_hit.browsers.most]
    return {
        msgid("Site"): most_hit.sites,
        msgid("Browser"): Hit(browsers, most_hit.browsers.of),
        msgid("WeChat version"): most_hit.versions,
    }


def _bar(name: str, number: int, of: int) -> Bar:
    return Bar(name, whole(number), per_cent(number / of), share(number, of))


def _mean(number: float) -> str:
    return f"{number:,.1f}" if number < 10 else whole(round(number))
