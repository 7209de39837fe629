"""What each number of the dashboard means: its formula, its table, and the SQL that counts it again."""

from dataclasses import dataclass

from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.i18n import msgid


@dataclass(frozen=True, slots=True)
class Definition:
    """`anchor` is its place on the page, `name` and `formula` are msgids; `sql` asks the events or rows themselves,
    where :start and :end bound a span in UTC. It is shown, never run from here."""

    anchor: str
    name: str
    formula: str
    table: str
    sql: str


_OF_TOKENS = "FROM token WHERE"
_TOKENS = f"SELECT count(*) {_OF_TOKENS}"
_REFRESHED = (
    "account_id IN (SELECT id FROM account WHERE disabled_at IS NULL AND refresh_policy <> 'none' "
    "AND appid NOT LIKE 'wxsample%')"
)
_UNLEASED = "(lease_until IS NULL OR lease_until <= :now)"
_USERINFO = "scope LIKE '%snsapi_userinfo%'"

LOGINS = (
    Definition(
        "people",
        msgid("People authorized"),
        msgid(
            "People who logged in on the day, each counted once, in the hour and at the site of their first login. "
            "One person of two accounts is two people, as WeChat has it."
        ),
        "login_hour.people",
        "SELECT count(*) FROM event WHERE first_of_day AND at >= :start AND at < :end",
    ),
    Definition(
        "succeeded",
        msgid("Successful authorizations"),
        msgid("Attempts that ended well, as often as people log in. Repeated callbacks are none."),
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
        "SELECT 1.0 * sum(succeeded) / sum(succeeded + failed - recovered + abandoned) FROM login_hour "
        "WHERE hour >= :start AND hour < :end",
    ),
    Definition(
        "new_users",
        msgid("New users"),
        msgid("People who were stored for the first time. Snapshot people are never stored."),
        "login_hour.new_users",
        "SELECT count(*) FROM event WHERE new_user AND at >= :start AND at < :end",
    ),
    Definition(
        "waiting",
        msgid("Waiting"),
        msgid("Attempts that have neither come back nor been given up, which happens after ten minutes."),
        "attempt",
        "SELECT count(*) FROM attempt WHERE outcome IS NULL",
    ),
    Definition(
        "failures",
        msgid("Failures by errcode"),
        msgid(
            "Steps that failed, by WeChat's errcode or the gateway's reason, refreshes included. One attempt may fail "
            "at several steps, so this is not the number of failed attempts."
        ),
        "failure_hour",
        "SELECT code, count(*) FROM event WHERE event_class = 'failure' AND at >= :start AND at < :end GROUP BY code",
    ),
)
TOKENS = (
    Definition(
        "active_tokens",
        msgid("Active tokens"),
        msgid("Tokens that are valid: fresh, due, being refreshed or to be tried again."),
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
        f"{_TOKENS} state = 'active' AND {_USERINFO} AND refresh_expires_at >= :this_hour "
        "AND refresh_expires_at < :hour_after_three_days",
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
        f"{_TOKENS} state = 'active' AND failures = 0 AND expires_at > :now AND {_UNLEASED} "
        f"AND (next_refresh_at > :now OR NOT {_REFRESHED})",
    ),
    Definition(
        "token_late",
        msgid("Late"),
        msgid("Expired before it was renewed, at an account whose tokens are refreshed. There should be none."),
        "token.expires_at",
        f"{_TOKENS} state = 'active' AND expires_at <= :now AND {_UNLEASED} AND {_REFRESHED}",
    ),
    Definition(
        "token_needs_consent",
        msgid("Needs consent"),
        msgid("The same as “Need consent again”: explicit consents that have ended."),
        "token.state",
        f"{_TOKENS} state = 'needs_consent' AND {_USERINFO}",
    ),
    Definition(
        "refresh_lag",
        msgid("Refresh lag"),
        msgid("How long the longest overdue token of a refreshed account has been waiting for its refresh."),
        "token.next_refresh_at",
        f"SELECT min(next_refresh_at) {_OF_TOKENS} state = 'active' AND {_REFRESHED}",
    ),
    Definition(
        "forecast",
        msgid("Consents that end, by day"),
        msgid("Explicit consents that are still valid, by the day on which they end, counted by the hour."),
        "token.refresh_expires_at",
        f"{_TOKENS} state = 'active' AND {_USERINFO} AND refresh_expires_at >= :start AND refresh_expires_at < :end",
    ),
    Definition(
        "refreshes",
        msgid("Refreshes of the last 24 hours"),
        msgid("Calls that renewed a token or failed to, in this hour and the twenty-three before it."),
        "step_hour, failure_hour",
        "SELECT code, count(*) FROM event WHERE stage = 'refresh' AND at >= :start AND at < :end GROUP BY code",
    ),
)
SCOPES = (
    Definition(
        "silent_users",
        msgid("Silent only"),
        msgid("Users who never consented explicitly: an OpenID, no nickname, no avatar."),
        "user.granted_userinfo",
        'SELECT count(*) FROM "user" WHERE NOT granted_userinfo',
    ),
    Definition(
        "explicit_users",
        msgid("Explicit"),
        msgid("Users who at least once allowed nickname and avatar."),
        "user.granted_userinfo",
        'SELECT count(*) FROM "user" WHERE granted_userinfo',
    ),
    Definition(
        "explicit_share",
        msgid("Share with explicit consent"),
        msgid("Explicit users ÷ all users."),
        "user",
        'SELECT avg(CASE WHEN granted_userinfo THEN 1.0 ELSE 0 END) FROM "user"',
    ),
    Definition(
        "explicit_conversion",
        msgid("Conversion of explicit authorization"),
        msgid("Of the attempts of the last 30 days that asked for explicit consent, the share that ended well."),
        "login_hour",
        "SELECT 1.0 * sum(succeeded) / sum(started) FROM login_hour "
        "WHERE scope = 'snsapi_userinfo' AND hour >= :start AND hour < :end",
    ),
)
ALL = (*LOGINS, *TOKENS, *SCOPES)


class Definitions(StaffHandler):
    """For everyone of the staff: a number that cannot be explained is not believed."""

    def get(self) -> None:
        rooms = (
            (msgid("Authorizations"), LOGINS),
            (msgid("Token health"), TOKENS),
            (msgid("Scopes"), SCOPES),
        )
        self.show("definitions/page.html", rooms=rooms, zone=self.front.zone.key)
