"""How the list of users is shown: its order, its columns, and its count to the last one."""

import asyncio
import html
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests import html_tree
from tests.databases import on_sqlite
from tests.factories import UserFactory
from tests.handlers.admin.conftest import StaffVisitor
from wxadmin.database import Database, long_reads
from wxadmin.handlers.admin import exact_counts
from wxadmin.handlers.admin.exact_counts import ExactCounts
from wxadmin.models import Site
from wxadmin.queries import user_counts, users
from wxadmin.queries.user_counts import Progress

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
Store = Callable[[Callable[[], Any]], Any]
Staff = Callable[..., StaffVisitor]


@pytest.fixture
def people(database: Database, gateway: str, store: Store) -> list[Any]:
    """Sixty users of the shop: who came first was here last."""
    shop = database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "shop")).one())

    def make(number: int) -> Any:
        return UserFactory(
            site=shop,
            account_id=shop.account_id,
            first_seen_at=NOON - timedelta(days=number),
            last_login_at=NOON + timedelta(minutes=number),
            logins=number + 1,
            last_ref=f"M-{number:05}",
        )

    found: list[Any] = store(lambda: [make(number) for number in range(60)])
    return found


def headings(page: str) -> list[str]:
    return [re.sub("<[^>]+>", "", head).strip() for head in re.findall(r"<th .*?</th>", page)]


def ids(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'<td><a href="/admin/users/(\d+)"', page)]


def linked(page: str, rel: str) -> str:
    return html.unescape(page.partition(f'rel="{rel}" href="')[2].partition('"')[0])


async def test_a_heading_sorts_and_sorts_the_other_way_round(people: list[Any], staff: Staff) -> None:
    ada = staff("admin")

    usual = await ada.get("/admin/users")
    by_first = await ada.get("/admin/users?sort=-first_login")
    turned = await ada.get("/admin/users?sort=first_login&scope=explicit")
    rest = await ada.get(linked(turned.text, "next"))

    assert 'aria-sort="descending"><a href="/admin/users?sort=last_login">Last login' in usual.text
    assert '<a href="/admin/users?sort=-first_login">First login' in usual.text
    assert 'aria-sort="descending"><a href="/admin/users?sort=first_login">First login' in by_first.text
    assert ids(by_first.text) == [person.id for person in people[:50]]
    assert 'aria-sort="ascending"' in turned.text
    assert linked(turned.text, "next").startswith("/admin/users?scope=explicit&sort=first_login&newer=")
    assert ids(turned.text) + ids(rest.text) == [person.id for person in reversed(people)]
    assert linked(rest.text, "prev").partition("&older=")[1]
    assert '<option value="first_login" selected>' in turned.text


async def test_columns_are_those_of_the_address(people: list[Any], staff: Staff) -> None:
    page = await staff("operator").get("/admin/users?cols=ref,logins,openid&sort=last_login")

    assert headings(page.text) == ["Nickname", "OpenID", "Member reference", "Logins"]
    assert "M-00000" in page.text
    assert linked(page.text, "next").startswith("/admin/users?sort=last_login&cols=openid%2Cref%2Clogins&newer=")
    assert '<input type="hidden" name="cols" value="openid,ref,logins">' in page.text


async def test_chosen_columns_are_remembered_in_this_browser(people: list[Any], staff: Staff) -> None:
    ada = staff("admin")

    chosen = await ada.get("/admin/users?scope=explicit&cols=&cols=unionid&cols=logins&remember=cols")
    cookie = chosen.headers["Set-Cookie"].partition(";")[0]
    later = await ada.get("/admin/users", headers={"Cookie": f"{ada._cookie('en')}; {cookie}"})
    elsewhere = await ada.get("/admin/users")

    assert (chosen.status_code, chosen.headers["Location"]) == (
        303,
        "/admin/users?scope=explicit&cols=unionid%2Clogins",
    )
    assert headings(later.text) == ["Nickname", "UnionID", "Logins"]
    assert headings(elsewhere.text)[:2] == ["Nickname", "OpenID"]


@on_sqlite
async def test_no_column_but_the_nickname_can_be_chosen_too(people: list[Any], staff: Staff) -> None:
    ada = staff("admin")

    chosen = await ada.get("/admin/users?cols=&remember=cols")
    page = await ada.get(chosen.headers["Location"])

    assert headings(page.text) == ["Nickname"]


@on_sqlite
@pytest.mark.parametrize("cookie", ["gone", "openid,gone", "%00", "none"])
async def test_a_cookie_of_another_version_breaks_nothing(people: list[Any], staff: Staff, cookie: str) -> None:
    ada = staff("admin")

    page = await ada.get("/admin/users", headers={"Cookie": f"{ada._cookie('en')}; wxadmin_user_columns={cookie}"})

    assert page.status_code == 200
    assert headings(page.text)[0] == "Nickname"


@on_sqlite
async def test_a_column_that_is_none_is_refused(people: list[Any], staff: Staff) -> None:
    page = await staff("admin").get("/admin/users?cols=openid,password")

    assert page.status_code == 400


async def test_masked_columns_are_masked_however_the_list_is_shown(people: list[Any], staff: Staff) -> None:
    page = await staff("support").get("/admin/users?cols=openid,unionid,ref&sort=first_login&unionid=known")

    assert ids(page.text)
    for person in people:
        assert person.openid not in page.text
        assert person.unionid not in page.text
        assert person.last_ref not in page.text


async def test_a_count_that_stopped_is_made_exact_on_demand(
    people: list[Any], staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "COUNTED_TO", 10)
    ada = staff("admin")

    capped = await ada.get("/admin/users?logins_min=6")
    link = re.findall(r'href="([^"]+)">Count exactly', capped.text)[0]
    exact = await ada.get(html.unescape(link))

    assert link == "/admin/users?logins_min=6&amp;count=exact"
    assert "55 users, counted to the last one at" in html_tree.read(exact.text).text
    assert "Count exactly" not in exact.text


@on_sqlite
async def test_a_count_that_takes_long_says_how_far_it_is(
    people: list[Any], staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "COUNTED_TO", 10)
    monkeypatch.setattr(exact_counts, "_PATIENCE_S", 0.05)
    may_end = threading.Event()

    def slowly(*_: Any, progress: Progress, **__: Any) -> int:
        progress.looked = 1_234
        may_end.wait(30)
        return 60

    monkeypatch.setattr(user_counts, "exactly", slowly)
    ada = staff("admin")

    begun = await ada.get("/admin/users?count=exact")
    may_end.set()
    page = await ada.get("/admin/users?count=exact")

    assert "1,234 users" in begun.text
    assert "Look again" in begun.text
    assert "60 users, counted to the last one" in html_tree.read(page.text).text


@on_sqlite
async def test_where_others_are_at_work_it_says_to_try_again(
    people: list[Any], staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "COUNTED_TO", 10)
    monkeypatch.setattr(long_reads, "AT_ONCE", 0)

    page = await staff("admin").get("/admin/users?count=exact")

    assert page.status_code == 200
    assert "Two lists or counts are at work" in page.text
    assert "More than 10,000 users" in page.text


@on_sqlite
async def test_what_is_no_count_is_refused(staff: Staff) -> None:
    page = await staff("admin").get("/admin/users?count=all")

    assert page.status_code == 400


async def test_the_same_question_joins_the_count_and_another_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_counts, "_PATIENCE_S", 0)
    counts, begun = ExactCounts(), []

    async def count(progress: Progress) -> int:
        begun.append(progress)
        await asyncio.sleep(3600)
        return 1

    first = await counts.ask("ada", "all", count)
    again = await counts.ask("ada", "all", count)
    other = await counts.ask("ada", "some", count)
    of_lin = await counts.ask("lin", "all", count)
    await asyncio.sleep(0)

    assert again is first
    assert first.task.cancelled()
    assert first.number is None
    assert (other.is_underway, of_lin.is_underway, len(begun)) == (True, True, 3)
    for counting in (other, of_lin):
        counting.task.cancel()


async def test_an_answer_is_good_for_a_while_and_a_failure_is_not() -> None:
    counts = ExactCounts()
    answers = iter([7, 8])

    async def count(_: Progress) -> int:
        return next(answers)

    async def fail(_: Progress) -> int:
        raise OSError

    failed = await counts.ask("ada", "all", fail)
    found = [(await counts.ask("ada", "all", count)).number for _ in range(2)]

    with pytest.raises(OSError):
        _ = failed.number
    assert found == [7, 7]
