"""What a sample tells: its tables agree with each other as those of a real installation do."""

from itertools import groupby, pairwise

from tests.sample.trial import EVENTS, KEYS, UNTIL, USERS, Trial
from wxadmin.models import BLOCK, Attempt, Event, Token, User, UserChannel
from wxadmin.models.sealed import secret_bound_to
from wxadmin.sample import people, token_rows, visits
from wxadmin.sample.moments import DAY, ID_EPOCH, from_datetime
from wxadmin.sample.refreshing import ROUND

_UNTIL = from_datetime(UNTIL)


def test_the_numbers_are_those_that_were_asked_for(trial: Trial) -> None:
    counted = [trial.value(f'SELECT count(*) FROM "{table}"') for table in ("user", "event", "attempt", "token")]

    told = trial.filled

    assert counted == [told.users, told.events, told.attempts, told.tokens]
    assert (told.users, told.events) == (USERS, EVENTS)


def test_ids_are_of_the_millisecond_of_their_rows(trial: Trial) -> None:
    for table, moment in (("event", "at"), ("attempt", "started_at")):
        stored = trial.rows(f"SELECT id, {trial.microseconds(moment)} FROM {table} ORDER BY {moment}")

        late = [(row[0] >> 22) - (row[1] - ID_EPOCH) // 1000 for row in stored]

        # A refresh that is tried again may reach half a minute into the next round.
        assert min(late) >= 0
        assert max(late) <= 60_000


def test_everything_happens_within_ninety_days(trial: Trial) -> None:
    moment = trial.microseconds("at")

    first, last = trial.rows(f"SELECT min({moment}), max({moment}) FROM event")[0]

    assert 0 <= first - (_UNTIL - 90 * DAY) < 2 * DAY
    assert 0 <= _UNTIL - last < DAY


def test_openids_differ_and_only_those_who_consented_have_a_profile(trial: Trial) -> None:
    users = trial.rows('SELECT openid, unionid, nickname, granted_userinfo FROM "user"')

    named = [user for user in users if user.nickname]

    assert len({user.openid for user in users}) == USERS
    assert all(len(user.openid) == 28 and user.openid.startswith("o") for user in users)
    assert 0.2 < len(named) / USERS < 0.8
    assert all(user.granted_userinfo and len(user.unionid) == 28 for user in named)
    assert not any(user.unionid for user in users if not user.nickname)


def test_change_numbers_are_drawn_from_the_counter(trial: Trial) -> None:
    numbers = [row.change_no for row in trial.rows('SELECT change_no FROM "user" ORDER BY change_no')]

    counter = trial.value("SELECT value FROM counter WHERE name = 'user_changes'")

    assert numbers == list(range(1, USERS + 1))
    assert counter == USERS


def test_logins_of_users_are_those_of_their_channels(trial: Trial) -> None:
    users = trial.rows('SELECT id, logins, last_login_at, first_seen_at FROM "user" ORDER BY id')

    channels = trial.rows(
        "SELECT user_id, sum(logins), max(last_at), min(first_at) FROM user_channel GROUP BY user_id ORDER BY user_id"
    )

    assert [tuple(user) for user in users] == [tuple(channel) for channel in channels]


def test_logins_are_attempts_that_succeeded(trial: Trial) -> None:
    start = min(row.at for row in trial.rows("SELECT at FROM event"))
    told = trial.rows(
        'SELECT "user".id, count(*) AS logins, max(ended_at) AS last, min("user".logins) AS counted,'
        ' min(last_login_at) AS stored, min(first_seen_at) AS first FROM attempt JOIN "user" ON "user".id = user_id'
        ' GROUP BY "user".id'
    )

    newcomers = [row for row in told if row.first >= start]

    assert all(row.last == row.stored for row in told)
    assert len(newcomers) > USERS // 4
    assert all(row.logins == row.counted for row in newcomers)
    assert all(row.logins < row.counted for row in told if row not in newcomers)
    assert trial.value("SELECT sum(CASE WHEN new_user THEN 1 ELSE 0 END) FROM event") == len(newcomers)


def test_the_end_of_an_attempt_is_that_of_its_last_event_with_an_outcome(trial: Trial) -> None:
    told = trial.rows(
        "SELECT attempt.id, attempt.outcome, ended_by, ended_at, event.outcome AS told, code, at FROM attempt"
        " JOIN event ON attempt_id = attempt.id AND event.outcome IS NOT NULL ORDER BY attempt.id, event.id"
    )

    last = [list(events)[-1] for _, events in groupby(told, key=lambda row: row.id)]

    assert all((row.outcome, row.ended_by or "", row.ended_at) == (row.told, row.code, row.at) for row in last)
    ended = trial.value("SELECT count(*) FROM attempt WHERE outcome IS NOT NULL")
    assert len(last) == ended


def test_every_attempt_begins_with_its_start_and_its_events_follow_in_time(trial: Trial) -> None:
    events = trial.rows("SELECT attempt_id, stage, at FROM event WHERE attempt_id IS NOT NULL ORDER BY attempt_id, id")
    started = {row.id: row.started_at for row in trial.rows("SELECT id, started_at FROM attempt")}

    stories = {attempt: list(told) for attempt, told in groupby(events, key=lambda row: row.attempt_id)}

    assert stories.keys() == started.keys()
    for attempt, told in stories.items():
        assert (told[0].stage, told[0].at) == ("start", started[attempt])
        assert all(earlier.at <= later.at for earlier, later in pairwise(told))


def test_most_logins_succeed_and_each_other_end_is_there(trial: Trial) -> None:
    ends = {row[0]: row[1] for row in trial.rows("SELECT outcome, count(*) FROM attempt GROUP BY outcome")}

    succeeded = ends["succeeded"] / trial.filled.attempts

    assert 0.9 < succeeded < 0.96
    assert {"failed", "abandoned", "snapshot"} < ends.keys()


def test_one_evening_every_exchange_of_one_account_is_refused(trial: Trial) -> None:
    moment = trial.microseconds("at")
    refused = f"SELECT min({moment}), max({moment}), min(account_id), max(account_id) FROM event WHERE code = '40125'"

    (began, ended, account, same), *_ = trial.rows(refused)

    exchanges = (
        f"SELECT count(*) FROM event WHERE stage = 'exchange' AND code = '' AND account_id = {account}"
        f" AND {moment} BETWEEN {began} AND {ended} AND outcome IS NULL"
    )
    assert account == same
    assert ended - began < DAY / 8
    assert trial.value(exchanges) == 0


def test_snapshot_people_are_no_users(trial: Trial) -> None:
    snapshots = trial.rows("SELECT user_id, scope_granted, scope FROM attempt WHERE outcome = 'snapshot'")

    assert snapshots
    assert all(tuple(row) == (None, None, "snsapi_userinfo") for row in snapshots)


def test_tokens_open_for_their_own_users_only(trial: Trial) -> None:
    tokens = trial.rows(
        'SELECT token.account_id, openid, access_sealed, refresh_sealed FROM token JOIN "user" ON "user".id = user_id'
    )

    opened = [
        KEYS.open(bytes(sealed), f"token/{token.account_id}/{token.openid}/{use}")
        for token in tokens
        for use, sealed in (("access", token.access_sealed), ("refresh", token.refresh_sealed))
    ]

    assert len(set(opened)) == 2 * trial.filled.tokens > 0


def test_tokens_are_of_logins_of_the_last_thirty_days(trial: Trial) -> None:
    tokens = trial.rows(
        f"SELECT state, last_code, {trial.microseconds('refresh_expires_at')} AS over,"
        f' {trial.microseconds("last_login_at")} AS login FROM token JOIN "user" ON "user".id = user_id'
    )

    active = [token for token in tokens if token.state == "active"]

    assert all(token.over == token.login + 30 * DAY for token in tokens)
    # That the thirty days are over is found out by the next refresh, which is a round after the last.
    assert all(token.over > _UNTIL - ROUND and token.last_code is None for token in active)
    assert all(token.last_code == "42002" for token in tokens if token.state != "active")


def test_a_refreshed_token_was_refreshed_last_by_its_last_refresh(trial: Trial) -> None:
    tokens = trial.rows("SELECT user_id, refreshed_at FROM token WHERE refreshed_at IS NOT NULL ORDER BY user_id")

    refreshes = trial.rows(
        "SELECT user_id, max(at) FROM event WHERE stage = 'refresh' AND event_class = 'ok' GROUP BY 1 ORDER BY 1"
    )

    assert tokens
    assert [tuple(token) for token in tokens] == [tuple(refresh) for refresh in refreshes]


def test_accounts_are_sample_accounts_with_a_sealed_secret(trial: Trial) -> None:
    accounts = trial.rows("SELECT appid, secret_sealed FROM account")

    secrets = [KEYS.open(bytes(account.secret_sealed), secret_bound_to(account.appid)) for account in accounts]

    assert [len(secret) for secret in secrets] == [32] * 3
    assert all(account.appid.startswith("wxsample") for account in accounts)


def test_every_column_of_the_bulk_tables_is_written_or_left_empty_on_purpose() -> None:
    lease = {"lease_owner", "lease_until", "unknown_since"}

    written = {
        Attempt: set(visits.ATTEMPT_COLUMNS),
        Event: set(visits.EVENT_COLUMNS),
        User: set(people.USER_COLUMNS) | {"forgotten_at", *BLOCK},
        UserChannel: set(people.CHANNEL_COLUMNS),
        Token: set(token_rows.TOKEN_COLUMNS) | lease,
    }

    assert all(columns == set(table.__table__.c.keys()) for table, columns in written.items())
