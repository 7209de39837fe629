"""The steps of one attempt in order, and the one that never came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from wxadmin.handlers.admin.durations import spoken, spoken_ms
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Class, Outcome, Stage
from wxadmin.queries.attempt import AttemptShown, Step
from wxadmin.queries.attempts import WAITING
from wxadmin.vocabulary import STAGES
from wxadmin.wechat import errcodes

# What every login goes through; the profile is asked for by some, and a login succeeds without it.
_WAY = (Stage.START, Stage.RETURN, Stage.EXCHANGE, Stage.HANDOFF, Stage.REDEEM)
# What is asked of WeChat, and once more where it gave no answer that could be used.
_CALLS = (Stage.EXCHANGE, Stage.USERINFO)
_ON_THE_WAY = (Class.OK, Class.FAILURE, Class.REFUSED, Class.ABANDONED)
_ASKED_FOR = msgid("Asked for by the site")
_RETRY = msgid("%(step)s, tried again")
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
    """The way itself, and what the site was refused; repeated callbacks stand beside it (callbacks.py)."""

    way: Sequence[Line]
    refused_redemptions: Sequence[Line]


def timeline(shown: AttemptShown, lang: Language, now: datetime) -> Timeline:
    """What happened, and when it did not."""

    way = [step for step in shown.steps if step.event_class in _ON_THE_WAY]
    if shown.is_kept_back:
        # The login was stored, which is what this step counts, and then nobody handed over.
        way = [step for step in way if step.stage != Stage.HANDOFF]
    lines = [
        _line(step, lang, is_retry=before is not None and before.stage == step.stage and step.stage in _CALLS)
        for before, step in zip([None, *way], way, strict=False)
    ]
    refused = [_line(step, lang) for step in shown.steps if step.event_class == Class.BLOCKED]
    return Timeline([*lines, *_never_came(shown, lang, now)], refused)


def _line(step: Step, lang: Language, *, is_retry: bool = False) -> Line:
    say = translator(lang).gettext
    kind = _KINDS.get(Class(step.event_class), "failure")
    name = say(_ASKED_FOR if step.event_class == Class.BLOCKED else STAGES[Stage(step.stage)])
    if is_retry:
        name = say(_RETRY) % {"step": name}
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
    if shown.is_kept_back:
        return Stage.HANDOFF
    stages = {step.stage for step in shown.steps if step.event_class == Class.OK}
    if shown.outcome == Outcome.SUCCEEDED and shown.handoff == "openid":
        # Such a site may ask who it was, and need not.
        stages.add(Stage.REDEEM)
    if shown.outcome in {WAITING, Outcome.SUCCEEDED}:
        return next((stage for stage in _WAY if stage not in stages), None)
    return Stage.HANDOFF if shown.outcome == Outcome.FAILED else None
