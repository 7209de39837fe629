"""What is said where nobody comes back from WeChat any more, and where to look for the cause."""

from datetime import datetime, tzinfo

from wxadmin.days import day_of
from wxadmin.handlers.admin.numbers import per_cent, whole
from wxadmin.i18n import Language, msgid, translator
from wxadmin.queries.returns import Collapse
from wxadmin.vocabulary import SCOPES
from wxadmin.wechat import errcodes

# What WeChat's own page says most often; 10005 may concern one scope alone, the others never do.
_CAUSES = ("10003", "10005", "10004")
_OF_ONE_SCOPE = ("10005", "10003", "10004")


def told(found: Collapse, now: datetime, zone: tzinfo, lang: Language) -> str:
    """In some sentences: since when, how many, and why no failure is counted."""
    say = translator(lang).gettext
    text = (
        msgid(
            "%(who)s: since %(since)s, nobody comes back from WeChat. Of the first %(started)s logins begun, "
            "%(returned)s came back. None of them counts as a failure, since WeChat tells nobody of its own error "
            "pages. Open the login in WeChat to read which it is. Likely:"
        )
        if found.usual is None
        else msgid(
            "%(who)s: returns from WeChat collapsed at %(since)s. Of the newest %(started)s logins begun, %(returned)s "
            "came back; usually %(usual)s do. None of them counts as a failure, since WeChat tells nobody of its own "
            "error pages. Open the login in WeChat to read which it is. Likely:"
        )
    )
    return say(text) % {
        "who": _who(found, lang),
        "since": _moment(found.since, now, zone),
        "started": whole(found.started),
        "returned": whole(found.returned),
        "usual": per_cent(found.usual),
    }


def causes(found: Collapse, lang: Language) -> tuple[tuple[str, str], ...]:
    """Addresses of the pages that help, each with what it is called."""
    say = translator(lang).gettext
    codes = _OF_ONE_SCOPE if found.scope else _CAUSES
    pages = [(f"/admin/failures/{code}", f"{code} {errcodes.find(code, 'authorize').title(lang)}") for code in codes]
    return *pages, ("/admin/doctor", say(msgid("Doctor")))


def _who(found: Collapse, lang: Language) -> str:
    say = translator(lang).gettext
    if found.account is None:
        return say(msgid("All accounts"))
    if found.scope is None:
        return found.account
    scope = say(SCOPES[found.scope]) if found.scope in SCOPES else found.scope
    return say(msgid("%(account)s (%(scope)s)")) % {"account": found.account, "scope": scope}


def _moment(at: datetime, now: datetime, zone: tzinfo) -> str:
    there = at.astimezone(zone)
    return f"{there:%H:%M}" if day_of(at, zone) == day_of(now, zone) else f"{there:%m-%d %H:%M}"
