"""A demo in a real browser, with a visitor in the shop and staff at the dashboard: what one does, the other sees."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Demo, Visitor, playing
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.ids import Ids
from wxadmin.services import house, sweeping

pytestmark = pytest.mark.browser

PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/116.0.0.0 Mobile MicroMessenger/8.0.48"
SHOP_TITLE = "山间茶铺"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """As `make demo` starts it, with all its people."""
    with playing(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Visitor]:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN", user_agent=PHONE)
    context.set_default_timeout(10_000)
    visitor = Visitor(context.new_page(), "phone")
    yield visitor
    context.close()
    assert visitor.complaints == []


@pytest.fixture
def staff(chromium: Browser, demo: Demo) -> Iterator[Visitor]:
    """Signed in with what the demo has printed."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    context.set_default_timeout(10_000)
    staff = Visitor(context.new_page(), "desktop")
    sign_in(staff.page, demo, "admin")
    yield staff
    context.close()
    assert staff.complaints == []


def sign_in(page: Page, demo: Demo, name: str) -> None:
    page.goto(f"{demo.gateway}/admin/")
    page.get_by_label("名称").fill(name)
    page.get_by_label("密码").fill(printed(demo, "密码"))
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(f"{demo.gateway}/admin/")


def printed(demo: Demo, label: str) -> str:
    """What the demo printed behind the label."""
    (found,) = re.findall(rf"{label} +(\S.*)", demo.said)
    return str(found)


def number(staff: Visitor, demo: Demo, label: str) -> int:
    """One of the overview's numbers, of a page that is loaded now."""
    staff.page.goto(f"{demo.gateway}/admin/")
    shown = staff.page.locator("li.number", has=staff.page.get_by_text(label, exact=True)).locator("b")
    return int(shown.inner_text().replace(",", ""))


def be(visitor: Visitor, demo: Demo, person: int) -> None:
    """The person whom the simulator shows at this browser."""
    visitor.page.context.add_cookies(
        [{"name": "wxsim_person", "value": str(person), "url": f"{demo.simulator}/connect"}]
    )


def log_in(visitor: Visitor, demo: Demo, choice: str) -> None:
    visitor.page.goto(demo.shop)
    visitor.page.get_by_role("link", name="微信登录").click()
    visitor.page.get_by_role("link", name=choice).click()


def first_attempt(staff: Visitor, address: str) -> Locator:
    """The newest attempt of the list at this address."""
    staff.page.goto(address)
    return staff.page.locator("#attempts tbody tr").first


@pytest.mark.parametrize("name", ["admin", "operator", "marketer", "support", "developer"])
def test_everyone_who_is_printed_can_sign_in(chromium: Browser, demo: Demo, name: str) -> None:
    page = chromium.new_page(locale="zh-CN")

    sign_in(page, demo, name)

    assert name in printed(demo, "登录名").split(", ")
    page.close()


def test_a_login_is_on_the_dashboard_at_the_next_look(demo: Demo, visitor: Visitor, staff: Visitor) -> None:
    be(visitor, demo, 501)
    labels = ("授权人数", "授权成功次数", "新增授权用户")
    before = [number(staff, demo, label) for label in labels]

    log_in(visitor, demo, "允许")
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("欢迎")

    assert [number(staff, demo, label) for label in labels] == [count + 1 for count in before]
    openid = visitor.page.locator(".received dl > div", has_text="openid").locator("dd").inner_text()
    staff.page.goto(f"{demo.gateway}/admin/users")
    newest = staff.page.locator("#users tbody tr").first
    expect(newest).to_contain_text(openid)
    expect(newest).to_contain_text(SHOP_TITLE)
    attempt = first_attempt(staff, f"{demo.gateway}/admin/attempts?site=shop")
    expect(attempt).to_contain_text("成功")
    attempt.get_by_role("link").first.click()
    expect(staff.page.get_by_text(openid)).to_be_visible()


@pytest.mark.parametrize("errcode", ["40029", "40125"])
def test_a_fault_is_counted_under_its_errcode_and_its_support_code_leads_to_it(
    demo: Demo, visitor: Visitor, staff: Visitor, errcode: str
) -> None:
    before = failures(staff, demo, errcode)
    order_fault(staff, demo, errcode)

    log_in(visitor, demo, "允许")
    support_code = visitor.page.locator("#support-code").inner_text()

    assert failures(staff, demo, errcode) == before + 1
    staff.page.get_by_role("link", name=errcode, exact=True).click()
    expect(staff.page.get_by_role("link", name=support_code)).to_be_visible()
    staff.look(f"failure-{errcode}")
    staff.page.keyboard.press("/")
    staff.page.keyboard.type(support_code.lower())
    staff.page.keyboard.press("Enter")
    expect(staff.page).to_have_url(f"{demo.gateway}/admin/attempts/{support_code}")
    expect(staff.page.locator("main")).to_contain_text(errcode)
    staff.look(f"attempt-{errcode}")


def order_fault(staff: Visitor, demo: Demo, errcode: str) -> None:
    """As one who has found the simulator's page by the dashboard's link to it."""
    staff.page.get_by_role("link", name="故障开关").click()
    faults = staff.page.get_by_role("region", name="故障")
    faults.get_by_role("button", name=errcode).click()
    expect(faults.get_by_role("row")).to_have_count(2)


def failures(staff: Visitor, demo: Demo, errcode: str) -> int:
    """How often an exchange was refused with it, by the page of failures."""
    staff.page.goto(f"{demo.gateway}/admin/failures")
    rows = staff.page.locator("tr", has=staff.page.get_by_role("link", name=errcode, exact=True))
    return sum(int(cell.inner_text()) for cell in rows.filter(has_text="换取凭证").locator("td:nth-child(2)").all())


def test_who_denies_is_waited_for_and_then_has_not_come_back(demo: Demo, visitor: Visitor, staff: Visitor) -> None:
    log_in(visitor, demo, "拒绝")
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("你已拒绝授权")

    waiting = first_attempt(staff, f"{demo.gateway}/admin/attempts?outcome=waiting&site=shop")
    expect(waiting).to_contain_text("等待返回")
    expect(waiting).to_contain_text(re.compile("已等 .*秒"))
    support_code = waiting.get_by_role("link").first.inner_text()
    staff.look("waiting")
    assert number(staff, demo, "等待返回") >= 1

    begin_earlier(demo, support_code, by=timedelta(minutes=11))
    sweep(demo)

    staff.page.goto(f"{demo.gateway}/admin/attempts/{support_code}")
    expect(staff.page.get_by_role("heading", name="结论")).to_contain_text("未返回")
    staff.look("abandoned")
    ended = first_attempt(staff, f"{demo.gateway}/admin/attempts?outcome=abandoned&site=shop")
    expect(ended).to_contain_text(support_code)


def begin_earlier(demo: Demo, support_code: str, *, by: timedelta) -> None:
    """Changes what is written of its start, as if the visitor had come earlier: no test waits for ten minutes."""
    with closing(sqlite3.connect(demo.folder / "demo" / "wxadmin.sqlite3")) as shell, shell:
        stored = f"{utcnow() - by:%Y-%m-%d %H:%M:%S.%f}"
        code = support_code.replace("-", "")
        moved = shell.execute("UPDATE attempt SET started_at = ? WHERE support_code = ?", (stored, code))
        assert moved.rowcount == 1


def sweep(demo: Demo) -> None:
    """What the demo's own job does every minute, by a node of the test's: whichever comes first ends the attempt."""
    database = Database(f"sqlite:///{demo.folder}/demo/wxadmin.sqlite3")
    node = database.write_now(house.register_node)
    database.write_now(sweeping.end_waiting, ids=Ids(node=node), node=node, now=utcnow(), limit=500)
    database.close()


def test_every_page_of_a_demo_links_the_shop_and_the_switches(demo: Demo, staff: Visitor) -> None:
    links = staff.page.locator("aside.demo a")

    assert [link.get_attribute("href") for link in links.all()] == [f"{demo.shop}/", f"{demo.simulator}/_sim/"]
