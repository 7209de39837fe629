"""The pages of token health: what stands there equals what is stored, and its buttons do what they say."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests import granted, html_tree
from tests.databases import on_sqlite
from tests.factories import (
    AccountRefreshFactory,
    FailureHourFactory,
    NodeFactory,
    RefreshPassFactory,
    StepHourFactory,
    TokenFactory,
    UserFactory,
)
from tests.handlers.admin.conftest import SignIn
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.days import DAY
from wxadmin.models import Account, AccountRefresh, AuditEntry, Class, Site, Stage, Token
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault
from wxadmin.wechat import errcodes

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]
HOUR = timedelta(hours=1)


@pytest.fixture
def account(database: Database, shop: Site) -> Account:
    return database.read_now(lambda session: session.get_one(Account, shop.account_id))


@pytest.fixture
def token(store: Store, shop: Site) -> Callable[..., Token]:
    """Stores one of a new user of the shop."""
    return lambda **columns: store(
        lambda: TokenFactory(user=UserFactory(site=shop, account_id=shop.account_id), **columns)
    )


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the table in the section of the page whose heading has this id."""
    section = html_tree.read(page).by_id(heading).within("section")  # type: ignore[union-attr]
    assert section is not None
    return html_tree.table(section.one("table")).texts


def numbers(page: str) -> dict[str, str]:
    """What the cards at the head of the page say, by their link."""
    cards = html_tree.read(page).all("li", named="number")
    return {
        link.attributes["href"].partition("token=")[2]: card.one("b").text
        for card in cards
        for link in card.all("a")
        if "token=" in link.attributes["href"]
    }


async def test_tokens_are_counted_by_account_and_state(token: Callable, staff: SignIn) -> None:
    for _ in range(2):
        token()
    token(needs_consent=True)

    page = await staff("support").get("/admin/tokens")

    [row] = table(page.text, "states")
    assert row == ["云雾茶铺", "2", "0", "0", "0", "0", "0", "0", "1", "0", "3", "—"]


async def test_each_state_has_its_number_and_leads_to_its_users(token: Callable, staff: SignIn) -> None:
    now = utcnow()
    token()
    token(due=True)
    token(leased=True)
    token(failures=1, last_code="-1")
    token(expires_at=now - HOUR, next_refresh_at=now - HOUR)
    token(needs_consent=True)

    page = await staff("operator").get("/admin/tokens")

    found = numbers(page.text)
    assert found == {
        "fresh": "1",
        "due": "1",
        "refreshing": "1",
        "backing_off": "1",
        "paused": "0",
        "late": "1",
        "needs_consent": "1",
    }
    for state in found:
        users = await staff("operator").get(f"/admin/users?token={state}")
        assert len(re.findall(r'href="/admin/users/\d+"', users.text)) == int(found[state]), state


async def test_a_held_account_is_told_with_its_reason_its_remedy_and_a_way_on(
    token: Callable, store: Store, staff: SignIn, account: Account
) -> None:
    token(due=True)
    store(lambda: AccountRefreshFactory(account=account, misconfigured=True))

    operator = await staff("operator").get("/admin/tokens")
    support = await staff("support").get("/admin/tokens")

    entry = errcodes.find("40164", Stage.REFRESH)
    section = html_tree.read(operator.text).by_id("held").within("section")  # type: ignore[union-attr]
    assert section is not None
    assert entry.title("en") in section.text
    assert entry.remedy("en") in section.text
    assert numbers(operator.text)["paused"] == "1"
    assert "/admin/tokens/tea/resume" in operator.text
    assert "/admin/tokens/tea/resume" not in support.text


async def test_late_tokens_are_told_by_reason(token: Callable, staff: SignIn) -> None:
    over = {"expires_at": utcnow() - HOUR, "next_refresh_at": utcnow() - HOUR}
    token(**over)
    for _ in range(2):
        token(**over, failures=3, last_code="-1")

    page = await staff("operator").get("/admin/tokens")

    title = errcodes.find("-1", Stage.REFRESH).title("en")
    rows = table(page.text, "late")
    assert [(row[1], row[-1]) for row in rows] == [(f"-1 {title}", "2"), ("No refresh was tried yet", "1")]


async def test_consents_that_end_are_forecast_by_day(token: Callable, staff: SignIn) -> None:
    for _ in range(2):
        token(refresh_expires_at=utcnow() + 5 * DAY)

    page = await staff("operator").get("/admin/tokens", lang="zh_CN")

    assert "未来 30 天将有 2 位用户的手动授权到期" in page.text
    assert sum(int(row[1]) for row in table(page.text, "forecast")) == 2


async def test_each_day_of_ending_consents_leads_to_as_many_people(token: Callable, staff: SignIn) -> None:
    for ago in (3, 3, 9):
        token(authorized_at=utcnow() - ago * DAY)
    token(authorized_at=utcnow() - 3 * DAY, scope="snsapi_base")
    token(authorized_at=utcnow() - 3 * DAY, needs_consent=True)
    ada = staff("admin")

    days = re.findall(
        r'<a href="([^"]*consent_from=[^"]*)">[^<]*</a></th><td class="num">([1-9])</td>',
        (await ada.get("/admin/tokens")).text,
    )
    lists = [(await ada.get(address.replace("&amp;", "&"))).text for address, _ in days]

    assert sorted(number for _, number in days) == ["1", "2"]
    assert [str(len(set(re.findall(r'href="/admin/users/([0-9]+)"', one)))) for one in lists] == [n for _, n in days]


async def test_a_policy_says_what_it_costs_and_what_silent_tokens_cost(token: Callable, staff: SignIn) -> None:
    for scope in ("snsapi_base", "snsapi_base", "snsapi_base,snsapi_userinfo"):
        token(scope=scope)

    page = await staff("admin").get("/admin/tokens")

    [row] = table(page.text, "policies")
    everybody, agreed, _, nobody = (int(cell.replace(",", "")) for cell in row[2:6])
    assert 0 == nobody < agreed < everybody
    assert abs(everybody - 3 * agreed) <= 3
    assert f"{everybody - agreed:,} of these calls a day go to silent tokens" in page.text


async def test_refreshes_of_a_day_are_told_by_result(store: Store, staff: SignIn, shop: Site) -> None:
    store(lambda: StepHourFactory(stage=Stage.REFRESH.value, event_class=Class.OK.value, events=41))
    store(lambda: FailureHourFactory(stage=Stage.REFRESH.value, code="42002", events=3))

    page = await staff("admin").get("/admin/tokens")

    title = errcodes.find("42002", Stage.REFRESH).title("en")
    assert table(page.text, "refreshes") == [["Succeeded", "Renewed", "41"], ["42002", title, "3"]]


async def test_passes_say_who_made_them_what_came_of_them_and_which_were_broken_off(
    store: Store, staff: SignIn, shop: Site
) -> None:
    gone = store(lambda: NodeFactory(gone=True, host="old-host", pid=77))
    store(lambda: RefreshPassFactory(node=gone.id, ended_at=None, failures={}))
    store(lambda: RefreshPassFactory(trigger="staff", actor="ada", failures={"-1": 2, "42002": 1}))

    page = await staff("support").get("/admin/tokens/passes")

    newest, oldest = html_tree.table(html_tree.read(page.text).one("table")).texts
    assert newest[1].endswith("· ada")
    assert newest[2:] == ["on demand", "20", "17", "1", "2", "-1 × 2 42002 × 1", "2.0 s"]
    assert (oldest[1], oldest[-1]) == ("old-host:77", "broken off")


async def test_passes_are_turned_page_by_page(store: Store, staff: SignIn, shop: Site) -> None:
    store(lambda: [RefreshPassFactory(leased=1_000 + number) for number in range(60)])
    operator = staff("operator")

    page = await operator.get("/admin/tokens/passes")
    older = re.search(r'href="([^"]*older=\d+[^"]*)"', page.text)
    assert older is not None
    second = await operator.get(older[1].replace("&amp;", "&"))

    taken = [set(re.findall(r"1,0\d\d", text)) for text in (page.text, second.text)]
    assert not taken[0] & taken[1]
    assert len(taken[0] | taken[1]) == 60


@pytest.mark.parametrize("query", ["older=x", "newer=-1", f"older={2**63}"])
@on_sqlite
async def test_a_made_up_place_among_the_passes_is_refused(staff: SignIn, query: str) -> None:
    page = await staff("operator").get(f"/admin/tokens/passes?{query}")

    assert page.status_code == 400


async def test_an_account_is_paused_and_resumed_under_the_name_of_who_did_it(
    staff: SignIn, stored: Stored, shop: Site
) -> None:
    operator = staff("operator")

    paused = await operator.post("/admin/tokens/tea/pause")
    [standing] = stored(AccountRefresh)
    page = await operator.get("/admin/tokens")
    resumed = await operator.post("/admin/tokens/tea/resume")
    [after] = stored(AccountRefresh)

    assert (paused.status_code, resumed.status_code) == (303, 303)
    assert (standing.hold, standing.hold_by, after.hold) == ("staff", operator.name, None)
    assert f"Paused by {operator.name}" in page.text
    assert [(entry.actor, entry.action, entry.subject) for entry in stored(AuditEntry)][-2:] == [
        (operator.name, "refresh_paused", "tea"),
        (operator.name, "refresh_resumed", "tea"),
    ]


@pytest.mark.parametrize("path", ["/admin/tokens/tea/pause", "/admin/users/{id}/refresh"])
@pytest.mark.parametrize("role", ["support", "marketer", "developer"])
@on_sqlite
async def test_only_keepers_of_tokens_pause_and_refresh(
    staff: SignIn, token: Callable, stored: Stored, *, path: str, role: str
) -> None:
    token()
    [stored_token] = stored(Token)

    answer = await staff(role).post(path.format(id=stored_token.user_id))

    assert answer.status_code in {403, 404}
    assert stored(AccountRefresh) == []


async def told(staff: SignIn, role: str, path: str) -> str:
    """What a form's page says after it was sent."""
    page = await staff(role).post(path)
    assert page.status_code == 200, page.text
    return html_tree.read(page.text).one("p", named="notice").text


@pytest.fixture
def granted_user(database: Database, shop: Site, stored: Stored) -> int:
    """Somebody whose token the simulator knows."""
    granted.grant(database, [1], due_at=utcnow() + HOUR)
    [stored_token] = stored(Token)
    return int(stored_token.user_id)


async def test_a_users_token_is_refreshed_now(staff: SignIn, granted_user: int, stored: Stored) -> None:
    said = await told(staff, "operator", f"/admin/users/{granted_user}/refresh")

    assert said == "Renewed."
    assert [token.refreshed_at is not None for token in stored(Token)] == [True]


async def test_a_refusal_is_told_with_what_it_means(staff: SignIn, granted_user: int, world: World) -> None:
    world.faults.order(Fault("refresh", "errcode", errcode=42002, times=1))

    said = await told(staff, "operator", f"/admin/users/{granted_user}/refresh")
    again = await told(staff, "operator", f"/admin/users/{granted_user}/refresh")

    entry = errcodes.find("42002", Stage.REFRESH)
    assert said == f"Not renewed: 42002 {entry.title('en')}. {entry.remedy('en')}"
    assert again == "The consent has ended: only the user's next login brings a new token."


@on_sqlite
async def test_a_users_token_is_checked_with_wechat_and_changed_by_nothing(
    staff: SignIn, granted_user: int, world: World, stored: Stored
) -> None:
    [before] = stored(Token)

    good = await told(staff, "support", f"/admin/users/{granted_user}/check")
    world.faults.order(Fault("auth", "errcode", errcode=40003, times=1))
    bad = await told(staff, "support", f"/admin/users/{granted_user}/check")
    world.faults.order(Fault("auth", "errcode", errcode=-1, times=1))
    unknown = await told(staff, "support", f"/admin/users/{granted_user}/check")

    [after] = stored(Token)
    assert good == "WeChat says that the token is good."
    assert bad.startswith("WeChat says that the token is no good.")
    assert unknown.startswith("WeChat did not say: -1")
    assert (after.version, after.state, after.expires_at) == (before.version, before.state, before.expires_at)


@pytest.mark.parametrize("path", ["/admin/users/1/refresh", f"/admin/users/{2**63}/check"])
@on_sqlite
async def test_somebody_unknown_has_no_token_to_ask_for(staff: SignIn, gateway: str, path: str) -> None:
    assert (await staff("admin").post(path)).status_code == 404
