"""A marketer at a real browser: chooses where a list goes, watches it, takes the file, and checks it by dropping it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Demo, Visitor

pytestmark = pytest.mark.browser


def signed_in(chromium: Browser, demo: Demo, **of_context: object) -> tuple[BrowserContext, Visitor]:
    context = chromium.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900}, **of_context)  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    visitor = Visitor(context.new_page(), "desktop")
    password = re.search(r"密码\s+(\S+)", demo.said)
    assert password
    visitor.page.goto(f"{demo.gateway}/admin/")
    visitor.page.get_by_label("名称").fill("marketer")
    visitor.page.get_by_label("密码").fill(password[1])
    visitor.page.get_by_role("button", name="登录").click()
    expect(visitor.page).to_have_url(f"{demo.gateway}/admin/")
    return context, visitor


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def marketer(request: pytest.FixtureRequest, chromium: Browser, demo: Demo) -> Iterator[Visitor]:
    context, visitor = signed_in(chromium, demo, java_script_enabled=request.param)
    yield visitor
    context.close()
    assert visitor.complaints == []


def start(page: Page, demo: Demo) -> None:
    """By the list's own button, for WeChat Pay."""
    page.goto(f"{demo.gateway}/admin/users?scope=explicit&account=sample-tea")
    page.get_by_role("link", name="导出", exact=True).click()
    expect(page.get_by_text("授权用户不等于粉丝")).to_be_visible()
    page.get_by_label("微信支付人群包").check()
    page.get_by_label("用途").select_option("发券")
    page.get_by_role("button", name="开始导出").click()
    expect(page).to_have_url(re.compile("/admin/exports/[0-9]+$"))


def taken(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name="下载", exact=True).click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def test_a_list_of_openids_asks_whose_before_it_is_sent(chromium: Browser, demo: Demo) -> None:
    context, visitor = signed_in(chromium, demo)
    page = visitor.page
    page.goto(f"{demo.gateway}/admin/exports/new")
    account = page.get_by_role("combobox", name="服务号")

    def is_refused() -> bool:
        missing: bool = account.evaluate("select => select.validity.valueMissing")
        return missing

    of_all = is_refused()
    page.get_by_role("radio", name="群发").check()
    of_a_message = is_refused()
    page.get_by_role("button", name="开始导出").click()
    stayed = page.url
    page.get_by_role("radio", name="导入 CRM").check()
    of_a_workbook = is_refused()
    page.get_by_role("radio", name="其他").check()
    page.get_by_label("格式").select_option("openids")

    assert (of_all, of_a_message, of_a_workbook, is_refused()) == (False, True, False, True)
    assert stayed == f"{demo.gateway}/admin/exports/new"
    context.close()


def test_a_list_is_exported_watched_taken_and_checked(marketer: Visitor, demo: Demo, tmp_path: Path) -> None:
    page = marketer.page
    start(page, demo)

    done = page.get_by_role("link", name="下载", exact=True)
    while not done.is_visible():
        # With scripts the page looks by itself; the link is there for everybody.
        again = page.get_by_role("link", name="刷新")
        if again.is_visible():
            again.click()
    file = taken(page, tmp_path)
    digest = page.locator("code").first.inner_text()
    page.goto(f"{demo.gateway}/admin/exports")
    page.get_by_label("或粘贴文件的 SHA-256").fill(digest)
    page.get_by_role("button", name="核对").click()

    assert file.name.startswith("wechat-pay-")
    assert file.suffix == ".csv"
    openids = file.read_text().splitlines()
    assert openids
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{20,}", openid) for openid in openids)
    expect(page.get_by_text("完整：与导出时逐字节一致")).to_be_visible()


def test_a_dropped_file_is_known_again_and_a_cut_one_found_out(chromium: Browser, demo: Demo, tmp_path: Path) -> None:
    context, visitor = signed_in(chromium, demo)
    page = visitor.page
    start(page, demo)
    page.get_by_role("link", name="下载", exact=True).wait_for()
    file = taken(page, tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    page.goto(f"{demo.gateway}/admin/exports")

    page.locator("input[type=file]").set_input_files(str(file))
    expect(page.get_by_text("完整：与导出时逐字节一致")).to_be_visible()
    file.write_bytes(b"".join(lines[:-2]))
    page.locator("input[type=file]").set_input_files(str(file))

    expect(page.get_by_text("不完整：末尾缺失")).to_be_visible()
    expect(page.get_by_text("缺少 2 行。")).to_be_visible()
    context.close()
    assert visitor.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_of_exports_are_without_fault(chromium: Browser, demo: Demo, theme: str, width: int) -> None:
    context, visitor = signed_in(chromium, demo, color_scheme=theme)
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 800})
    start(page, demo)
    page.get_by_role("link", name="下载", exact=True).wait_for()
    own = page.url.removeprefix(demo.gateway)

    for path in (own, f"{own}/cancel", "/admin/exports", "/admin/exports/new?scope=explicit", "/admin/exports/verify"):
        page.goto(demo.gateway + path)
        found = Axe().run(page)
        visitor.look("exports" + path.replace("/", "-").partition("?")[0])
        assert found.response["violations"] == [], path
    context.close()
    assert visitor.complaints == []


def test_what_a_list_is_for_follows_from_where_it_goes(chromium: Browser, demo: Demo) -> None:
    context, visitor = signed_in(chromium, demo)
    page = visitor.page
    page.goto(f"{demo.gateway}/admin/exports/new?account=sample-tea")
    purpose = page.get_by_label("用途")

    page.get_by_role("radio", name="群发").check()
    expect(purpose).to_have_value("mass_send")
    page.get_by_role("radio", name="打标签").check()
    expect(purpose).to_have_value("tagging")
    purpose.select_option("发券")
    page.get_by_role("radio", name="群发").check()

    expect(purpose).to_have_value("coupons")
    context.close()
    assert visitor.complaints == []
