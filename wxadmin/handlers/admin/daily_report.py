"""Yesterday's numbers as plain text, to be pasted into a chat."""

from collections.abc import Iterator, Sequence

from wxadmin.handlers.admin import login_cards
from wxadmin.handlers.admin.code_ranks import ranked, split
from wxadmin.handlers.admin.funnel import lost, spoken
from wxadmin.handlers.admin.numbers import per_cent, whole
from wxadmin.handlers.admin.vocabulary import STAGES
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Stage
from wxadmin.queries.overview import Figures

_WEEKDAYS = (
    *(msgid("Monday"), msgid("Tuesday"), msgid("Wednesday"), msgid("Thursday")),
    *(msgid("Friday"), msgid("Saturday"), msgid("Sunday")),
)
_NUMBERS = (
    ("people", msgid("People authorized")),
    ("succeeded", msgid("Successful authorizations")),
    ("success_rate", msgid("Success rate")),
    ("new_users", msgid("New users")),
    ("snapshot_share", msgid("Snapshot share")),
)
_WAY = (Stage.START, Stage.RETURN, Stage.EXCHANGE, Stage.HANDOFF, Stage.REDEEM)
_CODES = 5


def text(figures: Figures, narrowed: Sequence[str], lang: Language) -> str:
    """`narrowed` names the account, site and scope that it is of; none of them where it is of everybody."""
    say = translator(lang).gettext
    day = figures.compared.days.first
    title = say(msgid("WeChat authorization, daily report of %(day)s (%(weekday)s)"))
    return "\n".join(
        [
            title % {"day": day, "weekday": say(_WEEKDAYS[day.weekday()])},
            *narrowed,
            *_numbers(figures, lang),
            *_way(figures, lang),
            *_failures(figures, lang),
            *_time(figures, lang),
        ]
    )


def _numbers(figures: Figures, lang: Language) -> Iterator[str]:
    say, compared = translator(lang).gettext, figures.compared
    for name, label in _NUMBERS:
        beside = [
            login_cards.before(name, compared, lang, is_today=False),
            login_cards.week_before(name, compared, lang),
        ]
        delta, _ = login_cards.difference(name, compared.here, compared.before, lang)
        if delta:
            beside[0] = say(msgid("%(before)s (%(change)s)")) % {"before": beside[0], "change": delta}
        yield say(msgid("%(label)s: %(number)s; %(before)s; %(week)s")) % {
            "label": say(label),
            "number": login_cards.shown(compared.here.whole, name),
            "before": beside[0],
            "week": beside[1],
        }


def _way(figures: Figures, lang: Language) -> Iterator[str]:
    say, steps = translator(lang).gettext, figures.steps
    way = " → ".join(f"{say(STAGES[stage])} {whole(steps[stage].events)}" for stage in _WAY)
    yield say(msgid("Funnel: %s")) % way
    missing = lost(steps[Stage.START], steps[Stage.RETURN])
    started = steps[Stage.START].events
    yield say(msgid("Never came back from WeChat: %(number)s (%(share)s)")) % {
        "number": whole(missing),
        "share": per_cent(missing / started if started else None),
    }


def _failures(figures: Figures, lang: Language) -> Iterator[str]:
    say = translator(lang).gettext
    logins, renewals = split(figures.failures)
    ranks = ranked(logins, lang)
    total = whole(sum(rank.events for rank in ranks))
    codes = [f"{rank.code} {rank.title} {whole(rank.events)}" for rank in ranks if rank.code][:_CODES]
    if not codes:
        yield say(msgid("Failures: none"))
    else:
        yield say(msgid("Failures: %(total)s; most often %(codes)s")) % {
            "total": total,
            "codes": say(msgid(", ")).join(codes),
        }
    if renewals:
        yield say(msgid("Renewals of tokens that failed: %s")) % whole(renewals)


def _time(figures: Figures, lang: Language) -> Iterator[str]:
    say = translator(lang).gettext
    for stage in (Stage.EXCHANGE, Stage.HANDOFF):
        step = figures.steps[stage]
        if step.timed:
            yield say(msgid("%(step)s: median %(median)s, 95%% within %(p95)s")) % {
                "step": say(STAGES[stage]),
                "median": spoken(step.quantile(0.5), lang),
                "p95": spoken(step.quantile(0.95), lang),
            }
