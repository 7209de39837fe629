"""The dashboard in a real browser, by mouse, finger and keyboard, with scripts and without."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, StorageState, expect

from tests import running
from tests.browser.conftest import Visitor
from tests.browser.tastes import DESK, PHONE, TASTES, Taste
from wxadmin.settings import Settings

pytestmark = pytest.mark.browser

NAME, PASSWORD = "ada", "correct horse battery staple"
# With twenty thousand events, the evening with a wrong AppSecret is surely among the days of a month.
MONTH = "/admin/failures?range=30"
FIRST_OF_LIST = "[data-swap] tbody a:visible"


@dataclass(frozen=True)
class Dashboard:
    """A gateway with sample people, and the cookies of an administrator."""

    url: str
    signed_in: StorageState


Open = Callable[..., Visitor]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Dashboard]:
    with dashboard_of(tmp_path_factory.mktemp("dashboard"), users=1000) as url:
        yield Dashboard(url, signed_in(chromium, url))


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/")
    page.get_by_label("名称").fill(NAME)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(f"{url}/admin/")


def signed_in(chromium: Browser, url: str) -> StorageState:
    context = chromium.new_context(locale="zh-CN")
    sign_in(context.new_page(), url)
    state = context.storage_state()
    context.close()
    return state


@contextmanager
def dashboard_of(folder: Path, *, users: int) -> Iterator[str]:
    """A gateway with an administrator and so many sample people; gives its address."""
    settings = Settings(_env_file=None, data_dir=folder)
    env = running.environment(settings)
    sample = ("sample", "--users", str(users), "--events", str(20 * users))
    for command in (sample if users else ("migrate",), ("staff", "add", NAME, "--role", "admin")):
        made = running.run(*command, env=env, folder=folder, said=PASSWORD)
        assert made.returncode == 0, made.stderr
    port = running.unused_port()
    with running.serve(settings, port, folder=folder) as program:
        yield f"http://127.0.0.1:{port}"
        assert program.terminate() == 0
        assert "Traceback" not in program.output


@pytest.fixture
def browse(chromium: Browser, dashboard: Dashboard) -> Iterator[Open]:
    """`browse("/admin/")` is the administrator before that page; nothing may make the browser complain."""
    opened: list[tuple[BrowserContext, Visitor]] = []

    def browse(path: str, taste: Taste = TASTES[0], **options: Any) -> Visitor:
        size: dict[str, Any] = {"viewport": {"width": taste.width, "height": taste.height}}
        context = chromium.new_context(storage_state=dashboard.signed_in, **size, **options)
        context.set_default_timeout(10_000)
        chosen = {"wxadmin_theme": taste.theme, "wxadmin_lang": taste.lang}
        context.add_cookies([{"name": name, "value": value, "url": dashboard.url} for name, value in chosen.items()])
        visitor = Visitor(context.new_page(), str(taste))
        opened.append((context, visitor))
        visitor.page.goto(dashboard.url + path)
        return visitor

    yield browse
    for context, _ in opened:
        context.close()
    assert [complaint for _, visitor in opened for complaint in visitor.complaints] == []


def test_a_stranger_finds_an_empty_form(chromium: Browser, dashboard: Dashboard) -> None:
    page = chromium.new_page(locale="zh-CN")

    page.goto(f"{dashboard.url}/admin/users")

    expect(page.get_by_label("名称")).to_have_value("")
    expect(page.get_by_label("名称")).to_be_focused()
    assert Axe().run(page).violations_count == 0
    page.close()


def test_a_symptom_is_found_and_its_reply_copied_by_keyboard(browse: Open) -> None:
    page = browse("/admin/failures", permissions=["clipboard-read", "clipboard-write"]).page
    look_up = page.locator("summary", has_text="按现象或微信原文查")

    look_up.press("Enter")
    assert Axe().run(page).violations_count == 0
    page.get_by_role("link", name="白屏、没有反应").press("Enter")
    page.get_by_role("button", name="复制话术（中文）").press("Enter")

    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#reply-0-own").inner_text()


def test_a_reply_can_be_read_without_scripts(browse: Open) -> None:
    page = browse("/admin/failures/40163", java_script_enabled=False).page

    expect(page.locator("#reply-0-own")).to_contain_text("请关闭页面")
    expect(page.get_by_role("button", name="复制话术（中文）")).to_be_hidden()


def test_a_filter_changes_the_list_without_a_reload_and_the_way_back_changes_it_again(browse: Open) -> None:
    page = browse("/admin/users").page
    page.evaluate("document.body.dataset.stayed = 'yes'")
    everybody = page.locator("#users").inner_text()

    page.get_by_role("combobox", name="已授权范围").select_option("explicit")
    page.get_by_role("button", name="查询").click()

    expect(page).to_have_url(re.compile("[?]scope=explicit$"))
    expect(page.locator("#users")).not_to_have_text(everybody, use_inner_text=True)
    expect(page.locator("#users tbody tr")).to_have_count(
        page.locator("#users tbody .badge.ok", has_text="手动").count()
    )
    page.go_back()
    expect(page.locator("#users")).to_have_text(everybody, use_inner_text=True)
    expect(page.get_by_role("combobox", name="已授权范围")).to_have_value("")
    expect(page.locator("body")).to_have_attribute("data-stayed", "yes")


def test_a_filter_may_have_any_name_and_keeps_the_keyboard_where_it_was(browse: Open) -> None:
    page = browse("/admin/audit").page
    page.evaluate("document.body.dataset.stayed = 'yes'")

    page.locator("select[name=action]").select_option("signed_in")
    page.get_by_role("button", name="查询").focus()
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("[?]action=signed_in$"))
    expect(page.locator("select[name=action]")).to_have_value("signed_in")
    expect(page.get_by_role("button", name="查询")).to_be_focused()
    expect(page.locator("body")).to_have_attribute("data-stayed", "yes")


def test_other_days_come_without_a_reload_and_the_days_that_were_chosen_stay(browse: Open) -> None:
    page = browse("/admin/").page
    page.evaluate("document.body.dataset.stayed = 'yes'")

    page.get_by_label("授权范围").select_option("snsapi_base")
    page.get_by_role("button", name="查询").click()
    expect(page).to_have_url(re.compile("[?]scope=snsapi_base$"))
    page.get_by_role("link", name="昨日", exact=True).focus()
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("[?]range=yesterday&scope=snsapi_base$"))
    expect(page.get_by_role("link", name="昨日", exact=True)).to_be_focused()
    expect(page.get_by_role("link", name="昨日", exact=True)).to_have_attribute("aria-current", "true")
    expect(page.get_by_label("授权范围")).to_have_value("snsapi_base")
    expect(page.locator("body")).to_have_attribute("data-stayed", "yes")


def test_the_daily_report_is_read_in_place_and_copied_by_its_button(browse: Open) -> None:
    page = browse("/admin/?range=yesterday", permissions=["clipboard-read", "clipboard-write"]).page
    page.locator("details:has(#report-text) summary").click()

    page.get_by_role("button", name="复制日报").click()

    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#report-text").inner_text()
    assert copied.startswith("微信网页授权日报 ")


def test_turning_a_page_keeps_the_keyboard_where_it_was(browse: Open) -> None:
    page = browse("/admin/users").page
    page.evaluate("document.body.dataset.stayed = 'yes'")
    first = page.locator("#users tbody tr").first.inner_text()

    page.locator("a[rel=next]").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#users tbody tr").first).not_to_have_text(first, use_inner_text=True)
    expect(page.locator("a[rel=next]")).to_be_focused()
    expect(page.locator("body")).to_have_attribute("data-stayed", "yes")


def test_lists_are_filtered_and_turned_without_scripts(browse: Open) -> None:
    page = browse("/admin/users", java_script_enabled=False).page

    page.get_by_role("combobox", name="已授权范围").select_option("explicit")
    page.get_by_role("button", name="查询").click()
    page.locator("a[rel=next]").click()

    expect(page).to_have_url(re.compile("scope=explicit.*older="))
    expect(page.get_by_role("combobox", name="已授权范围")).to_have_value("explicit")
    expect(page.locator("#users tbody tr")).not_to_have_count(0)


@pytest.mark.parametrize("with_scripts", [True, False])
def test_columns_are_chosen_and_stay_chosen(browse: Open, with_scripts: bool) -> None:
    page = browse("/admin/users", java_script_enabled=with_scripts).page
    headings = page.locator("#users thead th")

    page.get_by_text("列设置").click()
    page.get_by_role("checkbox", name="渠道 / 活动").uncheck()
    page.get_by_role("checkbox", name="授权次数").check()
    page.get_by_role("button", name="显示所选列").click()
    expect(page).to_have_url(re.compile("cols=openid"))
    chosen = headings.all_inner_texts()
    page.goto(page.url.partition("?")[0])

    assert chosen == headings.all_inner_texts()
    assert "渠道 / 活动" not in chosen
    assert "授权次数" in chosen


def test_a_heading_sorts_the_list_and_the_form_says_so(browse: Open) -> None:
    page = browse("/admin/users").page
    page.evaluate("document.body.dataset.stayed = 'yes'")

    page.locator("#users thead").get_by_role("link", name="首次授权").click()
    expect(page.locator('th[aria-sort="descending"]')).to_have_text("首次授权")
    page.locator("#users thead").get_by_role("link", name="首次授权").click()

    expect(page.locator('th[aria-sort="ascending"]')).to_have_text("首次授权")
    expect(page.get_by_role("combobox", name="排序")).to_have_value("first_login")
    expect(page.locator("body")).to_have_attribute("data-stayed", "yes")


def test_a_phone_folds_the_filters_and_says_how_many_are_set(browse: Open) -> None:
    page = browse("/admin/users", Taste(*PHONE, "light", "zh_CN")).page
    scope = page.get_by_role("combobox", name="已授权范围")
    expect(scope).to_be_hidden()

    page.get_by_text("更多筛选").click()
    scope.select_option("explicit")
    page.get_by_role("button", name="查询").click()

    expect(page).to_have_url(re.compile("[?]scope=explicit$"))
    expect(page.get_by_text("已选 1 项")).to_be_visible()
    expect(scope).to_be_hidden()
    expect(page.locator("#users tbody tr").first).to_be_in_viewport()


def test_a_phone_unfolds_the_filters_without_scripts(browse: Open) -> None:
    page = browse("/admin/attempts?outcome=failed", Taste(*PHONE, "dark", "en"), java_script_enabled=False).page

    page.get_by_text("More filters").click()

    expect(page.get_by_text("1 set")).to_be_visible()
    expect(page.get_by_label("Outcome")).to_have_value("failed")


def test_staff_need_no_scripts_from_the_sign_in_to_an_attempt(chromium: Browser, dashboard: Dashboard) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()

    sign_in(page, dashboard.url)
    page.get_by_role("link", name="授权用户").first.click()
    page.get_by_role("combobox", name="凭证（token）").select_option("fresh")
    page.get_by_role("button", name="查询").click()
    shown = page.locator("#users tbody tr").count()
    fresh = page.locator("#users tbody .badge", has_text="有效").count()
    page.get_by_role("link", name="授权记录").first.click()
    code = page.locator("#attempts tbody a").first.inner_text()
    page.get_by_role("searchbox", name="搜索").first.fill(code.lower())
    page.get_by_role("searchbox", name="搜索").first.press("Enter")

    assert shown == fresh > 0
    expect(page).to_have_url(f"{dashboard.url}/admin/attempts/{code}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)
    context.close()


# Which elements of the page take keys, each by a number of its own.
NUMBER_THE_STOPS = """() => {
  const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
  const stops = [...all].filter((one) => one.tabIndex >= 0 && one.checkVisibility() && one.type !== "hidden");
  stops.forEach((one, number) => one.setAttribute("data-stop", number));
  return stops.length;
}"""
# The number of the one that has the focus, and whether that can be seen; a bar of a chart has a rim of its own.
WHERE = """() => {
  const at = document.activeElement;
  const rim = at.matches(".bar") ? getComputedStyle(at.querySelector(".hit")).stroke
    : getComputedStyle(at).outlineStyle;
  const box = at.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [at.dataset.stop ?? null, rim !== "none" && inside];
}"""


@pytest.mark.parametrize("path", ["/admin/", MONTH, "/admin/attempts", "/admin/new/site", "/admin/staff"])
def test_the_tab_key_reaches_everything_and_shows_where_it_is(browse: Open, path: str) -> None:
    page = browse(path).page
    stops = page.evaluate(NUMBER_THE_STOPS)
    reached: dict[str, bool] = {}

    # A field for a date has a stop for each of its parts.
    for _ in range(5 * stops):
        page.keyboard.press("Tab")
        stop, is_seen = page.evaluate(WHERE)
        if stop is None:
            break
        reached[stop] = is_seen

    assert sorted(map(int, reached)) == list(range(stops))
    assert [stop for stop, is_seen in reached.items() if not is_seen] == []


def test_the_first_key_leads_past_the_menu(browse: Open) -> None:
    page = browse("/admin/users").page

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到内容")).to_be_focused()
    expect(page.get_by_role("link", name="跳到内容")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.locator("main [name=q]")).to_be_focused()


def test_a_page_that_is_slow_to_come_says_so(browse: Open) -> None:
    page = browse("/admin/users").page
    held: list[Route] = []
    page.route("**/admin/users?scope=explicit", lambda route: held.append(route))

    page.get_by_role("combobox", name="已授权范围").select_option("explicit")
    page.get_by_role("button", name="查询").click()

    expect(page.get_by_role("status")).to_have_text("请稍候……")
    held[0].continue_()
    expect(page).to_have_url(re.compile("[?]scope=explicit$"))
    expect(page.get_by_role("status")).to_have_text("")


def test_a_fresh_installation_leads_to_its_first_login(chromium: Browser, tmp_path: Path) -> None:
    with dashboard_of(tmp_path, users=0) as url:
        context = chromium.new_context(locale="zh-CN")
        page = context.new_page()
        sign_in(page, url)
        barriers = Axe().run(page)

        page.get_by_role("link", name="添加服务号").click()
        for label, text in {"名称": "tea", "AppID": "wx0123456789abcdef", "AppSecret": "0" * 32}.items():
            page.get_by_label(label, exact=False).first.fill(text)
        page.get_by_role("button", name="添加").click()
        page.get_by_role("link", name="概览").first.click()
        page.get_by_role("link", name="添加站点").click()
        page.get_by_label("名称").first.fill("shop")
        page.get_by_role("textbox", name="回跳地址").fill("https://shop.example.com/back")
        page.get_by_role("button", name="添加").click()
        page.get_by_role("link", name="概览").first.click()
        page.get_by_role("link", name="在微信中打开站点的授权链接").click()

        expect(page).to_have_url(f"{url}/admin/sites/shop")
        assert barriers.violations_count == 0, barriers.generate_report()
        context.close()


def test_who_was_signed_out_meanwhile_is_led_to_the_sign_in(browse: Open) -> None:
    page = browse("/admin/users").page
    page.context.clear_cookies(name="wxadmin_session")

    page.get_by_role("button", name="查询").click()

    expect(page).to_have_url(re.compile("/admin/sign-in[?]next="))


def test_a_slash_leads_to_the_search_and_a_support_code_to_its_attempt(browse: Open) -> None:
    page = browse("/admin/attempts").page
    code = page.locator(FIRST_OF_LIST).first.inner_text()

    page.keyboard.press("/")
    page.keyboard.type(code.lower().replace("-", " "))
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"/admin/attempts/{code}$"))


def test_a_chart_is_walked_by_arrow_keys_and_each_bar_says_its_numbers(browse: Open) -> None:
    page = browse(MONTH).page
    bars = page.locator(".chart .wide .bar")
    words = bars.last.get_attribute("aria-label")

    bars.last.focus()
    assert page.locator(".tip").inner_text() == words
    page.keyboard.press("ArrowLeft")

    before = bars.nth(bars.count() - 2)
    expect(before).to_be_focused()
    assert page.locator(".tip").inner_text() == before.get_attribute("aria-label")
    assert page.locator(".chart .wide .bar[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("/admin/failures.range=30$"))


def test_a_finger_reads_a_bar_first_and_follows_it_next(browse: Open) -> None:
    page = browse(MONTH, Taste(*PHONE, "dark", "zh_CN"), has_touch=True).page
    bar = page.locator(".chart .narrow .bar").last

    bar.tap()

    expect(page).to_have_url(re.compile("/admin/failures.range=30$"))
    expect(page.locator(".tip")).to_have_text(str(bar.get_attribute("aria-label")), use_inner_text=True)
    bar.tap()
    expect(page).not_to_have_url(re.compile("/admin/failures.range=30$"))


def test_the_phones_menu_is_a_sheet_that_leads_on_and_away(browse: Open) -> None:
    page = browse("/admin/", Taste(*PHONE, "light", "zh_CN"), has_touch=True).page
    menu = page.get_by_role("navigation", name="主菜单")
    expect(menu).to_be_hidden()

    page.get_by_role("button", name="菜单").tap()

    barriers = Axe().run(page)
    assert barriers.violations_count == 0, barriers.generate_report()
    expect(menu.get_by_role("link", name="概览")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="退出").scroll_into_view_if_needed()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


def test_colours_and_language_change_without_scripts_and_keep_the_page(browse: Open, dashboard: Dashboard) -> None:
    page = browse("/admin/?range=7", java_script_enabled=False).page

    page.get_by_role("button", name="深色").click()
    page.get_by_role("button", name="English").click()

    expect(page).to_have_url(f"{dashboard.url}/admin/?range=7")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")


def ground(page: Page) -> str:
    """The colour that the page is painted on."""
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_the_system_decides_on_the_colours_until_somebody_does(browse: Open) -> None:
    taste = Taste(*DESK, "system", "zh_CN")

    by_day, by_night = (browse("/admin/", taste, color_scheme=scheme).page for scheme in ("light", "dark"))

    assert ground(by_day) == "rgb(243, 246, 244)"
    assert ground(by_night) == "rgb(13, 20, 17)"


# What the feed says of itself, such as that there is a gap, stands in the same list.
HAPPENED = ".feed > li:not(.more)"


def refused_start(dashboard: Dashboard) -> None:
    """Somebody opens a link that leads nowhere: an attempt that is refused, and told of."""
    httpx.get(f"{dashboard.url}/auth?url=https://nowhere.example.com/", trust_env=False)


def test_the_live_feed_tells_what_happens_and_may_be_paused(browse: Open, dashboard: Dashboard) -> None:
    page = browse("/admin/live?class=refused").page
    rows = page.locator(HAPPENED)
    expect(page.locator("#live-state")).to_have_text("实时更新中")
    before = rows.count()

    refused_start(dashboard)
    expect(rows).to_have_count(before + 1)
    page.get_by_role("button", name="暂停").click()
    refused_start(dashboard)
    expect(page.get_by_role("button", name="继续（新增 1 条）")).to_be_visible()
    paused = rows.count()
    page.get_by_role("button", name="继续").click()

    assert paused == before + 1
    expect(rows).to_have_count(before + 2)
    expect(rows.first).to_contain_text("gw_return_url_refused")
    expect(page.get_by_role("button", name="暂停")).to_be_visible()
    rows.first.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/admin/attempts/[0-9A-Z]{4}-[0-9A-Z]{4}$"))


def test_a_live_feed_that_lost_its_connection_catches_up(browse: Open, dashboard: Dashboard) -> None:
    visitor = browse("/admin/live?class=refused")
    page, rows = visitor.page, visitor.page.locator(HAPPENED)
    expect(page.locator("#live-state")).to_have_text("实时更新中")
    before = rows.count()

    # Nobody sees the page: it keeps no connection.
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
    change = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(hide % "true" + change)
    refused_start(dashboard)
    refused_start(dashboard)
    page.evaluate(hide % "false" + change)

    expect(rows).to_have_count(before + 2)
    expect(page.locator("#live-state")).to_contain_text("实时更新中")


def test_the_live_feed_is_a_list_without_scripts(browse: Open) -> None:
    page = browse("/admin/live", java_script_enabled=False).page

    expect(page.locator(".feed > li")).to_have_count(50)
    expect(page.get_by_role("button", name="暂停")).to_have_count(0)
    expect(page.get_by_role("link", name="重新加载")).to_be_visible()


@pytest.mark.parametrize("taste", TASTES, ids=str)
def test_an_incident_notice_fits_every_page_and_its_reply_is_copied(
    browse: Open, dashboard: Dashboard, taste: Taste
) -> None:
    setting = browse("/admin/notice").page
    setting.locator("[name=text_zh]").fill("微信授权接口响应缓慢，部分用户登录失败。\n预计一小时内恢复。")
    setting.locator("[name=reply]").fill("您好，\n请十分钟后再试。")
    setting.get_by_label("访客登录失败时看到的页面").check()
    setting.locator("main button.primary").click()
    expect(setting.locator(".page-head .badge.wait")).to_be_visible()

    visitor = browse("/admin/live", taste, permissions=["clipboard-read", "clipboard-write"])
    barriers = Axe().run(visitor.page)
    visitor.page.locator("[data-copy=incident-reply]").click()
    expect(visitor.page.locator("[data-copy=incident-reply] [data-done]")).to_have_text(re.compile("已复制|Copied"))
    copied = visitor.page.evaluate("navigator.clipboard.readText()")
    visitor.look("notice-shown")
    visitor.page.goto(f"{dashboard.url}/nowhere")
    expect(visitor.page.locator(".incident")).to_contain_text("预计一小时内恢复")
    on_visitors = Axe().run(visitor.page)
    visitor.look("notice-visitors")
    setting.goto(f"{dashboard.url}/admin/notice/end")
    setting.get_by_role("button", name="结束公告").click()
    expect(setting.locator(".incident")).to_have_count(0)

    assert barriers.violations_count == 0, barriers.generate_report()
    assert on_visitors.violations_count == 0, on_visitors.generate_report()
    assert copied == "您好，\n请十分钟后再试。"
