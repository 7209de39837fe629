"""The numbers of logins of some days, each beside what it was before."""

from wxadmin.handlers.admin.numbers import Number, Trend, change, per_cent, points, whole
from wxadmin.i18n import Language, msgid, translator
from wxadmin.queries.compared import Compared, Pair
from wxadmin.queries.hours import Logins

_COUNTS = (
    (msgid("People authorized"), "people"),
    (msgid("Successful authorizations"), "succeeded"),
    (msgid("Success rate"), "success_rate"),
    (msgid("New users"), "new_users"),
    (msgid("Snapshot share"), "snapshot_share"),
)
_SHARES = {"success_rate", "snapshot_share"}
# What should not grow.
_BAD = {"snapshot_share"}
_TURNED = {Trend.GOOD: Trend.BAD, Trend.BAD: Trend.GOOD, Trend.SAME: Trend.SAME}


def cards(compared: Compared, lang: Language, *, is_today: bool) -> list[Number]:
    """Differences are of what was over by the last full hour; the numbers before are whole."""
    return [_card(label, name, compared, lang, is_today=is_today) for label, name in _COUNTS]


def shown(logins: Logins, name: str) -> str:
    """The number of this name, as pages write it."""
    value = getattr(logins, name)
    return per_cent(value) if name in _SHARES else whole(value)


def difference(name: str, here: Pair, before: Pair, lang: Language) -> tuple[str, Trend]:
    """In per cent, of shares in percentage points; empty where there was nothing before. The hour that runs is in a
    share, where trouble shows first, and in no count: it would always be fewer."""
    now, then = getattr(here.whole if name in _SHARES else here.so_far, name), getattr(before.so_far, name)
    told, trend = points(now, then, translator(lang).gettext) if name in _SHARES else change(now, then)
    return told, _TURNED[trend] if name in _BAD else trend


def week_before(name: str, compared: Compared, lang: Language) -> str:
    """What it was on the same weekday of the week before; empty of several days."""
    week = compared.week_before
    if week is None:
        return ""
    say, number = translator(lang).gettext, shown(week.whole, name)
    told, _ = difference(name, compared.here, week, lang)
    if not told:
        return say(msgid("same weekday last week %s")) % number
    text = (
        msgid("same weekday last week %(number)s (%(change)s)")
        if week.is_over
        else msgid("same weekday last week %(number)s (at this hour %(change)s)")
    )
    return say(text) % {"number": number, "change": told}


def before(name: str, compared: Compared, lang: Language, *, is_today: bool) -> str:
    """What it was in the days before."""
    say, number = translator(lang).gettext, shown(compared.before.whole, name)
    if is_today:
        return say(msgid("yesterday %s")) % number
    if compared.days.number == 1:
        return say(msgid("the day before %s")) % number
    return say(msgid("the %(days)d days before %(number)s")) % {"days": compared.days.number, "number": number}


def _card(label: str, name: str, compared: Compared, lang: Language, *, is_today: bool) -> Number:
    delta, trend = difference(name, compared.here, compared.before, lang)
    return Number(
        label,
        shown(compared.here.whole, name),
        name,
        delta,
        trend,
        before(name, compared, lang, is_today=is_today),
        also=week_before(name, compared, lang),
    )
