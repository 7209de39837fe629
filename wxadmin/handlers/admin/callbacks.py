"""The callbacks of one attempt side by side: how long each came after the first, and what it got."""

from collections.abc import Sequence
from dataclasses import dataclass

from wxadmin.clock import milliseconds_between
from wxadmin.handlers.admin.durations import exact_ms
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Class, Stage
from wxadmin.queries.attempt import AttemptShown, Step
from wxadmin.services.claims import STATE_USED
from wxadmin.wechat import errcodes

_WENT_ON = msgid("The login went on with it")
_GOT_THE_SAME = msgid("The same browser once more: it got the same answer")
_LATER = msgid("%(gap)s after the first")


@dataclass(frozen=True, slots=True)
class Callback:
    """`gap` and `got` in words; there is no gap for the first."""

    step: Step
    gap: str
    got: str

    @property
    def is_harmless(self) -> bool:
        return self.step.event_class == Class.HARMLESS


def side_by_side(shown: AttemptShown, lang: Language) -> Sequence[Callback]:
    """In the order in which they came; none where there was only the one that every login has."""
    came = [
        step for step in shown.steps if step.stage == Stage.RETURN and step.event_class in {Class.OK, Class.HARMLESS}
    ]
    if len(came) < 2 and not any(step.event_class == Class.HARMLESS for step in came):
        return []
    return [Callback(step, _gap(came[0], step, lang) if step is not came[0] else "", _got(step, lang)) for step in came]


def _gap(first: Step, step: Step, lang: Language) -> str:
    gap = exact_ms(milliseconds_between(first.at, step.at), lang)
    return translator(lang).gettext(_LATER) % {"gap": gap}


def _got(step: Step, lang: Language) -> str:
    say = translator(lang).gettext
    if step.event_class == Class.OK:
        return say(_WENT_ON)
    return say(_GOT_THE_SAME) if step.code == STATE_USED else errcodes.find(step.code, step.stage).title(lang)
