"""A person is given their data, and then forgotten, by an administrator at the keyboard, without JavaScript too."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.tastes import TASTES, Taste
from tests.browser.test_dashboard import Dashboard, Open, browse, dashboard

pytestmark = pytest.mark.browser
__all__ = ["browse", "dashboard"]

USER = re.compile(r"/admin/users/\d+$")


@pytest.fixture
def reader(chromium: Browser, dashboard: Dashboard) -> Iterator[Page]:
    """The administrator without JavaScript, in English."""
    context = chromium.new_context(storage_state=dashboard.signed_in, java_script_enabled=False)
    context.add_cookies([{"name": "wxadmin_lang", "value": "en", "url": dashboard.url}])
    yield context.new_page()
    context.close()


def open_somebody(page: Page, dashboard: Dashboard) -> str:
    """The first of the list of those who agreed; gives the openid."""
    page.goto(f"{dashboard.url}/admin/users?scope=explicit")
    page.locator("[data-swap] tbody a:visible").first.click()
    page.wait_for_url(USER)
    return page.locator("dd.mono").first.inner_text()


def fill_in(page: Page, openid: str) -> None:
    page.locator("select[name=reason]").select_option("person_asks")
    page.locator("input[name=confirmed]").fill(openid[-4:])


@pytest.mark.parametrize("taste", TASTES, ids=str)
def test_the_pages_of_a_persons_data_are_open_to_everybody_and_fit_the_screen(
    browse: Open, dashboard: Dashboard, taste: Taste
) -> None:
    visitor = browse("/admin/users?scope=explicit", taste)
    openid = open_somebody(visitor.page, dashboard)
    own = visitor.page.url

    for name in ("data.json", "forget", "receipt"):
        if name == "receipt":
            fill_in(visitor.page, openid)
            visitor.page.locator("button.danger").click()
            visitor.page.wait_for_url(own)
        else:
            visitor.page.goto(f"{own}/{name}")
        barriers = Axe().run(visitor.page)

        assert barriers.violations_count == 0, barriers.generate_report()
        visitor.look(f"admin-users-{name.partition('.')[0]}")
    assert openid not in visitor.page.content()


def test_without_javascript_a_person_gets_their_data_and_is_forgotten(
    reader: Page, dashboard: Dashboard, tmp_path: Path
) -> None:
    openid = open_somebody(reader, dashboard)
    own = reader.url
    reader.get_by_role("link", name="Personal data as a file").click()
    reader.get_by_label("Reason").select_option("own_data")
    with reader.expect_download() as downloading:
        reader.get_by_role("button", name="Download").click()
    downloading.value.save_as(tmp_path / "person.json")

    reader.goto(own)
    reader.get_by_role("link", name="Delete personal data").click()
    fill_in(reader, openid)
    reader.get_by_label("To confirm").press("Enter")

    document = json.loads((tmp_path / "person.json").read_text("utf-8"))
    assert document["identities"][0]["profile"]["openid"] == openid
    expect(reader.get_by_role("heading", name="Erasure receipt")).to_be_visible()
    reader.goto(f"{dashboard.url}/admin/users?q={openid}")
    expect(reader.locator("[data-swap] tbody a:visible")).to_have_count(0)
