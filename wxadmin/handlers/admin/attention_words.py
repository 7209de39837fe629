"""What needs attention now, in words and with the page that helps; for the first page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from wxadmin.handlers.admin.durations import spoken
from wxadmin.handlers.admin.job_words import JOBS
from wxadmin.i18n import Language, msgid, translator
from wxadmin.queries.attention import Surge
from wxadmin.queries.overview import Picture
from wxadmin.queries.standing import Standing
from wxadmin.queries.token_states import TokenHealth
from wxadmin.wechat import errcodes

# A refresh pass every half minute, and fifteen minutes in which a token may be renewed before it expires.
_LATE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Finding:
    """`badge` is bad or wait; `address` is below the path of PUBLIC_URL, `anchor` the definition of its number."""

    badge: str
    text: str
    address: str
    anchor: str = ""


def findings(picture: Picture, standing: Standing | None, now: datetime, lang: Language) -> list[Finding]:
    """The gravest first; none where nothing needs anybody. `standing` is None for those who see no tokens."""
    return [
        *_misconfigured(picture, lang),
        *_silence(picture, lang),
        *(_tokens(standing, lang) if standing else ()),
        *_jobs(picture, now, lang),
        *_surges(picture, lang),
    ]


def _misconfigured(picture: Picture, lang: Language) -> Iterator[Finding]:
    say = translator(lang).gettext
    for found in picture.misconfigured:
        entry = errcodes.find(found.code, found.stage)
        text = say(
            msgid("%(account)s: %(code)s %(title)s, %(times)s times in this hour and the one before. %(remedy)s")
        ) % {
            "account": found.account,
            "code": found.code,
            "title": entry.title(lang),
            "times": f"{found.times:,}",
            "remedy": entry.remedy(lang),
        }
        yield Finding("bad", text, f"/admin/failures/{found.code}", "misconfigured")


def _silence(picture: Picture, lang: Language) -> Iterator[Finding]:
    if picture.recent.is_silent:
        text = translator(lang).gettext(
            msgid("Nobody has begun a login for three hours, though at this time many do. Do the sites' links work?")
        )
        yield Finding("bad", text, "/admin/attempts")


def _tokens(standing: Standing, lang: Language) -> Iterator[Finding]:
    say = translator(lang).gettext
    late = standing.of(TokenHealth.LATE)
    if late:
        text = say(msgid("%s tokens expired before they were renewed.")) % f"{late:,}"
        yield Finding("bad", text, "/admin/tokens", "token_late")
    elif standing.lag > _LATE_AFTER:
        text = say(msgid("Refreshing lags behind by %s.")) % spoken(standing.at - standing.lag, standing.at, lang)
        yield Finding("wait", text, "/admin/tokens", "refresh_lag")


def _jobs(picture: Picture, now: datetime, lang: Language) -> Iterator[Finding]:
    say = translator(lang).gettext
    for job in picture.idle_jobs:
        values = {
            "job": say(JOBS[job.name]),
            "error": job.error,
            "ago": spoken(job.since, now, lang) if job.since else "",
        }
        if job.error:
            text = say(msgid("Background job “%(job)s” failed %(ago)s ago: %(error)s.")) % values
        elif job.since:
            text = (
                say(msgid("Background job “%(job)s” last ran %(ago)s ago. Is the gateway's log quiet about it?"))
                % values
            )
        else:
            text = say(msgid("Background job “%(job)s” has never run.")) % values
        yield Finding("bad", text, "/admin/definitions#jobs")


def _surges(picture: Picture, lang: Language) -> Iterator[Finding]:
    surges: tuple[tuple[Surge, str, str], ...] = (
        (
            picture.recent.failed,
            msgid("%(now)s logins failed in the last three full hours; %(usual)s are usual at this time."),
            "/admin/failures",
        ),
        (
            picture.recent.abandoned,
            msgid("%(now)s did not come back from WeChat in the last three full hours; %(usual)s are usual."),
            "/admin/attempts?outcome=abandoned",
        ),
        (
            picture.recent.repeated,
            msgid("%(now)s repeated callbacks in the last three full hours; %(usual)s are usual. They hurt nobody."),
            "/admin/failures",
        ),
    )
    say = translator(lang).gettext
    for surge, text, address in surges:
        if surge.is_one:
            told = say(text) % {"now": f"{surge.now:,}", "usual": f"{surge.usual:,.0f}"}
            yield Finding("wait", told, address, "surges")
