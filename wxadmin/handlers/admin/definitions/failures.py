"""How failures, and what else did not go its usual way, are counted."""

from wxadmin.handlers.admin.definitions.definition import Definition
from wxadmin.i18n import msgid

_FAILED = "FROM event WHERE event_class = 'failure' AND at >= :start AND at < :end"
_OF_LOGINS = f"{_FAILED} AND stage <> 'refresh'"
_LATER = (
    "FROM event AS later WHERE later.id > event.id AND later.id < event.id + 2516582400000\n"
    "        AND (event.stage <> 'refresh' AND later.outcome = 'succeeded'\n"
    "            OR event.stage = 'refresh' AND later.stage = 'refresh' AND later.event_class = 'ok')"
)

ROOM = msgid("Failures")
DEFINITIONS = (
    Definition(
        "failures",
        msgid("Failures"),
        msgid(
            "Steps of logins that failed, with WeChat's errcode or the gateway's reason. One attempt may fail at "
            "several steps, so this is not the number of failed attempts. Renewals of tokens that failed are told "
            "besides."
        ),
        "failure_hour",
        f"SELECT count(*) {_OF_LOGINS}",
    ),
    Definition(
        "failures_by_code",
        msgid("Failures by errcode"),
        msgid("The same steps by their errcode or reason; the share is of all of them."),
        "failure_hour",
        f"SELECT code, count(*),\n    1.0 * count(*) / (SELECT count(*) {_OF_LOGINS})\n{_OF_LOGINS} GROUP BY code",
    ),
    Definition(
        "failures_by_step",
        msgid("How often, by step"),
        msgid(
            "Events by errcode or reason, step and what they count as: failures, refused starts, refused redemptions, "
            "those that never came back, and duplicates each by themselves."
        ),
        "failure_hour",
        "SELECT code, stage, event_class, count(*) FROM event\n"
        "WHERE event_class <> 'ok' AND at >= :start AND at < :end GROUP BY code, stage, event_class",
    ),
    Definition(
        "people_affected",
        msgid("People affected"),
        msgid(
            "Users where they are known, else each attempt is somebody of its own: whoever tried three times without "
            "success counts as three. Of more than 2,000 events, the newest 2,000 are looked at, and a plus says so."
        ),
        "event",
        "SELECT code, stage, event_class, count(DISTINCT coalesce(user_id, attempt_id)) FROM event\n"
        "WHERE event_class <> 'ok' AND at >= :start AND at < :end GROUP BY code, stage, event_class",
    ),
    Definition(
        "recovered_share",
        msgid("Recovered"),
        msgid(
            "Of failures that are more than ten minutes old, the share after which the same attempt, or the user where "
            "it is known, logged in within ten minutes; of a failed renewal, the token was renewed. Of each errcode "
            "and step, the newest 100 are looked at in the list, the newest 2,000 on its own page. Ids begin with the "
            "moment: ten minutes are 2516582400000 of them."
        ),
        "event",
        "SELECT code, stage, event_class, 1.0 * sum(CASE WHEN\n"
        f"    EXISTS (SELECT 1 {_LATER} AND later.attempt_id = event.attempt_id)\n"
        f"    OR EXISTS (SELECT 1 {_LATER} AND later.user_id = event.user_id) THEN 1 ELSE 0 END) / count(*)\n"
        f"{_FAILED} AND at < :ten_minutes_ago GROUP BY code, stage, event_class",
    ),
    Definition(
        "against_usual",
        msgid("Against usual"),
        msgid(
            "The events of the last three full hours, against the mean of the same hours of the seven days before. "
            "Nothing is said where both are below 10, or where the counts do not reach back seven days."
        ),
        "failure_hour",
        "SELECT code, stage, event_class, count(*) FROM event\n"
        "WHERE event_class <> 'ok' AND at >= :start AND at < :end GROUP BY code, stage, event_class",
    ),
    Definition(
        "failures_seen",
        msgid("First and last seen"),
        msgid("The first and the last event of an errcode or reason at a step, within the range."),
        "event",
        "SELECT code, stage, event_class, min(at), max(at) FROM event\n"
        "WHERE event_class <> 'ok' AND at >= :start AND at < :end GROUP BY code, stage, event_class",
    ),
    Definition(
        "most_hit",
        msgid("Most hit"),
        msgid(
            "Sites, browsers and versions of WeChat behind an errcode or reason at a step, each as a share of those "
            "events that have any. The newest 100 events are looked at in the list, the newest 2,000 on its own page."
        ),
        "event, attempt",
        "SELECT event.code, event.stage, event.event_class, event.site_id, event.browser_family,\n"
        "    attempt.wechat_version, count(*)\n"
        "FROM event LEFT JOIN attempt ON attempt.id = event.attempt_id\n"
        "WHERE event.event_class <> 'ok' AND event.at >= :start AND event.at < :end\n"
        "GROUP BY event.code, event.stage, event.event_class, event.site_id, event.browser_family,\n"
        "    attempt.wechat_version",
    ),
    Definition(
        "steps",
        msgid("What happened, and how long it took"),
        msgid(
            "Each step as it was written down. A call to WeChat takes from its request to its answer, the way back "
            "from the first click to the return, the hand-off from the return to the redirect."
        ),
        "event",
        "SELECT event.at, event.stage, event.event_class, event.code, event.duration_ms\n"
        "FROM event JOIN attempt ON attempt.id = event.attempt_id\n"
        "WHERE attempt.support_code = :support_code ORDER BY event.at, event.id",
    ),
    Definition(
        "misconfigured",
        msgid("Needs attention: our configuration"),
        msgid(
            "Failures with an errcode that only settings cure, since the hour before this one. The SQL counts every "
            "errcode; which ones settings cure stands with each under Failures, as its side."
        ),
        "failure_hour",
        f"SELECT account_id, code, stage, count(*) {_FAILED}\nGROUP BY account_id, code, stage",
    ),
    Definition(
        "surges",
        msgid("Needs attention: more than usual"),
        msgid(
            "Attempts that stayed failed, attempts that nobody came back to, and duplicates, of the last three full "
            "hours. Usual is the mean of the same hours of the seven days before; more than twice that, and at least "
            "20, is told."
        ),
        "login_hour, failure_hour",
        "SELECT count(*) FILTER (WHERE outcome = 'failed' AND event_class <> 'refused')\n"
        "    - count(*) FILTER (WHERE recovered),\n"
        "    count(*) FILTER (WHERE outcome = 'abandoned'), count(*) FILTER (WHERE event_class = 'harmless')\n"
        "FROM event WHERE at >= :start AND at < :end",
    ),
)
