"""The rows of the live feed in people's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.handlers.admin import user_words
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Class, Outcome, Stage
from wxadmin.queries.live import Happening, Place
from wxadmin.vocabulary import BROWSERS, OUTCOMES, STAGES, Word
from wxadmin.wechat import errcodes

_SUCCEEDED = Word(msgid("Login succeeded"), "ok")
# What a step that brought its attempt to an end is called by that end, whatever its class.
_BY_OUTCOME = (Outcome.DENIED, Outcome.SNAPSHOT, Outcome.DUPLICATE)
_SECOND_TRY = msgid("at the second try")


@dataclass(frozen=True, slots=True)
class Row:
    """`badge` is a class of the stylesheet, `said` what there is to say after the word and the code; `href` leads to
    the attempt, empty where that is gone."""

    id: str
    at: str
    clock: str
    badge: str
    word: str
    code: str
    said: str
    place: str
    support_code: str
    href: str

    @property
    def is_bad(self) -> bool:
        return self.badge == "bad"


BLANK = Row("", "", "", "", "", "", "", "", "", "")
"""What a browser fills in by itself."""


def row(one: Happening, place: Place | None, lang: Language, *, zone: ZoneInfo, attempts: str) -> Row:
    """`attempts` is the address below which attempts are found."""
    say = translator(lang).gettext
    word = _word(one)
    code = support_codes.show(place.support_code) if place else ""
    browser = BROWSERS.get(one.browser_family)
    return Row(
        id=str(one.id),
        at=one.at.isoformat(),
        clock=_clock(one.at, zone),
        badge=word.badge,
        word=say(word.name),
        code=one.code,
        said=_said(one, lang),
        place=" · ".join(filter(None, [place.site if place else "", say(browser) if browser else one.browser_family])),
        support_code=code,
        href=f"{attempts}/{code}" if code else "",
    )


def rows(
    happened: Sequence[Happening], places: Mapping[int, Place], lang: Language, *, zone: ZoneInfo, attempts: str
) -> list[Row]:
    """In the same order."""
    return [row(one, places.get(one.attempt_id), lang, zone=zone, attempts=attempts) for one in happened]


def _word(one: Happening) -> Word:
    if one.outcome == Outcome.SUCCEEDED:
        return _SUCCEEDED
    if one.outcome in _BY_OUTCOME:
        return OUTCOMES[Outcome(one.outcome)]
    if one.event_class == Class.OK:
        return Word(STAGES[Stage(one.stage)], "stop")
    return user_words.CLASSES[Class(one.event_class)]


def _said(one: Happening, lang: Language) -> str:
    """What the code means, and at which step it came."""
    say = translator(lang).gettext
    if one.recovered:
        return say(_SECOND_TRY)
    if not one.code:
        return ""
    title = errcodes.find(one.code, one.stage).title(lang)
    return title if one.event_class != Class.FAILURE else f"{title} · {say(STAGES[Stage(one.stage)])}"


def _clock(at: datetime, zone: ZoneInfo) -> str:
    """With the day, where that is not today."""
    there = at.astimezone(zone)
    return f"{there:%H:%M:%S}" if there.date() == utcnow().astimezone(zone).date() else f"{there:%m-%d %H:%M}"
