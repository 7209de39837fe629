"""What came of an attempt, in one sentence."""

from datetime import datetime

from wxadmin.handlers.admin.durations import spoken
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Class, Outcome, Stage
from wxadmin.queries.attempt import AttemptShown, Step
from wxadmin.queries.attempts import REFUSED, WAITING
from wxadmin.services.claims import STATE_USED
from wxadmin.vocabulary import STAGES
from wxadmin.wechat import errcodes
from wxadmin.wechat.errcodes import Entry

_NOT_WECHAT = "gw_not_wechat"

_SENTENCES = {
    WAITING: msgid("The visitor is at WeChat, for %(how_long)s so far. After ten minutes this counts as never back."),
    Outcome.FAILED: msgid("Failed at the step “%(step)s”: %(title)s (%(code)s)."),
    Outcome.ABANDONED: msgid("The visitor went to WeChat and did not come back within ten minutes."),
    Outcome.DENIED: msgid("The visitor came back from WeChat without a code: they declined."),
    Outcome.SNAPSHOT: msgid("WeChat showed its snapshot page: a virtual person, so nobody was logged in."),
    Outcome.DUPLICATE: msgid("A code that had been used before: a repeat that hurt nobody."),
    REFUSED: msgid("Refused before WeChat was asked: %(title)s (%(code)s)."),
}
_IN_HAND = msgid("The visitor is back from WeChat, and the login is being finished.")
_REDEEMED = msgid("Succeeded: the visitor was handed to the site, and the site has asked who it is.")
_NOT_REDEEMED = msgid("Succeeded here, but the site has not asked who it is: look at the site's own page.")
_NOT_GIVEN = msgid("Succeeded here, but the site was refused when it asked who it is: %(title)s (%(code)s).")
_IN_WECOM = msgid("Refused before WeChat was asked: opened in WeCom, which gets no login from WeChat (%(code)s).")
_TOLD = msgid("Succeeded: the visitor was handed to the site, which reads who it is from the address.")
_KEPT_BACK = msgid(
    "Succeeded at WeChat, but this site takes nobody without nickname and picture: the visitor got a page."
)
_RECOVERED = msgid("It had failed before, and worked at the second try.")
_REPEATED = msgid("WeChat's answer came %(times)d times; the visitor saw no error of it.")
_NO_PROFILE = msgid("The profile could not be fetched: %(title)s (%(code)s).")


def verdict(shown: AttemptShown, lang: Language, now: datetime) -> str:
    """One sentence; two where a success had something amiss on the way."""
    say = translator(lang).gettext
    if shown.outcome == Outcome.SUCCEEDED:
        return _of_success(shown, lang)
    if shown.outcome == WAITING and shown.returned_at is not None:
        return say(_IN_HAND)
    code = shown.ended_by or ""
    stage = _stage_of_end(shown)
    facts = {
        "how_long": spoken(shown.started_at, now, lang),
        "step": say(STAGES[stage]),
        "title": errcodes.find(code, stage).title(lang),
        "code": code,
    }
    is_in_wecom = code == _NOT_WECHAT and shown.browser_family == "wecom"
    return say(_IN_WECOM if is_in_wecom else _SENTENCES[shown.outcome]) % facts


def entry_of(shown: AttemptShown) -> Entry | None:
    """What the catalogue says of an attempt that was no login, or that its site was refused; None where there is
    nothing to do."""
    found = last_word(shown)
    return errcodes.find(*found) if found else None


def last_word(shown: AttemptShown) -> tuple[str, str] | None:
    """The code, and the stage, that stand behind an attempt that was no login, or that its site was refused."""
    if refused := _refused_redemption(shown):
        return refused.code, refused.stage
    return (shown.ended_by, _stage_of_end(shown)) if shown.ended_by else None


def _of_success(shown: AttemptShown, lang: Language) -> str:
    say = translator(lang).gettext
    if blocked := _refused_redemption(shown):
        sentences = [_with_title(_NOT_GIVEN, blocked, lang)]
    else:
        sentences = [say(_handed_over(shown))]
    if shown.recovered_at:
        sentences.append(say(_RECOVERED))
    if _repeats(shown):
        sentences.append(say(_REPEATED) % {"times": _repeats(shown) + 1})
    if refused := _last_failure(shown, Stage.USERINFO):
        sentences.append(_with_title(_NO_PROFILE, refused, lang))
    return (" " if lang == "en" else "").join(sentences)


def _repeats(shown: AttemptShown) -> int:
    """How often the same browser came back once more and got the same answer."""
    return sum(step.event_class == Class.HARMLESS and step.code == STATE_USED for step in shown.steps)


def _with_title(sentence: str, step: Step, lang: Language) -> str:
    title = errcodes.find(step.code, step.stage).title(lang)
    return translator(lang).gettext(sentence) % {"title": title, "code": step.code}


def _refused_redemption(shown: AttemptShown) -> Step | None:
    """The last one, where the site has not got its answer since."""
    refused = [step for step in shown.steps if step.event_class == Class.BLOCKED]
    return refused[-1] if refused and not shown.redeemed_at else None


def _handed_over(shown: AttemptShown) -> str:
    if shown.redeemed_at:
        return _REDEEMED
    if shown.is_kept_back:
        return _KEPT_BACK
    return _TOLD if shown.handoff == "openid" else _NOT_REDEEMED


def _stage_of_end(shown: AttemptShown) -> Stage:
    ends = [step for step in shown.steps if step.code == shown.ended_by and step.event_class != Class.HARMLESS]
    return Stage(ends[-1].stage) if ends else Stage.START


def _last_failure(shown: AttemptShown, stage: Stage) -> Step | None:
    steps = [step for step in shown.steps if step.stage == stage]
    return steps[-1] if steps and steps[-1].event_class == Class.FAILURE else None
