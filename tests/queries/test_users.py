"""The list of users: pages, count and file hold the same people, whichever filters are set."""

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.crowd import NOON, ZONE, crowd, drawn
from tests.factories import AccountFactory, SiteFactory, TokenFactory, UserChannelFactory, UserFactory
from tests.whole_lists import written
from wxadmin.database import csv_lines
from wxadmin.errors import BadValue, NoSuchAccount, NoSuchSite
from wxadmin.queries import user_counts, users, wanted_users
from wxadmin.queries.keyset import Place
from wxadmin.queries.masking import CLEAR
from wxadmin.queries.token_states import TokenHealth
from wxadmin.queries.user_filters import UserFilters, choices


def by(**filters: str) -> UserFilters:
    return UserFilters.read(filters)


def openids(session: Session, filters: UserFilters, size: int = 50) -> list[str]:
    """Those of all pages, going from the first to the last."""
    found, place = [], None
    while True:
        page = users.page(session, filters, ZONE, masks=CLEAR, after=place, size=size)
        found += [row.openid for row in page.rows]
        place = page.after
        if place is None:
            return found


def exactly(session: Session, filters: UserFilters) -> int:
    return user_counts.exactly(session, filters, ZONE, masks=CLEAR, progress=user_counts.Progress())


def in_file(session: Session, filters: UserFilters) -> list[list[str]]:
    """The rows of the file, without its heading."""
    return list(csv.reader(io.StringIO(written(session, ZONE, filters).decode("utf-8-sig"), newline="")))[1:]


def test_whoever_logged_in_last_comes_first_and_pages_lead_both_ways(session: Session) -> None:
    made = [UserFactory(last_login_at=NOON - timedelta(minutes=minute)) for minute in range(7)]

    first = users.page(session, by(), ZONE, masks=CLEAR, size=3)
    second = users.page(session, by(), ZONE, masks=CLEAR, after=first.after, size=3)
    third = users.page(session, by(), ZONE, masks=CLEAR, after=second.after, size=3)
    back = users.page(session, by(), ZONE, masks=CLEAR, before=third.before, size=3)

    pages = [[row.id for row in page.rows] for page in (first, second, third)]
    assert pages == [[user.id for user in made[at : at + 3]] for at in (0, 3, 6)]
    assert (first.before, third.after) == (None, None)
    assert back == second
    assert users.page(session, by(), ZONE, masks=CLEAR, before=second.before, size=3) == first


def test_people_of_the_same_microsecond_are_told_apart_by_their_ids(session: Session) -> None:
    made = {UserFactory(last_login_at=NOON).openid for _ in range(5)}

    found = openids(session, by(), size=2)

    assert (len(found), set(found)) == (5, made)


@pytest.mark.parametrize(
    "filters",
    [
        {"account": "tea"},
        {"site": "shop"},
        {"channel": "poster"},
        {"site": "shop", "channel": "poster"},
        {"scope": "explicit"},
        {"q": "oTea-1234"},
        {"q": "oTea-12345678901234567890123"},
        {"q": "union-of-tea"},
        {"q": "M-1"},
        {"q": "小雨"},
        {"q": "100%_"},
        {"first_from": "2026-11-20"},
        {"first_to": "2026-11-20"},
        {"last_from": "2026-11-20", "last_to": "2026-11-20"},
        {"token": "late"},
        {"came_from": "2026-11-18", "came_to": "2026-11-18"},
        {"channel": "poster", "came_from": "2026-11-17", "came_to": "2026-11-18"},
        {"logins_min": "5"},
        {"logins_min": "7", "logins_max": "7"},
        {"unionid": "known"},
    ],
    ids=str,
)
def test_each_filter_leaves_those_whom_it_names(session: Session, filters: dict[str, str]) -> None:
    shop = SiteFactory(name="shop", account=AccountFactory(name="tea"))
    named = UserFactory(
        site=shop,
        openid="oTea-12345678901234567890123",
        unionid="union-of-tea",
        nickname="卖小雨伞的 100%_",
        first_seen_at=datetime(2026, 11, 19, 16, tzinfo=UTC),
        last_login_at=NOON,
        logins=7,
    )
    # The last moment of the eighteenth in Shanghai; of the other one the first moment of the nineteenth.
    eighteenth = datetime(2026, 11, 18, 15, 59, 59, 999_999, tzinfo=UTC)
    UserChannelFactory(user=named, channel="poster", last_ref="M-1", first_at=eighteenth, last_at=NOON)
    TokenFactory(user=named, authorized_at=NOON - timedelta(days=365 * 200))
    other = UserFactory(
        silent=True,
        openid="oTea-99999999999999999999999",
        # A moment before and after that day in Shanghai.
        first_seen_at=datetime(2026, 11, 19, 15, 59, 59, tzinfo=UTC)
        if "first_from" in filters
        else datetime(2026, 11, 20, 16, tzinfo=UTC),
        last_login_at=datetime(2026, 11, 20, 16, tzinfo=UTC),
    )
    nineteenth = datetime(2026, 11, 18, 16, tzinfo=UTC)
    UserChannelFactory(user=other, channel="menu", first_at=nineteenth, last_at=nineteenth)

    found = openids(session, by(**filters))

    assert found == [named.openid]
    assert users.count(session, by(**filters), ZONE, masks=CLEAR) == users.Count(1, is_all=True)


def test_capitals_and_signs_of_an_openid_are_looked_for_as_they_are(session: Session) -> None:
    for openid in ("oAbc_5678-x", "oABC_5678-x", "oAbcX5678-x", "oAbc%5678-x"):
        UserFactory(openid=openid)

    found = [openids(session, by(q=q)) for q in ("oAbc_5678", "oAbc%5678", "oabc_5678")]

    assert found == [["oAbc_5678-x"], ["oAbc%5678-x"], []]


def test_where_many_are_passed_over_a_page_ends_early_and_says_so(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "LOOKED_THROUGH", 4)
    for minute in range(10):
        UserFactory(last_login_at=NOON - timedelta(minutes=minute), nickname="罕见" if minute in {5, 9} else "小雨")

    first = users.page(session, by(q="罕见"), ZONE, masks=CLEAR)
    second = users.page(session, by(q="罕见"), ZONE, masks=CLEAR, after=first.after)
    third = users.page(session, by(q="罕见"), ZONE, masks=CLEAR, after=second.after)

    assert [(len(page.rows), page.is_cut) for page in (first, second, third)] == [(0, True), (1, True), (1, False)]
    at_fourth = NOON - timedelta(minutes=3)
    assert users.count(session, by(q="罕见"), ZONE, masks=CLEAR) == users.Count(0, False, looked=4, reached=at_fourth)
    assert len(openids(session, by(q="罕见"))) == len(in_file(session, by(q="罕见"))) == 2
    assert users.page(session, by(q="罕见"), ZONE, masks=CLEAR, before=third.before).rows == second.rows


def test_a_count_goes_on_where_the_first_page_ended(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "LOOKED_THROUGH", 4)
    for minute in range(9):
        UserFactory(last_login_at=NOON - timedelta(minutes=minute), nickname="罕见" if minute % 2 == 0 else "小雨")

    def counted(size: int) -> tuple[users.UserPage, users.Count]:
        page = users.page(session, by(q="罕见"), ZONE, masks=CLEAR, size=size)
        return page, users.count(session, by(q="罕见"), ZONE, masks=CLEAR, beyond=page)

    full, of_full = counted(1)
    cut, of_cut = counted(5)
    everybody = users.page(session, by(), ZONE, masks=CLEAR)

    # Behind the one of the page four were looked through, of whom two fit.
    assert (len(full.rows), full.is_cut, of_full.number, of_full.is_all) == (1, False, 3, False)
    assert (len(cut.rows), cut.is_cut) == (2, True)
    assert of_cut == users.Count(2, False, looked=4, reached=NOON - timedelta(minutes=3))
    assert users.count(session, by(), ZONE, masks=CLEAR, beyond=everybody) == users.Count(9, is_all=True)


def test_the_few_whose_consent_has_ended_are_found_behind_many_others(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted_users, "FEW", 3)
    monkeypatch.setattr(users, "LOOKED_THROUGH", 3)
    made = [UserFactory(last_login_at=NOON - timedelta(minutes=minute)) for minute in range(9)]
    for user in made[6:]:
        TokenFactory(user=user, needs_consent=True)

    first = users.page(session, by(token="needs_consent"), ZONE, masks=CLEAR, size=2)
    second = users.page(session, by(token="needs_consent"), ZONE, masks=CLEAR, after=first.after, size=2)

    assert [[row.id for row in page.rows] for page in (first, second)] == [[made[6].id, made[7].id], [made[8].id]]
    assert not first.is_cut
    assert users.page(session, by(token="needs_consent"), ZONE, masks=CLEAR, before=second.before, size=2) == first
    assert users.count(session, by(token="needs_consent"), ZONE, masks=CLEAR) == users.Count(3, is_all=True)


def test_many_whose_consent_has_ended_are_looked_for_like_others(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted_users, "FEW", 3)
    monkeypatch.setattr(users, "LOOKED_THROUGH", 3)
    made = [UserFactory(last_login_at=NOON - timedelta(minutes=minute)) for minute in range(9)]
    for user in made[5:]:
        TokenFactory(user=user, needs_consent=True)

    first = users.page(session, by(token="needs_consent"), ZONE, masks=CLEAR)

    assert (list(first.rows), first.is_cut) == ([], True)
    assert openids(session, by(token="needs_consent")) == [user.openid for user in made[5:]]


def test_so_many_are_counted_and_no_more(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "COUNTED_TO", 3)
    for _ in range(3):
        UserFactory()
    exactly = users.count(session, by(), ZONE, masks=CLEAR)
    UserFactory()

    more = users.count(session, by(), ZONE, masks=CLEAR)

    assert exactly == users.Count(3, is_all=True)
    assert more == users.Count(3, is_all=False)


def test_pages_file_and_plain_sql_agree_on_fifty_random_filters(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "LOOKED_THROUGH", 25)
    monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", 7)
    monkeypatch.setattr(csv_lines, "COPIED_AT_ONCE", 7)
    monkeypatch.setattr(user_counts, "COUNTED_AT_ONCE", 7)
    rng = random.Random(20261120)
    crowd(rng)

    filters = [drawn(rng) for _ in range(50)]
    found = [(openids(session, by(**f), size=9), in_file(session, by(**f)), _by_sql(session, f)) for f in filters]
    counts = [exactly(session, by(**f)) for f in filters]

    assert counts == [len(rows) for _, rows, _ in found]
    for pages, rows, right in found:
        assert len(pages) == len(set(pages)) == len(rows)
        assert set(pages) == {row[0] for row in rows} == right
    # Filters that leave nobody would agree on anything.
    assert sum(bool(right) for _, _, right in found) > 25


_ID = "(u.openid LIKE :q || '%' AND length(:q) >= 8 OR u.unionid = :q OR c.last_ref = :q)"
_SQL = {
    "account": "a.name = :account",
    "site": "s.name = :site",
    "channel": "c.channel = :channel",
    "scope": "u.granted_userinfo = (:scope = 'explicit')",
    "token": "(CASE WHEN t.user_id IS NULL THEN 'none' WHEN t.state <> 'needs_consent' THEN '' WHEN t.scope LIKE"
    " '%userinfo%' THEN 'needs_consent' ELSE 'next_visit' END) = :token",
    "first_from": "u.first_seen_at >= :first_from",
    "first_to": "u.first_seen_at < :first_to",
    "last_from": "u.last_login_at >= :last_from",
    "last_to": "u.last_login_at < :last_to",
    "came_from": "c.last_at >= :came_from",
    "came_to": "c.first_at < :came_to",
    "consent_from": "(t.state = 'active' AND t.scope LIKE '%userinfo%' AND t.refresh_expires_at >= :consent_from)",
    "consent_to": "(t.state = 'active' AND t.scope LIKE '%userinfo%' AND t.refresh_expires_at < :consent_to)",
    "logins_min": "u.logins >= CAST(:logins_min AS integer)",
    "logins_max": "u.logins <= CAST(:logins_max AS integer)",
    "unionid": "(u.unionid IS NOT NULL) = (:unionid = 'known')",
}


def _by_sql(session: Session, filters: dict[str, str]) -> set[str]:
    """The openids that SQL of the test's own finds. Each user has one channel here, so one join serves."""
    query = (
        'SELECT u.openid FROM "user" u JOIN account a ON a.id = u.account_id JOIN user_channel c ON c.user_id = u.id '
        "JOIN site s ON s.id = c.site_id LEFT JOIN token t ON t.user_id = u.id WHERE 1 = 1"
    )
    values: dict[str, Any] = dict(filters)
    for name in [name for name in filters if name.endswith(("_from", "_to"))]:
        day = datetime.fromisoformat(f"{filters[name]}T00:00:00+08:00") + timedelta(days=name.endswith("to"))
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        values[name] = day.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if is_sqlite else day
    for name in filters.keys() - {"q"}:
        query += f" AND {_SQL[name]}"
    if {"came_from", "came_to"} <= filters.keys():
        # Nobody here has an attempt that is kept.
        query += " AND (c.first_at >= :came_from OR c.last_at < :came_to)"
    if "q" in filters:
        everywhere = 'SELECT count(*) FROM "user" u JOIN user_channel c ON c.user_id = u.id WHERE '
        has_id = session.scalar(text(everywhere + _ID), {"q": filters["q"]})
        query += f" AND {_ID}" if has_id else " AND lower(u.nickname) LIKE '%' || :part || '%' ESCAPE '!'"
        values["part"] = filters["q"].lower().replace("%", "!%").replace("_", "!_")
    return set(session.scalars(text(query), values))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"scope": "all"}, "scope is one of silent, explicit"),
        ({"token": "x"}, "token is one of fresh"),
        ({"first_from": "yesterday"}, "first_from is a day"),
        ({"last_to": "0001-01-01"}, "between the years"),
        ({"last_to": "9999-12-31"}, "between the years"),
        ({"q": "\0"}, "no NUL"),
        ({"channel": "x" * 129}, "at most 128"),
        ({"came_to": "20th"}, "came_to is a day"),
        ({"logins_min": "0"}, "logins_min is a whole number"),
        ({"logins_max": "９"}, "logins_max is a whole number"),
        ({"logins_max": "2000000001"}, "logins_max is a whole number"),
        ({"unionid": "yes"}, "unionid is one of known, unknown"),
    ],
)
def test_what_cannot_be_a_filter_is_told(typed: dict[str, str], told: str) -> None:
    with pytest.raises(BadValue, match=told):
        UserFilters.read(typed)


def test_accounts_and_sites_that_nobody_has_are_told_apart_from_empty_ones(session: Session) -> None:
    SiteFactory(name="shop", account=AccountFactory(name="tea"), disabled=True)

    offered = choices(session, by(account="tea", site="shop"))

    assert (list(offered.accounts), list(offered.sites)) == (["tea"], ["shop"])
    with pytest.raises(NoSuchAccount):
        choices(session, by(account="bar"))
    with pytest.raises(NoSuchSite):
        choices(session, by(site="bar"))


@pytest.mark.parametrize("text_", ["", "1", "1-", "-1", "1-x", "１-1", "9" * 30 + "-1", f"1-{2**63}", "1-1-1", "²-1"])
def test_a_place_that_no_page_wrote_is_refused(text_: str) -> None:
    with pytest.raises(BadValue):
        Place.read(text_)


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place(datetime(2026, 11, 20, 4, 5, 6, 789_012, tzinfo=UTC), 2**63 - 1)

    assert Place.read(str(place)) == place


@pytest.mark.parametrize(
    ("token", "state"),
    [
        ({}, TokenHealth.FRESH),
        ({"due": True}, TokenHealth.DUE),
        ({"due": True, "leased": True}, TokenHealth.REFRESHING),
        ({"due": True, "failures": 2}, TokenHealth.BACKING_OFF),
        ({"authorized_at": NOON - timedelta(days=36_500)}, TokenHealth.LATE),
        ({"needs_consent": True}, TokenHealth.NEEDS_CONSENT),
        ({"needs_consent": True, "scope": "snsapi_base"}, TokenHealth.NEXT_VISIT),
    ],
    ids=lambda value: str(value),
)
def test_the_state_of_a_token_is_told_from_its_row(session: Session, token: dict[str, Any], state: TokenHealth) -> None:
    TokenFactory(**token)

    [row] = users.page(session, by(), ZONE, masks=CLEAR).rows

    assert row.token is state


@pytest.mark.parametrize(
    ("account", "state"), [({"sample": True}, "resting"), ({"disabled": True}, "resting"), ({}, "late")]
)
def test_a_token_that_nobody_renews_is_not_late(session: Session, account: dict[str, bool], state: str) -> None:
    site = SiteFactory(account=AccountFactory(**account))
    TokenFactory(user=UserFactory(site=site), authorized_at=NOON - timedelta(days=36_500))

    [row] = users.page(session, by(), ZONE, masks=CLEAR).rows

    assert row.token == state
