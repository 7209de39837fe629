"""The steps of one attempt in order, and the one that never came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from wxadmin.handlers.admin.durations import spoken, spoken_ms
from wxadmin.handlers.admin.vocabulary import STAGES
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Class, Outcome, Stage
from wxadmin.queries.attempt import AttemptShown, Step
from wxadmin.queries.attempts import WAITING
from wxadmin.wechat import errcodes

# What every login goes through; the profile is asked for by some, and a login succeeds without it.
_WAY = (Stage.START, Stage.RETURN, Stage.EXCHANGE, Stage.HANDOFF, Stage.REDEEM)
_KINDS = {Class.OK: "ok", Class.HARMLESS: "harmless", Class.ABANDONED: "missing"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `kind` is ok, failure, harmless or missing; `took` is how long, in words; `step` is None where it
    never came."""

    kind: str
    name: str
    took: str
    step: Step | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The way itself, repeated callbacks beside it, and what the site was refused."""

    way: Sequence[Line]
    duplicates: Sequence[Line]
    refused_redemptions: Sequence[Line]


def timeline(shown: AttemptShown, lang: Language, now: datetime) -> Timeline:
    """What happened, and when it did not."""

    def lines(*classes: Class) -> list[Line]:
        return [_line(step, lang) for step in shown.steps if step.event_class in classes]

    way = lines(Class.OK, Class.FAILURE, Class.REFUSED, Class.ABANDONED)
    return Timeline([*way, *_never_came(shown, lang, now)], lines(Class.HARMLESS), lines(Class.BLOCKED))


def _line(step: Step, lang: Language) -> Line:
    kind = _KINDS.get(Class(step.event_class), "failure")
    name = translator(lang).gettext(STAGES[Stage(step.stage)])
    took = "" if step.duration_ms is None else spoken_ms(step.duration_ms, lang)
    title = errcodes.find(step.code, step.stage).title(lang) if step.code else ""
    return Line(kind, name, took, step, title)


def _never_came(shown: AttemptShown, lang: Language, now: datetime) -> Iterator[Line]:
    say = translator(lang).gettext
    missing = _first_missing(shown)
    if missing is None:
        return
    if shown.outcome == WAITING:
        so_far = say(msgid("for %(how_long)s so far")) % {"how_long": spoken(shown.started_at, now, lang)}
        yield Line("missing", say(STAGES[missing]), so_far, title=say(msgid("Not yet")))
    else:
        yield Line("missing", say(STAGES[missing]), "", title=say(msgid("Never came")))


def _first_missing(shown: AttemptShown) -> Stage | None:
    """The step that the way stopped before. One that WeChat or a refused start ended was never to go on."""
    stages = {step.stage for step in shown.steps if step.event_class == Class.OK}
    if shown.outcome in {WAITING, Outcome.SUCCEEDED}:
        return next((stage for stage in _WAY if stage not in stages), None)
    return Stage.HANDOFF if shown.outcome == Outcome.FAILED else None
