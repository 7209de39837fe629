"""What needs attention now, in words and with the page that helps; for the first page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from wxadmin.handlers.admin import returns_words
from wxadmin.handlers.admin.durations import spoken
from wxadmin.handlers.admin.job_words import JOBS
from wxadmin.handlers.admin.menu import NOT_MARKETERS
from wxadmin.handlers.admin.remedies import remedy_for
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Role
from wxadmin.queries.attention import Surge
from wxadmin.queries.overview import State
from wxadmin.queries.standing import Standing
from wxadmin.queries.token_states import TokenHealth
from wxadmin.wechat import errcodes

# A refresh pass every half minute, and fifteen minutes in which a token may be renewed before it expires.
_LATE_AFTER = timedelta(minutes=5)


_ONCE = msgid("%(account)s: %(code)s %(title)s, once in this hour and the one before. %(remedy)s")
_TIMES = msgid("%(account)s: %(code)s %(title)s, %(times)s times in this hour and the one before. %(remedy)s")


@dataclass(frozen=True, slots=True)
class Finding:
    """`badge` is bad or wait; `address` is below the path of PUBLIC_URL, `anchor` the definition of its number, and
    `causes` are the addresses of what it may come from, each with what it is called."""

    badge: str
    text: str
    address: str
    anchor: str = ""
    causes: tuple[tuple[str, str], ...] = ()


def findings(
    state: State, standing: Standing | None, now: datetime, lang: Language, *, zone: tzinfo, role: Role
) -> list[Finding]:
    """The gravest first; none where nothing needs anybody. `standing` is None for those who see no tokens."""
    return [
        *_misconfigured(state, lang, role),
        *_collapses(state, now, lang, zone),
        *_silence(state, lang),
        *(_tokens(standing, lang) if standing else ()),
        *_jobs(state, now, lang),
        *_surges(state, lang),
    ]


def _misconfigured(state: State, lang: Language, role: Role) -> Iterator[Finding]:
    for found in state.misconfigured:
        entry = errcodes.find(found.code, found.stage)
        text = translator(lang).gettext(_ONCE if found.times == 1 else _TIMES) % {
            "account": found.account,
            "code": found.code,
            "title": entry.title(lang),
            "times": f"{found.times:,}",
            # Whoever looks at no failures mends none: the badge says whose it is.
            "remedy": remedy_for(entry, role, lang) if role in NOT_MARKETERS else "",
        }
        yield Finding("bad", text.strip(), f"/admin/failures/{found.code}", "misconfigured")


def _collapses(state: State, now: datetime, lang: Language, zone: tzinfo) -> Iterator[Finding]:
    for found in state.collapses:
        text, causes = returns_words.told(found, now, zone, lang), returns_words.causes(found, lang)
        yield Finding("bad", text, "/admin/attempts?outcome=waiting", "returns", causes)


def _silence(state: State, lang: Language) -> Iterator[Finding]:
    if state.recent.is_silent:
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


def _jobs(state: State, now: datetime, lang: Language) -> Iterator[Finding]:
    say = translator(lang).gettext
    for job in state.idle_jobs:
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


def _surges(state: State, lang: Language) -> Iterator[Finding]:
    surges: tuple[tuple[Surge, str, str], ...] = (
        (
            state.recent.failed,
            msgid("%(now)s logins failed in the last three full hours; %(usual)s are usual at this time."),
            "/admin/failures",
        ),
        (
            state.recent.abandoned,
            msgid("%(now)s did not come back from WeChat in the last three full hours; %(usual)s are usual."),
            "/admin/attempts?outcome=abandoned",
        ),
        (
            state.recent.repeated,
            msgid("%(now)s repeated callbacks in the last three full hours; %(usual)s are usual. They hurt nobody."),
            "/admin/failures",
        ),
    )
    say = translator(lang).gettext
    for surge, text, address in surges:
        if surge.is_one:
            told = say(text) % {"now": f"{surge.now:,}", "usual": f"{surge.usual:,.0f}"}
            yield Finding("wait", told, address, "surges")
