"""How tokens are counted."""

from wxadmin.handlers.admin.definitions.definition import Definition
from wxadmin.i18n import msgid

_OF_TOKENS = "FROM token WHERE"
_TOKENS = f"SELECT count(*) {_OF_TOKENS}"
_USERINFO = "scope LIKE '%snsapi_userinfo%'"
_REFRESHED = (
    "(next_refresh_at < refresh_expires_at AND account_id IN (SELECT id FROM account\n"
    "    WHERE disabled_at IS NULL AND refresh_policy <> 'none' AND appid NOT LIKE 'wxsample%'))"
)
_HELD = "account_id IN (SELECT account_id FROM account_refresh WHERE hold IS NOT NULL)"
_UNLEASED = "(lease_until IS NULL OR lease_until <= :now)"

ROOM = msgid("Token health")
DEFINITIONS = (
    Definition(
        "active_tokens",
        msgid("Active tokens"),
        msgid("Tokens that are valid, whether or not their refresh is due."),
        "token",
        f"{_TOKENS} state = 'active' AND (expires_at > :now OR lease_until > :now)",
    ),
    Definition(
        "dying_tokens",
        msgid("Consents ending within 3 days"),
        msgid(
            "Explicit consents end thirty days after they were given, and refreshing does not move that end. Counted "
            "by the hour in which they end."
        ),
        "token.refresh_expires_at",
        f"{_TOKENS} state = 'active' AND {_USERINFO}\n"
        "AND refresh_expires_at >= :this_hour AND refresh_expires_at < :hour_after_three_days",
    ),
    Definition(
        "needs_consent",
        msgid("Need consent again"),
        msgid("WeChat said that the consent has ended. Silent users are not counted: their next visit renews it."),
        "token.state",
        f"{_TOKENS} state = 'needs_consent' AND {_USERINFO}",
    ),
    Definition(
        "token_fresh",
        msgid("Fresh"),
        msgid("Valid, and not due for a refresh yet."),
        "token",
        f"{_TOKENS} state = 'active' AND failures = 0 AND expires_at > :now AND {_UNLEASED}\n"
        f"AND (next_refresh_at > :now OR NOT {_REFRESHED})",
    ),
    Definition(
        "token_due",
        msgid("Due"),
        msgid("Valid, and due for a refresh that the next pass makes."),
        "token.next_refresh_at",
        f"{_TOKENS} state = 'active' AND failures = 0 AND expires_at > :now AND {_UNLEASED}\n"
        f"AND next_refresh_at <= :now AND {_REFRESHED} AND NOT {_HELD}",
    ),
    Definition(
        "token_refreshing",
        msgid("Refreshing"),
        msgid("Taken by a process that asks WeChat at this moment."),
        "token.lease_until",
        f"{_TOKENS} state = 'active' AND lease_until > :now",
    ),
    Definition(
        "token_backing_off",
        msgid("Backing off"),
        msgid("Valid, though the last refresh failed; it is tried again after a pause that grows with each failure."),
        "token.failures",
        f"{_TOKENS} state = 'active' AND failures > 0 AND expires_at > :now AND {_UNLEASED}\n"
        f"AND NOT ({_HELD} AND {_REFRESHED})",
    ),
    Definition(
        "token_paused",
        msgid("Paused"),
        msgid(
            "Their refresh is due, failed or overdue, and waits, since refreshing is paused at their account. The page "
            "says why."
        ),
        "token, account_refresh",
        f"{_TOKENS} state = 'active' AND {_UNLEASED} AND {_HELD} AND {_REFRESHED}\n"
        "AND (expires_at <= :now OR next_refresh_at <= :now OR failures > 0)",
    ),
    Definition(
        "late_tokens",
        msgid("Late, by reason"),
        msgid("Late tokens by account and by what their last refresh ended with; nothing where none was tried."),
        "token.last_code",
        f"SELECT account_id, coalesce(last_code, ''), count(*) {_OF_TOKENS} state = 'active' AND expires_at <= :now\n"
        f"AND {_UNLEASED} AND {_REFRESHED} AND NOT {_HELD} GROUP BY account_id, coalesce(last_code, '')",
    ),
    Definition(
        "token_late",
        msgid("Late"),
        msgid("Expired before it was renewed, at an account whose tokens are refreshed. There should be none."),
        "token.expires_at",
        f"{_TOKENS} state = 'active' AND expires_at <= :now AND {_UNLEASED}\nAND {_REFRESHED} AND NOT {_HELD}",
    ),
    Definition(
        "token_needs_consent",
        msgid("Needs consent"),
        msgid("The same as “Need consent again”: explicit consents that have ended."),
        "token.state",
        f"{_TOKENS} state = 'needs_consent' AND {_USERINFO}",
    ),
    Definition(
        "token_states",
        msgid("By account and state"),
        msgid(
            "Every token that is stored is in one state, the first that fits: its consent has ended; it is being "
            "refreshed; it has expired where nobody renews; it waits, its account being paused; it has expired before "
            "it was renewed; its last refresh failed; its refresh is due; else it is fresh."
        ),
        "token",
        "SELECT account_id, CASE\n"
        f"    WHEN state = 'needs_consent' AND {_USERINFO} THEN 'needs_consent'\n"
        "    WHEN state = 'needs_consent' THEN 'next_visit'\n"
        "    WHEN lease_until > :now THEN 'refreshing'\n"
        f"    WHEN expires_at <= :now AND NOT {_REFRESHED} THEN 'resting'\n"
        f"    WHEN {_HELD} AND {_REFRESHED}\n"
        "        AND (expires_at <= :now OR next_refresh_at <= :now OR failures > 0) THEN 'paused'\n"
        "    WHEN expires_at <= :now THEN 'late'\n"
        "    WHEN failures > 0 THEN 'backing_off'\n"
        f"    WHEN next_refresh_at <= :now AND {_REFRESHED} THEN 'due'\n"
        "    ELSE 'fresh' END AS health, count(*)\n"
        "FROM token GROUP BY account_id, health",
    ),
    Definition(
        "refresh_lag",
        msgid("Refresh lag"),
        msgid(
            "How long the longest overdue token of a refreshed account has been waiting for its refresh. The SQL "
            "gives the moment since which."
        ),
        "token.next_refresh_at",
        f"SELECT min(next_refresh_at) {_OF_TOKENS} state = 'active' AND next_refresh_at <= :now\n"
        f"AND (lease_until > :now OR {_REFRESHED})",
    ),
    Definition(
        "forecast",
        msgid("Consents that end, by day"),
        msgid("Explicit consents that are still valid, by the day on which they end, counted by the hour."),
        "token.refresh_expires_at",
        f"{_TOKENS} state = 'active' AND {_USERINFO}\nAND refresh_expires_at >= :start AND refresh_expires_at < :end",
    ),
    Definition(
        "refresh_costs",
        msgid("Whose tokens are refreshed, in calls a day"),
        msgid(
            "The tokens that live now, times a day ÷ the mean time between two refreshes of a token, which "
            "WXADMIN_REFRESH_AHEAD decides on. The SQL gives the tokens: of everybody, and of people who agreed."
        ),
        "token.refresh_expires_at",
        f"SELECT account_id, count(*), count(*) FILTER (WHERE {_USERINFO})\n"
        f"{_OF_TOKENS} state = 'active' AND refresh_expires_at >= :this_hour GROUP BY account_id",
    ),
    Definition(
        "refresh_passes",
        msgid("Refresh passes"),
        msgid(
            "What each pass took and what came of it. Not called are tokens that were given back when the process was "
            "told to stop, and tokens whose consent has ended or that their account's policy leaves out."
        ),
        "refresh_pass",
        "SELECT started_at, leased, renewed, overtaken, given_back + put_aside, failures\n"
        "FROM refresh_pass WHERE started_at >= :start AND started_at < :end ORDER BY id DESC",
    ),
    Definition(
        "refreshes",
        msgid("Refreshes of the last 24 hours"),
        msgid("Calls that renewed a token or failed to, in this hour and the twenty-three before it."),
        "step_hour, failure_hour",
        "SELECT code, count(*) FROM event WHERE stage = 'refresh' AND at >= :start AND at < :end GROUP BY code",
    ),
)
