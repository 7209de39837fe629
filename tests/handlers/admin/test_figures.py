"""The SQL of the definitions counts what the pages show."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, column, func, select, text
from sqlalchemy.orm import Session

from tests import figures, html_tree
from tests.factories import AccountFactory, AccountRefreshFactory, SiteFactory, TokenFactory, UserFactory
from tests.figures import Places, Values
from tests.handlers.admin.conftest import StaffVisitor
from tests.html_tree import Node
from tests.running import keys
from tests.visiting import Visitor
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import Database
from wxadmin.models import Account, Attempt, Event, Site, User
from wxadmin.queries import attention, standing
from wxadmin.queries.failure_groups import groups
from wxadmin.queries.failure_kinds import Kind
from wxadmin.queries.failures import Span
from wxadmin.queries.token_states import TokenHealth
from wxadmin.sample import fill
from wxadmin.settings import Settings
from wxadmin.vocabulary import CLASSES

Store = Callable[[Callable[[], Any]], Any]
CHANNELS = ("door", "poster")
CLASS_NAMES = {word.name: event_class.value for event_class, word in CLASSES.items()}


def user_of(site: Site) -> Any:
    return UserFactory(site=site, account_id=site.account_id)


@pytest.fixture
def a_month(database_url: str) -> None:
    """Of logins, there before the gateway begins to count."""
    fill(database_url, keys(), users=300, events=6000, seed=5)


@pytest.fixture
def tokens_of_every_state(store: Store) -> None:
    """At accounts of every policy and one that is paused, explicit and silent."""
    accounts = {
        "everybody's": {"refresh_policy": "all"},
        "paused": {"refresh_policy": "all"},
        "the explicit ones'": {"refresh_policy": "userinfo"},
        "nobody's": {"refresh_policy": "none"},
        "switched off": {"disabled": True},
    }
    long_ago = utcnow() - 3 * figures.HOUR
    states: list[dict[str, Any]] = [
        *({}, {"due": True}, {"leased": True}, {"failures": 2}, {"due": True, "failures": 2}),
        *({"authorized_at": long_ago}, {"authorized_at": long_ago, "leased": True}, {"needs_consent": True}),
        {"authorized_at": long_ago, "next_refresh_at": long_ago + timedelta(days=31)},
    ]
    for title, policy in accounts.items():
        site = store(lambda title=title, policy=policy: SiteFactory(account=AccountFactory(title=title, **policy)))
        for scope in ("snsapi_base", "snsapi_base,snsapi_userinfo"):
            for state in states:
                user = store(lambda site=site: user_of(site))
                store(lambda user=user, scope=scope, state=state: TokenFactory(user=user, scope=scope, **state))
        if title == "paused":
            store(lambda site=site: AccountRefreshFactory(account_id=site.account_id, paused=True))


async def test_the_sql_counts_what_the_pages_show(
    a_month: None, staff: Callable[..., StaffVisitor], database: Database, settings: Settings
) -> None:
    places = database.read_now(_places)
    # The newest failure, which is surely in the range that pages show first.
    newest = select(Event.code).where(Event.event_class == "failure").order_by(Event.id.desc())
    code = database.read_now(lambda session: session.scalars(newest).first())

    shown, now = await _shown(staff("admin"), places, code or ""), utcnow()

    right = database.read_now(lambda session: figures.count(_asking(session), shown, now, settings.zone))
    assert figures.differences(shown, _narrowed(right, shown)) == []
    assert len(shown) >= 25
    # Of so few logins, none may have failed within a week.
    few_days = {"today", "yesterday", "7 days"}
    assert [key for key in shown if not shown[key] and key[1] not in few_days] == []


async def test_the_sql_of_one_site_and_scope_counts_what_is_shown_of_them(
    a_month: None, staff: Callable[..., StaffVisitor], database: Database, settings: Settings
) -> None:
    site_id, name = database.read_now(_busiest_site)
    asked = f"range=30&site={name}&scope=snsapi_userinfo"

    page = html_tree.read((await staff("operator").get(f"/admin/?{asked}")).text)
    now = utcnow()

    shown = figures.read_range(page, "30 days")
    ask = database.read_now(lambda session: figures.count(_asking(session, site_id), shown, now, settings.zone))
    wider = figures.differences(shown, ask)
    right = database.read_now(
        lambda session: figures.count(_asking(session, site_id, "snsapi_userinfo"), shown, now, settings.zone)
    )
    assert figures.differences(shown, right) == []
    assert wider


async def test_the_sql_counts_tokens_of_every_state_as_the_pages_do(
    tokens_of_every_state: None, staff: Callable[..., StaffVisitor], database: Database, settings: Settings
) -> None:
    admin, places = staff("admin"), database.read_now(_places)

    pages = [html_tree.read((await admin.get(f"/admin/{address}")).text) for address in ("tokens", "")]
    now = utcnow()

    shown = {**figures.read_tokens(pages[0], places), **figures.read_overview(pages[1])}
    right = database.read_now(lambda session: figures.count(_asking(session), shown, now, settings.zone))
    lag = database.read_now(standing.standing, now=now, zone=settings.zone).lag
    states = {state for _, state in shown["token_states", ""]}
    assert figures.differences(shown, right) == []
    assert states == set(TokenHealth) - {TokenHealth.NONE}
    assert database.read_now(_since, "refresh_lag", now) == now - lag


async def test_the_sql_of_one_site_counts_what_its_developer_sees(
    a_month: None, staff: Callable[..., StaffVisitor], database: Database, settings: Settings
) -> None:
    site_id, name = database.read_now(_busiest_site)
    developer = staff("developer", [name])

    overview = html_tree.read((await developer.get("/admin/")).text)
    failures = html_tree.read((await developer.get(f"/admin/failures?range=30&site={name}")).text)
    now = utcnow()

    shown = {
        **figures.read_overview(overview),
        **figures.read_journey(overview, "today"),
        **figures.read_failures(failures, "30 days"),
    }
    del shown["waiting", ""]
    right = database.read_now(lambda session: figures.count(_asking(session, site_id), shown, now, settings.zone))
    assert figures.differences(shown, right) == []
    assert ("active_tokens", "") not in shown
    assert shown["failures", "30 days"] != "0"


def test_the_sql_counts_what_needs_attention(a_month: None, database: Database) -> None:
    now = utcnow()
    # Each is looked at with the three hours before it: none of the month is left out.
    hours = [now - back * figures.HOUR for back in range(0, 720, 3)]

    surges, by_sql = zip(*(database.read_now(_surges, then) for then in hours), strict=True)
    faults, all_failures = database.read_now(_misconfigured, hours[-1], now)

    assert by_sql == surges
    assert all(any(column) for column in zip(*surges, strict=True))
    assert faults
    assert faults == {key: times for key, times in all_failures.items() if key in faults}


def test_the_sql_says_when_failures_were_seen_where_and_how_often_lately(a_month: None, database: Database) -> None:
    now = utcnow()
    end = hour_of(now) + figures.HOUR
    span = Span((end - timedelta(days=30), end))

    kinds = {group.kind: group for group in database.read_now(groups, span, now=now, looked_at=10_000)}
    seen, hit, lately = (
        _by_kind(database.read_now(_of_failures, anchor, start, until))
        for anchor, start, until in (
            ("failures_seen", span.start, end),
            ("most_hit", span.start, end),
            ("against_usual", end - 4 * figures.HOUR, end - figures.HOUR),
        )
    )

    titles = {title: int(site) for title, site in database.read_now(_places).sites.items()}
    assert len(kinds) > 5
    assert {kind: [(group.behind.seen.first, group.behind.seen.last)] for kind, group in kinds.items()} == seen
    for kind, group in kinds.items():
        sites = Counter({site: 0 for site, *_ in hit[kind]})
        for site, _, _, number in hit[kind]:
            sites[site] += number
        assert group.behind.most_hit.looked_at == sites.total()
        assert {titles[title]: number for title, number in group.behind.most_hit.sites.most}.items() <= sites.items()
        assert group.usual is None or [(group.usual.now,)] == lately.get(kind, [(0,)])


def _by_kind(rows: Sequence[Sequence[Any]]) -> dict[Kind, list[tuple[Any, ...]]]:
    found: dict[Kind, list[tuple[Any, ...]]] = {}
    for code, stage, event_class, *rest in rows:
        found.setdefault(Kind(code, stage, event_class), []).append(tuple(rest))
    return found


def _of_failures(session: Session, anchor: str, start: datetime, end: datetime) -> Sequence[Sequence[Any]]:
    """What the definition's SQL gives, with its moments read as moments."""
    moment = Event.at.type
    query = text(figures.SQL[anchor]).bindparams(bindparam("start", start, moment), bindparam("end", end, moment))
    if anchor == "failures_seen":
        names = ("code", "stage", "event_class")
        read = query.columns(*map(column, names), column("min", moment), column("max", moment))
        return session.execute(read).all()
    return session.execute(query).all()


async def test_the_sql_about_a_user_counts_what_their_page_shows(
    staff: Callable[..., StaffVisitor], visitor: Visitor, database: Database, stored: Callable[[type], Sequence[Any]]
) -> None:
    for person, channel in ((1, "door"), (1, "door"), (2, "door"), (1, "poster"), (2, "poster")):
        visitor.person = person
        visitor.cookies.clear()
        await visitor.log_in(channel=channel)
    user = next(user for user in stored(User) if user.logins == 3)

    page = html_tree.read((await staff("admin").get(f"/admin/users/{user.id}")).text)

    titles = {str(site_id): title for title, site_id in database.read_now(_places).sites.items()}
    channels = [row for found in page.all("table") for row in html_tree.table(found).texts if row[1] in CHANNELS]
    by_channel = database.read_now(_by_sql, "channel_logins", {"user_id": user.id})
    assert [fact.text for fact in page.all("dd", named="num")] == ["3"]
    assert database.read_now(_by_sql, "user_logins", {"user_id": user.id}) == [(3,)]
    assert sorted((titles[str(site)], channel, str(number)) for site, channel, number in by_channel) == sorted(
        (site, channel, number) for site, channel, _, number, *_ in channels
    )
    assert len(channels) == 2


async def test_the_sql_about_an_attempt_gives_its_steps_and_how_long_it_took(
    visitor: Visitor, database: Database, stored: Callable[[type], Sequence[Any]]
) -> None:
    await visitor.log_in()
    [attempt] = stored(Attempt)

    values = {"support_code": attempt.support_code}
    steps = database.read_now(_by_sql, "steps", values)

    assert [stage for _, stage, *_ in steps] == ["start", "return", "exchange", "handoff"]
    assert len(database.read_now(_by_sql, "attempt_took", values)) == 1


def _by_sql(session: Session, anchor: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(text(figures.SQL[anchor]), values)]


def _surges(session: Session, now: datetime) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of the three hours before the one of this moment: as the first page tells them, and as the SQL does."""
    recent = attention.recent(session, now, None)
    hours = {"start": hour_of(now) - 3 * figures.HOUR, "end": hour_of(now)}
    [row] = _asking(session)(figures.SQL["surges"], hours)
    return (recent.failed.now, recent.abandoned.now, recent.repeated.now), tuple(row)


def _misconfigured(session: Session, since: datetime, now: datetime) -> tuple[dict[Any, int], dict[Any, int]]:
    titles = dict(session.execute(select(Account.id, Account.title)).all())
    found = attention.misconfigured(session, since, None)
    span = {"start": hour_of(since) - figures.HOUR, "end": now + figures.HOUR}
    rows = _asking(session)(figures.SQL["misconfigured"], span)
    told = {(one.account, one.code, one.stage): one.times for one in found}
    return told, {(titles[account], code, stage): times for account, code, stage, times in rows}


def _since(session: Session, anchor: str, now: datetime) -> Any:
    moment = Event.at.type
    query = text(figures.SQL[anchor]).bindparams(bindparam("now", now, moment)).columns(column("since", moment))
    return session.scalar(query)


async def _shown(admin: StaffVisitor, places: Places, code: str) -> Values:
    async def page(address: str) -> Node:
        return html_tree.read((await admin.get(f"/admin/{address}")).text)

    return {
        **figures.read_overview(await page("")),
        **figures.read_journey(await page(""), "today"),
        **figures.read_range(await page("?range=yesterday"), "yesterday"),
        **figures.read_range(await page("?range=7"), "7 days"),
        **figures.read_range(await page("?range=30"), "30 days"),
        **figures.read_failures(await page("failures?range=today"), "today"),
        **figures.read_failures(await page("failures?range=30"), "30 days"),
        **figures.read_failure(await page(f"failures/{code}"), code, "7 days", CLASS_NAMES),
        **figures.read_scopes(await page("scopes"), places),
        **figures.read_tokens(await page("tokens"), places),
        **figures.read_accounts(await page("accounts"), places.accounts),
        **figures.read_count(await page("users"), "users"),
        **figures.read_count(await page("attempts"), "attempts"),
    }


def _narrowed(right: Values, shown: Values) -> Values:
    """The page of one code shows no other."""
    spans = [(anchor, "7 days") for anchor in ("failures_by_step", "people_affected", "recovered_share")]
    return right | {
        figure: {key: numbers for key, numbers in right[figure].items() if key in shown[figure]}  # type: ignore[union-attr]
        for figure in spans
    }


def _asking(session: Session, site_id: int | None = None, scope: str | None = None) -> figures.Ask:
    kind = Event.at.type
    part = [f"site_id = {site_id}"] if site_id is not None else []
    part += [f"scope = '{scope}'"] if scope is not None else []

    def ask(sql: str, moments: Mapping[str, datetime]) -> figures.Rows:
        narrowed = sql.replace("at >= :start", " AND ".join([*part, "at >= :start"]))
        query = text(narrowed).bindparams(*(bindparam(name, at, kind) for name, at in moments.items()))
        return session.execute(query).all()

    return ask


def _busiest_site(session: Session) -> Any:
    failed = select(Event.site_id).where(Event.event_class == "failure", Event.site_id.is_not(None))
    busiest = failed.group_by(Event.site_id).order_by(func.count().desc()).limit(1)
    return session.execute(select(Site.id, Site.name).where(Site.id.in_(busiest))).one()


def _places(session: Session) -> Places:
    def ids(model: type) -> dict[str, str]:
        return {title: str(row_id) for row_id, title in session.execute(select(model.id, model.title))}  # type: ignore[attr-defined]

    return Places(ids(Account), ids(Site))
