"""How logins and attempts are counted."""

from wxadmin.handlers.admin.definitions.definition import Definition
from wxadmin.i18n import msgid

ROOM = msgid("Authorizations")
DEFINITIONS = (
    Definition(
        "people",
        msgid("People authorized"),
        msgid(
            "People who logged in on the day, each counted once, in the hour and at the site of their first login. "
            "Of several days, whoever came on each counts on each. One person of two accounts is two people, as WeChat "
            "has it."
        ),
        "login_hour.people",
        "SELECT count(*) FROM event WHERE first_of_day AND at >= :start AND at < :end",
    ),
    Definition(
        "succeeded",
        msgid("Successful authorizations"),
        msgid("Attempts that ended well; whoever logs in twice counts twice. Repeated callbacks do not count."),
        "login_hour.succeeded",
        "SELECT count(*) FROM event WHERE outcome = 'succeeded' AND at >= :start AND at < :end",
    ),
    Definition(
        "success_rate",
        msgid("Success rate"),
        msgid(
            "Succeeded ÷ (succeeded + failed − recovered + never came back). Repeated callbacks, snapshot people and "
            "refused starts stand apart. Differences are in percentage points."
        ),
        "login_hour",
        "SELECT 1.0 * count(*) FILTER (WHERE outcome = 'succeeded') / nullif(\n"
        "    count(*) FILTER (WHERE outcome IN ('succeeded', 'failed', 'abandoned'))\n"
        "    - count(*) FILTER (WHERE recovered), 0)\n"
        "FROM event WHERE event_class <> 'refused' AND at >= :start AND at < :end",
    ),
    Definition(
        "new_users",
        msgid("New users"),
        msgid("People who were stored for the first time. Snapshot people are never stored."),
        "login_hour.new_users",
        "SELECT count(*) FROM event WHERE new_user AND at >= :start AND at < :end",
    ),
    Definition(
        "snapshot_share",
        msgid("Snapshot share"),
        msgid(
            "Virtual people of WeChat's snapshot page ÷ (those and successful authorizations): the share of exchanged "
            "codes that brought nobody real. Less of it is better."
        ),
        "login_hour",
        "SELECT 1.0 * count(*) FILTER (WHERE outcome = 'snapshot') / nullif(\n"
        "    count(*) FILTER (WHERE outcome IN ('snapshot', 'succeeded')), 0)\n"
        "FROM event WHERE event_class <> 'refused' AND at >= :start AND at < :end",
    ),
    Definition(
        "waiting",
        msgid("Waiting"),
        msgid("Attempts that have neither come back nor been given up, which happens after ten minutes."),
        "attempt",
        "SELECT count(*) FROM attempt WHERE outcome IS NULL",
    ),
    Definition(
        "attempts",
        msgid("Attempts"),
        msgid(
            "All logins that were begun and starts that were refused, as far as they fit the filters; no more than "
            "10,000 are looked through for one page."
        ),
        "attempt",
        "SELECT count(*) FROM attempt",
    ),
    Definition(
        "attempt_took",
        msgid("How long an attempt took"),
        msgid("From the first click to the end, the visitor's time at WeChat included; of one that waits, until now."),
        "attempt",
        "SELECT started_at, ended_at FROM attempt WHERE support_code = :support_code",
    ),
)
