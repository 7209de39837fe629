"""What staff send on about an attempt: words for the visitor, facts for the engineers."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from wxadmin import support_codes
from wxadmin.handlers.admin.verdicts import last_word, verdict
from wxadmin.i18n import Language, local_time, msgid, translator
from wxadmin.models import Outcome, Stage
from wxadmin.queries.attempt import AttemptShown, Step
from wxadmin.queries.attempts import WAITING
from wxadmin.vocabulary import BROWSERS, SCOPES, STAGES
from wxadmin.wechat import errcodes

_REPLIES = {
    WAITING: msgid(
        "You were sent to WeChat and are not back yet. Please tap Allow there, if it asks; otherwise open the link "
        "in WeChat once more."
    ),
    Outcome.SUCCEEDED: msgid(
        "Your login has worked on our side. Please open the page in WeChat once more; if it still does not know you, "
        "send us a screenshot."
    ),
    Outcome.SNAPSHOT: msgid(
        "WeChat has shown you a preview of the page, in which nobody can log in. Please tap “Use full service” at the "
        "bottom of the page, and then log in."
    ),
    Outcome.DENIED: msgid("The login was declined in WeChat. Please open the link once more and tap Allow."),
    Outcome.DUPLICATE: msgid("This login has been used already. Please open the page in WeChat once more."),
}
_NEVER_BACK = "gw_no_callback"
_OVER = msgid("This is over: please open the link in WeChat again now.")


def reply(shown: AttemptShown, lang: Language, *, is_over: bool = False) -> str:
    """What to send to the visitor, without a word of the trade; `is_over` where what kept them out is past."""
    if is_over:
        return translator(lang).gettext(_OVER)
    if shown.outcome == Outcome.ABANDONED:
        return errcodes.find(_NEVER_BACK, Stage.RETURN).reply(lang)
    if found := last_word(shown):
        return errcodes.find(*found).reply(lang)
    return translator(lang).gettext(_REPLIES[shown.outcome])


def for_engineers(shown: AttemptShown, *, lang: Language, zone: ZoneInfo, now: datetime, address: str) -> str:
    """Code, times, errcodes, rids, versions and the page's address, and nothing that tells who the visitor is."""
    say = translator(lang).gettext
    facts = {
        say(msgid("Support code")): support_codes.show(shown.support_code),
        say(msgid("Verdict")): verdict(shown, lang, now),
        say(msgid("Account")): shown.account,
        say(msgid("Site")): shown.site,
        say(msgid("Scope asked for")): say(SCOPES.get(shown.scope, shown.scope)),
        say(msgid("Channel")): shown.channel,
        say(msgid("Return URL")): _without_query(shown.return_url),
        say(msgid("Browser")): say(BROWSERS.get(shown.browser_family, shown.browser_family)),
        say(msgid("WeChat version")): shown.wechat_version,
    }
    steps = [_step(step, lang, zone) for step in shown.steps]
    return "\n".join([*_lines(facts), "", *steps, "", address])


def _lines(facts: Mapping[str, str | None]) -> Iterator[str]:
    yield from (f"{name}: {value}" for name, value in facts.items() if value)


def _step(step: Step, lang: Language, zone: ZoneInfo) -> str:
    said = [
        local_time(step.at, zone),
        translator(lang).gettext(STAGES[Stage(step.stage)]),
        step.code or "ok",
        f"“{step.errmsg}”" if step.errmsg else "",
        f"rid {step.rid}" if step.rid else "",
        f"HTTP {step.http_status}" if step.http_status not in {None, 200} else "",
        f"{step.duration_ms} ms" if step.duration_ms is not None else "",
    ]
    return "  ".join(filter(None, said))


def _without_query(url: str | None) -> str | None:
    """A query may hold what tells who somebody is."""
    if url is None:
        return None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
