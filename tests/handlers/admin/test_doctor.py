"""The doctor's page: from inside when it is opened, from outside when somebody asks for it, in both languages."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests import html_tree
from tests.databases import on_sqlite
from tests.factories import JobRunFactory, NodeFactory, OutsideLookFactory
from tests.handlers.admin.conftest import SignIn
from tests.running import SiteKeys, serving
from wxadmin.models import ONLY_LOOK
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Store = Callable[[Callable[[], Any]], Any]


def findings(page: str) -> dict[str, str]:
    """What is said, by what it comes to."""
    lists = [section for section in html_tree.read(page).all("section") if list(section.all("ul"))]
    return {section.one("h2").text: section.one("ul").text for section in lists}


async def test_opening_the_page_asks_nobody(staff: SignIn, world: World) -> None:
    page = await staff("operator").get("/admin/doctor")

    found = findings(page.text)
    assert page.status_code == 200
    assert "clinic names nobody whom visitors can turn to" in found["To be looked at"]
    assert "Every key that the database needs is here." in found["Passed"]
    assert list(world.calls.since(0)) == []


@on_sqlite
async def test_from_outside_wechat_is_asked(staff: SignIn, world: World) -> None:
    right = await staff("operator").post("/admin/doctor")
    world.faults.order(Fault("exchange", "errcode", errcode=40125, times=1))
    wrong = await staff("operator").post("/admin/doctor")

    assert "WeChat takes AppID and AppSecret of tea." in findings(right.text)["Passed"]
    assert "WeChat does not take the AppSecret of tea (40125)" in findings(wrong.text)["Must be fixed"]
    assert "wxadmin account secret tea" in findings(wrong.text)["Must be fixed"]


@on_sqlite
async def test_what_was_seen_from_outside_stays_on_the_page_of_everybody(staff: SignIn, world: World) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=40125, times=1))
    before = await staff("operator").get("/admin/doctor")

    await staff("operator").post("/admin/doctor")
    asked = len(list(world.calls.since(0)))
    after = await staff("admin").get("/admin/doctor")

    assert "Only what is here was looked at" in before.text
    assert "Only what is here was looked at" not in after.text
    assert "Last seen from outside: " in after.text
    assert "WeChat does not take the AppSecret of tea (40125)" in findings(after.text)["Must be fixed"]
    assert len(list(world.calls.since(0))) == asked


@on_sqlite
async def test_who_may_is_led_to_the_form(staff: SignIn, world: World) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=40125, times=1))
    await staff("admin").post("/admin/doctor")

    admins = await staff("admin").get("/admin/doctor")
    operators = await staff("operator").get("/admin/doctor")

    assert '<a href="/admin/accounts/tea/secret">Do it here</a>' in admins.text
    assert '<a href="/admin/sites/clinic/change">Do it here</a>' in admins.text
    assert "Do it here" not in operators.text


@on_sqlite
async def test_what_another_version_kept_of_a_look_is_passed_over(staff: SignIn, store: Store) -> None:
    store(lambda: OutsideLookFactory(id=ONLY_LOOK, seen={"answers": "of another form"}))

    page = await staff("operator").get("/admin/doctor")

    assert page.status_code == 200
    assert "Only what is here was looked at" in page.text


@on_sqlite
async def test_the_page_is_looked_at_as_it_came_through_the_proxy(
    settings: Settings, staff: SignIn, site_keys: SiteKeys
) -> None:
    given = settings.model_dump(exclude_unset=True) | {"public_url": "http://m.example.com"}
    async with serving(Settings(_env_file=None, **given)) as address:
        ada = replace(staff("admin"), gateway=address)
        forwarded = {"Host": "m.example.com", "X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "https"}
        page = await ada.get("/admin/doctor", headers=forwarded)

    found = findings(page.text)
    assert "WXADMIN_TRUSTED_PROXIES=127.0.0.1" in found["To be looked at"]
    assert "WXADMIN_PUBLIC_URL=https://m.example.com" in found["To be looked at"]
    assert "Browsers ask for m.example.com, as WXADMIN_PUBLIC_URL says." in found["Passed"]


async def test_the_last_run_of_each_background_job_is_shown(staff: SignIn, store: Store) -> None:
    node = store(lambda: NodeFactory(host="gateway-7", pid=41))
    store(lambda: JobRunFactory(name="purge", rows=12_000, node=node.id))
    store(lambda: JobRunFactory(name="sweep", error="ValueError", node=77_777))

    page = await staff("operator").get("/admin/doctor")

    section = html_tree.read(page.text).by_id("jobs").within("section")  # type: ignore[union-attr]
    assert section is not None
    rows = {row[0]: row[2:] for row in html_tree.table(section).texts}
    assert rows["Purge purge"][:2] == ["1.0 s", "12,000"]
    assert rows["Purge purge"][3:] == ["Done", "gateway-7:41"]
    assert rows["Cleaning up sweep"][3:] == ["Failed ValueError", "—"]
    assert rows["Refresh refresh"][1] == "—"


@on_sqlite
async def test_it_speaks_chinese(staff: SignIn) -> None:
    page = await staff("admin").get("/admin/doctor", lang="zh_CN")

    assert "配置体检" in page.text
    assert "clinic 没有填写联系人" in findings(page.text)["需注意"]


@on_sqlite
async def test_an_empty_installation_is_told_how_to_begin(
    staff: SignIn, stored: Callable[[type], Any], gateway: str
) -> None:
    for site in ("shop", "clinic"):
        await staff("admin").post(f"/admin/sites/{site}/disable")

    page = await staff("admin").get("/admin/doctor")

    assert "There is no site that is switched on" in findings(page.text)["Must be fixed"]
