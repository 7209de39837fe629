"""How the steps between a login's start and its redemption are counted."""

from wxadmin.handlers.admin.definitions.definition import Definition
from wxadmin.i18n import msgid
from wxadmin.models.counts import DURATION_BUCKETS_MS

_LOWER_ENDS = (-1, *DURATION_BUCKETS_MS)
_RANGES = ",\n".join(
    f"    count(*) FILTER (WHERE duration_ms > {lower} AND duration_ms <= {upper})"
    for lower, upper in zip(_LOWER_ENDS, DURATION_BUCKETS_MS, strict=False)
)
_WENT_WELL = "FROM event WHERE event_class = 'ok' AND at >= :start AND at < :end"

ROOM = msgid("From start to redemption")
DEFINITIONS = (
    Definition(
        "funnel",
        msgid("Funnel"),
        msgid(
            "How often each step went well, counted in the hour in which it happened. What is lost is the difference "
            "to the step before; never below zero, though in a short span some come through who began before it, and "
            "those still on their way look lost. Whoever tries a second code under one login is counted at each, and "
            "so is each ticket that a site redeems."
        ),
        "step_hour",
        f"SELECT stage, count(*) {_WENT_WELL}\n"
        "AND stage IN ('start', 'return', 'exchange', 'handoff', 'redeem') GROUP BY stage",
    ),
    Definition(
        "step_times",
        msgid("How long steps take"),
        msgid(
            "Of steps that went well: half took no longer than the median, 95 in 100 no longer than the other. "
            "Durations are kept as counts in ten ranges; within a range they are taken to lie evenly, so both are good "
            "to the range they lie in. What took over 6.4 seconds is only known to have done so. The SQL counts the "
            "ranges."
        ),
        "step_hour",
        f"SELECT stage,\n{_RANGES},\n    count(*) FILTER (WHERE duration_ms > {DURATION_BUCKETS_MS[-1]})\n"
        f"{_WENT_WELL}\nAND stage IN ('return', 'exchange', 'userinfo', 'handoff', 'redeem')\n"
        "AND duration_ms IS NOT NULL GROUP BY stage",
    ),
    Definition(
        "returns",
        msgid("Needs attention: returns collapsed"),
        msgid(
            "The newest starts that sent somebody to WeChat, each at least 90 seconds old, of an account or one of "
            "its scopes: told where fewer than a fifth of them came back, though at least half did in the seven days "
            "before. Where fewer than 20 began in those days, all sites say what is usual; where nobody has ever come"
            " back, eight are enough. Else there have to be at least eight who did not, and so many that chance "
            "explains it once in a hundred thousand times; the first of them is since when. The SQL counts starts and"
            " returns of a span."
        ),
        "attempt",
        "SELECT count(*), count(returned_at) FROM attempt\n"
        "WHERE state_hash IS NOT NULL AND started_at >= :start AND started_at < :end",
    ),
)
