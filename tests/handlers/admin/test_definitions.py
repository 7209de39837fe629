"""Every number of every page has a mark, which leads to what is said about it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests import figures, html_tree
from tests.factories import (
    AttemptFactory,
    EventFactory,
    FailureHourFactory,
    LoginHourFactory,
    TokenFactory,
    UserChannelFactory,
    UserFactory,
)
from tests.handlers.admin.conftest import StaffVisitor
from tests.html_tree import Node
from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.handlers.admin import definitions
from wxadmin.handlers.admin.definitions.definition import PARAMETERS
from wxadmin.ids import first_id_at
from wxadmin.models import Attempt, Event, Site

Store = Callable[[Callable[[], Any]], Any]
LISTS = ("", "users", "attempts", "failures", "failures?range=today", "scopes", "tokens", "accounts", "sites", "doctor")


def user_of(site: Site) -> Any:
    return UserFactory(site=site, account_id=site.account_id)


def leads_to(node: Node) -> set[str]:
    return {
        mark.attributes["href"].partition("#")[2]
        for mark in node.all("a", named="definition")
        if mark.attributes["href"].startswith("/admin/definitions#") and mark.attributes["aria-label"]
    }


def unexplained(page: Node) -> list[str]:
    """The numbers of a page that have no mark beside them: cards, facts, and columns, whose section may have it."""
    cards = [card.text for card in page.all("li", named="number") if not leads_to(card)]
    facts = [fact.text for fact in page.all("dd", named="num") if fact.parent and not leads_to(fact.parent)]
    columns = []
    for found in page.all("table"):
        read = html_tree.table(found)
        bare = [
            cell.text
            for column, cell in enumerate(read.head)
            if any("num" in row[column].classes for row in read.rows) and not leads_to(cell)
        ]
        section = found.within("section")
        assert section is not None
        beside = [node for node in section.all("h2", "p") if node.within("table") is None and leads_to(node)]
        columns += [] if beside else bare
    return cards + facts + columns


@pytest.fixture
def busy(store: Store, database: Database, gateway: str) -> Site:
    """Something to show on every page."""
    shop: Site = database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "shop")).one())
    place = {"account_id": shop.account_id, "site_id": shop.id}
    user = store(lambda: user_of(shop))
    store(lambda: TokenFactory(user=user))
    store(lambda: UserChannelFactory(user_id=user.id, site_id=shop.id))
    attempt = store(lambda: AttemptFactory(site=shop, account_id=shop.account_id, failed=True, ended_by="40125"))
    store(lambda: EventFactory(attempt=attempt, user_id=user.id, event_class="failure", code="40125", duration_ms=9))
    store(lambda: FailureHourFactory(**place, code="40125", events=1))
    last_hour = FailureHourFactory.build().hour - figures.HOUR
    store(lambda: FailureHourFactory(**place, hour=last_hour, code="gw_state_used", event_class="harmless", events=50))
    store(lambda: TokenFactory(user=user_of(shop), authorized_at=utcnow() - 3 * figures.HOUR))
    await_in_vain(store, shop)
    return shop


def await_in_vain(store: Store, shop: Site) -> None:
    """So many logins that nobody has come back from as need somebody."""
    began = utcnow() - timedelta(minutes=3)
    for number in range(30):
        attempt_id = first_id_at(began) + number
        store(lambda attempt_id=attempt_id: AttemptFactory(id=attempt_id, site=shop, started_at=began))
    store(lambda: LoginHourFactory(account_id=shop.account_id, site_id=shop.id, started=30))


async def test_every_number_of_every_page_has_a_mark_that_leads_to_its_definition(
    staff: Callable[..., StaffVisitor], busy: Site, stored: Callable[[type], Sequence[Any]]
) -> None:
    admin = staff("admin")
    [attempt] = [one for one in stored(Attempt) if one.ended_by]
    one_of_each = (
        f"users/{stored(Event)[0].user_id}",
        f"attempts/{support_codes.show(attempt.support_code)}",
        *("failures/40125", "failures/gw_state_used", "accounts/tea", "sites/shop"),
    )

    pages = {at: html_tree.read((await admin.get(f"/admin/{at}")).text) for at in (*LISTS, *one_of_each)}
    defined = html_tree.read((await admin.get("/admin/definitions")).text)

    explained = {node.attributes["id"] for node in defined.all("article")}
    linked = set().union(*(leads_to(page) for page in pages.values()))
    assert {at: names for at, page in pages.items() if (names := unexplained(page))} == {}
    assert all(list(page.all("main")) for page in pages.values())
    assert explained == {definition.anchor for definition in definitions.ALL}
    assert linked == explained


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
async def test_formula_table_and_sql_are_shown(staff: Callable[..., StaffVisitor], lang: str) -> None:
    page = await staff("developer").get("/admin/definitions", lang=lang)

    assert "login_hour.people" in page.text
    assert "SELECT count(*) FROM event WHERE first_of_day" in page.text
    assert ("成功 ÷（成功＋失败－已自行恢复＋未返回）" in page.text) is (lang == "zh_CN")


def test_every_name_in_the_sql_is_explained() -> None:
    names = set().union(*(figures.named_in(definition.sql) for definition in definitions.ALL))

    assert names == set(PARAMETERS)
