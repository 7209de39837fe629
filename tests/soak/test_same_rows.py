"""For random filters over a town of a few thousand people: all pages of the list by their own links, the API and the
files in every format hold the same rows as the database's own shell finds by SQL that is none of the program's."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import shells
from tests.crowd import NOON, ZONE, crowd, drawn
from tests.exporting.test_same_people import question as question_of_users
from tests.factories import AttemptFactory, EventFactory
from tests.running import serving
from tests.soak.asking import KINDS, Asker, signed_in
from tests.soak.scale import scaled
from wxadmin import support_codes
from wxadmin.database import Database, csv_lines
from wxadmin.ids import first_id_at
from wxadmin.models import Site, User
from wxadmin.queries.user_filters import UserFilters
from wxadmin.settings import Settings
from wxadmin.tasks import exports as tasks
from wxadmin.tasks import sweep

pytestmark = pytest.mark.soak

FILTERS = scaled(200, least=3)
PEOPLE = scaled(3_000, least=120)
LOGINS = scaled(6_000, least=150)
Store = Callable[[Callable[[], Any]], Any]
Given = Mapping[str, str]


@pytest.fixture(autouse=True)
def portions_are_small_and_jobs_look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", 170)
    monkeypatch.setattr(csv_lines, "COPIED_AT_ONCE", 170)
    monkeypatch.setattr(tasks, "_LOOKS_EVERY_S", 0.1)
    monkeypatch.setattr(tasks, "_TELLS_EVERY_S", 0.5)


@pytest.fixture(autouse=True)
def who_waits_goes_on_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """For longer than the shell's answers are asked for: the gateway would end it as abandoned within a minute."""
    monkeypatch.setattr(sweep, "_ENDS", ())


@pytest.fixture
def rng() -> random.Random:
    return random.Random(20261126)


@pytest.fixture
def town(store: Store, rng: random.Random) -> None:
    """Two accounts with two sites each."""
    store(lambda: crowd(rng, PEOPLE // 2))


async def test_for_any_filters_all_ways_to_users_hold_the_same_people(
    town: None, settings: Settings, database: Database, http: httpx.AsyncClient, rng: random.Random
) -> None:
    filters = [{}, *(drawn(rng) for _ in range(FILTERS))]
    openids = database.read_now(lambda session: dict(session.execute(select(User.id, User.openid)).all()))
    by_shell = shells.answers(settings.database, [question_of_users(UserFilters.read(one)) for one in filters])

    async def same(asker: Asker, given: Given, expected: list[str]) -> None:
        on_pages = await asker.on_pages("/admin/users", given, r'<td><a href="/admin/users/([0-9]+)">')
        by_api = await asker.by_api("/users", given)
        assert sorted(openids[int(one)] for one in on_pages) == expected, ("pages", given)
        assert sorted(openids[int(one["id"])] for one in by_api) == expected, ("API", given)
        await _require_same_in_files(asker, "users", given, ("openid", "account", "last_login"), expected)

    rows = await _each(same, settings, database, http, list(zip(filters, by_shell, strict=True)))
    print(f"\n{len(filters)} filters over {len(openids)} people: {rows} rows, alike in pages, API and {KINDS}")

    assert len(by_shell[0]) == len(openids)
    assert rows > len(openids)


async def test_for_any_filters_all_ways_to_attempts_hold_the_same_logins(
    town: None, settings: Settings, database: Database, store: Store, http: httpx.AsyncClient, rng: random.Random
) -> None:
    store(lambda: _attempts(database, rng))
    filters = [{}, *(_drawn(rng, _attempt_filters(rng)) for _ in range(FILTERS))]
    by_shell = shells.answers(settings.database, [question_of_attempts(one) for one in filters])

    async def same(asker: Asker, given: Given, expected: list[str]) -> None:
        on_pages = await asker.on_pages("/admin/attempts", given, r'class="mono"><a href="/admin/attempts/([^"]+)">')
        by_api = await asker.by_api("/attempts", given)
        plain = [one.replace("-", "") for one in on_pages]
        assert sorted(plain) == expected, ("pages", given)
        assert sorted(one["support_code"].replace("-", "") for one in by_api) == expected, ("API", given)
        shown = [support_codes.show(one) for one in expected]
        await _require_same_in_files(asker, "attempts", given, ("support_code", "outcome"), shown)

    rows = await _each(same, settings, database, http, list(zip(filters, by_shell, strict=True)))
    print(f"\n{len(filters)} filters over {LOGINS} attempts: {rows} rows, alike in pages, API and {KINDS}")

    assert len(by_shell[0]) == LOGINS
    assert rows > LOGINS


async def test_for_any_filters_all_ways_to_events_hold_the_same_steps(
    town: None, settings: Settings, database: Database, store: Store, http: httpx.AsyncClient, rng: random.Random
) -> None:
    store(lambda: _attempts(database, rng))
    filters = [{}, *(_drawn(rng, _event_filters(rng)) for _ in range(FILTERS))]
    by_shell = shells.answers(settings.database, [question_of_events(one) for one in filters])

    async def same(asker: Asker, given: Given, expected: list[str]) -> None:
        by_api = await asker.by_api("/events", given)
        assert sorted(one["id"] for one in by_api) == expected, ("API", given)
        await _require_same_in_files(asker, "events", given, ("id",), expected)

    rows = await _each(same, settings, database, http, list(zip(filters, by_shell, strict=True)))
    print(f"\n{len(filters)} filters over {len(by_shell[0])} events: {rows} rows, alike in API and {KINDS}")

    assert len(by_shell[0]) > LOGINS
    assert rows > LOGINS


async def _each(
    same: Callable[[Asker, Given, list[str]], Awaitable[None]],
    settings: Settings,
    database: Database,
    http: httpx.AsyncClient,
    answers: Sequence[tuple[Given, shells.Rows]],
) -> int:
    """The shell was here before: from now on this process has a file of SQLite's open twice, for which no other program
    should come near it. Returns how many rows there were in all."""
    rows = 0
    async with serving(settings.model_copy(update={"log_level": "warning"})) as gateway:
        for given, found in answers:
            await same(signed_in(database, gateway, http), given, sorted(row[0] for row in found))
            rows += len(found)
    return rows


async def _require_same_in_files(
    asker: Asker, subject: str, given: Given, columns: Sequence[str], expected: Sequence[str]
) -> None:
    files = await asyncio.gather(*(asker.exported(subject, given, kind, columns) for kind in KINDS))
    for kind, found in zip(KINDS, files, strict=True):
        # Long numbers have an apostrophe in front in CSV for spreadsheets.
        plain = [one.removeprefix("'") for one in found] if kind == "csv_excel" else found
        assert sorted(plain) == sorted(expected), (kind, given)


def _drawn(rng: random.Random, values: dict[str, str]) -> dict[str, str]:
    return {name: values[name] for name in rng.sample(sorted(values), rng.choice([0, 1, 1, 1, 2, 2, 3]))}


BROWSERS = ("wechat-android", "wechat-ios", "other")
ENDS = ("succeeded", "failed", "snapshot", "abandoned", "denied", "refused", "waiting", "page_failed")
CODES = ("40029", "40163", "gw_timeout")
DAYS = 6


def _attempts(database: Database, rng: random.Random) -> None:
    """Each with one event, or with two."""
    sites, people = database.read_now(_places)
    for number in range(LOGINS):
        end, at = rng.choice(ENDS), NOON - timedelta(minutes=rng.randrange(DAYS * 24 * 60))
        changes: dict[str, Any] = {end: True, "started_at": at, "id": first_id_at(at) + number}
        if end == "succeeded":
            changes |= {"user": None, "user_id": rng.choice(people)}
        if end in {"failed", "page_failed"}:
            changes["ended_by"] = rng.choice(CODES)
        attempt = AttemptFactory(
            site=rng.choice(sites),
            scope=rng.choice(["snsapi_base", "snsapi_userinfo"]),
            browser_family=rng.choice(BROWSERS),
            wechat_version=rng.choice(["8.0.49", "8.0.50", "7.0.1", None]),
            ref=rng.choice(["M7", "m7", None]),
            ip=rng.choice(["203.0.113.7", "2001:db8::7", None]),
            **changes,
        )
        for step in range(rng.choice([1, 2])):
            failed = end in {"failed", "page_failed"} and step == 0
            kind = {"failure": True, "code": attempt.ended_by, "stage": "exchange"} if failed else {}
            EventFactory(attempt=attempt, id=first_id_at(at) + 2 * number + step, **kind)


def _places(session: Session) -> tuple[Sequence[Site], Sequence[int]]:
    sites = session.scalars(select(Site).where(Site.name.in_(["leaf-0", "leaf-1", "ward-0"])).order_by(Site.name))
    return sites.all(), session.scalars(select(User.id).order_by(User.id).limit(40)).all()


def _attempt_filters(rng: random.Random) -> dict[str, str]:
    return {
        "outcome": rng.choice([*ENDS[:-1], "waiting"]),
        "site": rng.choice(["leaf-0", "leaf-1", "ward-0"]),
        "account": rng.choice(["leaf", "ward"]),
        "scope": rng.choice(["snsapi_base", "snsapi_userinfo"]),
        "browser": rng.choice(BROWSERS),
        "version": rng.choice(["8.0", "8.0.5", "7"]),
        "code": rng.choice([*CODES, "gw_no_callback"]),
        "ref": rng.choice(["M7", "m7", "M"]),
        "ip": rng.choice(["203.0.113.7", "2001:db8::7"]),
        **_days(rng),
    }


def _event_filters(rng: random.Random) -> dict[str, str]:
    return {
        "stage": rng.choice(["start", "exchange", "refresh"]),
        "class": rng.choice(["ok", "failure"]),
        "code": rng.choice(CODES),
        "site": rng.choice(["leaf-0", "ward-0"]),
        **_days(rng),
    }


def _days(rng: random.Random) -> dict[str, str]:
    days = sorted(NOON.date() - timedelta(days=rng.randrange(DAYS)) for _ in range(2))
    return {"from": str(days[0]), "to": str(days[1])}


_OUTCOMES = {
    "waiting": "a.outcome IS NULL",
    "refused": "a.outcome = 'failed' AND a.state_hash IS NULL AND a.code_hash IS NULL",
    "failed": "a.outcome = 'failed' AND NOT (a.state_hash IS NULL AND a.code_hash IS NULL)",
}
_OF_SITE = "{0}.site_id = (SELECT id FROM site WHERE name = '{1}')"


def question_of_attempts(given: Given) -> shells.Question:
    where, moments = _within("a.started_at", given)
    equal = {"scope": "scope", "browser": "browser_family", "code": "ended_by", "ref": "ref", "ip": "ip"}
    where += [f"a.{column} = '{given[name]}'" for name, column in equal.items() if name in given]
    where += [_OF_SITE.format("a", given["site"])] if "site" in given else []
    account = f"a.account_id = (SELECT id FROM account WHERE name = '{given.get('account')}')"
    where += [account] if "account" in given else []
    version = given.get("version", "")
    where += [f"substr(a.wechat_version, 1, {len(version)}) = '{version}'"] if version else []
    if outcome := given.get("outcome"):
        where.append(_OUTCOMES.get(outcome, f"a.outcome = '{outcome}'"))
    return f"SELECT a.support_code FROM attempt a WHERE {' AND '.join(where)}", moments


def question_of_events(given: Given) -> shells.Question:
    where, moments = _within("e.at", given)
    equal = {"stage": "stage", "class": "event_class"}
    where += [f"e.{column} = '{given[name]}'" for name, column in equal.items() if name in given]
    where += [f"e.code = '{given['code']}' AND e.event_class <> 'ok'"] if "code" in given else []
    where += [_OF_SITE.format("e", given["site"])] if "site" in given else []
    return f"SELECT e.id FROM event e WHERE {' AND '.join(where)}", moments


def _within(column: str, given: Given) -> tuple[list[str], dict[str, datetime]]:
    where, moments = ["1 = 1"], {}
    if "from" in given:
        where.append(f"{column} >= :begin")
        moments["begin"] = datetime.combine(date.fromisoformat(given["from"]), time(), ZONE)
    if "to" in given:
        where.append(f"{column} < :end")
        moments["end"] = datetime.combine(date.fromisoformat(given["to"]) + timedelta(days=1), time(), ZONE)
    return where, moments
