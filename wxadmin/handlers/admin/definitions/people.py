"""How users, their scopes and the sites of accounts are counted."""

from wxadmin.handlers.admin.definitions.definition import Definition
from wxadmin.i18n import msgid

_BEGUN = "stage = 'start' AND event_class <> 'refused'"
_EXPLICIT = "scope = 'snsapi_userinfo'"

ROOM = msgid("Scopes and users")
DEFINITIONS = (
    Definition(
        "silent_users",
        msgid("Silent only"),
        msgid("Users who never consented explicitly: an OpenID, no nickname, no avatar."),
        "user.granted_userinfo",
        'SELECT count(*) FROM "user" WHERE forgotten_at IS NULL AND NOT granted_userinfo',
    ),
    Definition(
        "explicit_users",
        msgid("Explicit"),
        msgid("Users who at least once allowed nickname and avatar."),
        "user.granted_userinfo",
        'SELECT count(*) FROM "user" WHERE forgotten_at IS NULL AND granted_userinfo',
    ),
    Definition(
        "explicit_share",
        msgid("Share with explicit consent"),
        msgid("Explicit users ÷ all users."),
        "user",
        'SELECT avg(CASE WHEN granted_userinfo THEN 1.0 ELSE 0 END) FROM "user"\nWHERE forgotten_at IS NULL',
    ),
    Definition(
        "explicit_conversion",
        msgid("Conversion of explicit authorization"),
        msgid("Of the attempts of the last 30 days that asked for explicit consent, the share that ended well."),
        "login_hour",
        f"SELECT 1.0 * count(*) FILTER (WHERE outcome = 'succeeded') / nullif(count(*) FILTER (WHERE {_BEGUN}), 0)\n"
        f"FROM event WHERE {_EXPLICIT} AND at >= :start AND at < :end",
    ),
    Definition(
        "users_by_site",
        msgid("Users by account and site"),
        msgid("Each user once, under the site of the last login."),
        "user.last_site_id",
        "SELECT account_id, last_site_id, count(*) FILTER (WHERE NOT granted_userinfo),\n"
        "    count(*) FILTER (WHERE granted_userinfo), avg(CASE WHEN granted_userinfo THEN 1.0 ELSE 0 END)\n"
        'FROM "user" WHERE forgotten_at IS NULL GROUP BY account_id, last_site_id',
    ),
    Definition(
        "upgrades",
        msgid("Upgrades from silent to explicit, by week"),
        msgid(
            "Users whose first explicit consent came after their first login, each once, in the week from Monday to "
            "Sunday in which it came. Whoever consented explicitly at the first login was never silent and is not "
            "among them; of whoever did before this was kept, the moment is known where all their attempts were."
        ),
        "user.explicit_at",
        'SELECT count(*) FROM "user"\n'
        "WHERE explicit_at > first_seen_at AND explicit_at >= :start AND explicit_at < :end",
    ),
    Definition(
        "asked",
        msgid("Asked for and granted, last 30 days"),
        msgid(
            "Attempts by the site and the scope that they asked for: begun, granted, stayed failed, never came back, "
            "on the snapshot page, the others (not back yet, or declined), and granted in per cent of begun. Refused "
            "starts do not count."
        ),
        "login_hour",
        "SELECT site_id, scope, begun, granted, failed, abandoned, snapshot,\n"  # noqa: S608, of constants
        "    CASE WHEN begun > granted + failed + abandoned + snapshot\n"
        "        THEN begun - granted - failed - abandoned - snapshot ELSE 0 END, 1.0 * granted / nullif(begun, 0)\n"
        f"FROM (SELECT site_id, scope, count(*) FILTER (WHERE {_BEGUN}) AS begun,\n"
        "    count(*) FILTER (WHERE outcome = 'succeeded') AS granted,\n"
        "    count(*) FILTER (WHERE outcome = 'failed' AND event_class <> 'refused')\n"
        "    - count(*) FILTER (WHERE recovered) AS failed,\n"
        "    count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,\n"
        "    count(*) FILTER (WHERE outcome = 'snapshot') AS snapshot\n"
        "    FROM event WHERE site_id IS NOT NULL AND at >= :start AND at < :end GROUP BY site_id, scope) AS counted",
    ),
    Definition(
        "users",
        msgid("Authorized users"),
        msgid(
            "People who ever authorized, once for each account, as far as they fit the filters; counted up to 10,000, "
            "and to the last one on demand. Site and channel find whoever ever came that way, while the list shows "
            "those of the last login; first and last login are the account's, by whatever channel."
        ),
        "user",
        'SELECT count(*) FROM "user" WHERE forgotten_at IS NULL',
    ),
    Definition(
        "user_logins",
        msgid("Logins of a user"),
        msgid(
            "How often WeChat said that it is this person, and the visitor was handed over to the site. It goes on "
            "counting where old events are no longer kept, so that the SQL may find fewer."
        ),
        "user.logins",
        "SELECT count(*) FROM event WHERE user_id = :user_id AND stage = 'handoff'",
    ),
    Definition(
        "channel_logins",
        msgid("Logins by site and channel"),
        msgid("The same by the site and by what had brought the visitor there."),
        "user_channel.logins",
        "SELECT event.site_id, coalesce(attempt.channel, ''), count(*)\n"
        "FROM event JOIN attempt ON attempt.id = event.attempt_id\n"
        "WHERE event.user_id = :user_id AND event.stage = 'handoff'\n"
        "GROUP BY event.site_id, coalesce(attempt.channel, '')",
    ),
    Definition(
        "account_sites",
        msgid("Sites of an account"),
        msgid("Those that are switched on."),
        "site",
        "SELECT account_id, count(*) FROM site WHERE disabled_at IS NULL GROUP BY account_id",
    ),
)
