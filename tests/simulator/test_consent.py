"""What people do at the consent, in a browser and by switches for programs."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.simulator.running import RETURN_URL, Caller, link
from wxadmin.simulator import DEFAULT_APPID, World
from wxadmin.simulator.people import Person

LINK = f"/connect/oauth2/authorize?{link()}"


@pytest.fixture
def browser(url: str, world: World) -> Iterator[httpx.Client]:
    """A browser that keeps cookies, at a world where people are asked."""
    world.settings = world.settings.changed({"answer": "ask"})
    with httpx.Client(base_url=url, trust_env=False, follow_redirects=False) as http:
        yield http


def click(browser: httpx.Client, page: httpx.Response, label: str) -> httpx.Response:
    """Follow the link with this label, and redirects that stay here, as a browser does."""
    for href, text in re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', page.text, re.DOTALL):
        if label in text:
            reply = browser.get(href.replace("&amp;", "&"))
            while reply.headers.get("Location", "").startswith("/"):
                reply = browser.get(reply.headers["Location"])
            return reply
    raise AssertionError(f"no link {label}")


def who(wechat: Caller, reply: httpx.Response) -> object:
    return wechat.exchange(httpx.URL(reply.headers["Location"]).params["code"]).json()["openid"]


def test_the_question_names_the_account_and_the_person(browser: httpx.Client) -> None:
    page = browser.get(LINK, headers={"X-Sim-Person": "2"})

    assert page.status_code == 200
    assert "好茶" in page.text
    assert "🍵茶小姐🍃" in page.text


def test_allowing_is_a_plain_link_that_leads_back(browser: httpx.Client) -> None:
    page = browser.get(LINK)

    reply = click(browser, page, "允许")

    assert reply.status_code == 302
    assert re.fullmatch(re.escape(RETURN_URL) + r"\?code=[\w-]{32}&state=Abc123", reply.headers["Location"])


def test_denying_ends_on_a_page_and_nothing_goes_back(browser: httpx.Client) -> None:
    page = browser.get(LINK)

    reply = click(browser, page, "拒绝")

    assert reply.status_code == 200
    assert "Location" not in reply.headers
    assert "你已拒绝授权" in reply.text


def test_denying_returns_the_state_alone_in_the_old_form(browser: httpx.Client, world: World) -> None:
    world.settings = world.settings.changed({"deny_returns_state": True})

    reply = click(browser, browser.get(LINK), "拒绝")

    assert reply.headers["Location"] == f"{RETURN_URL}?state=Abc123"


def test_a_browser_stays_the_same_person(browser: httpx.Client, wechat: Caller) -> None:
    first = click(browser, browser.get(LINK), "允许")
    second = click(browser, browser.get(LINK), "允许")

    assert who(wechat, first) == who(wechat, second)


def test_someone_else_can_sit_down_at_the_browser(browser: httpx.Client, wechat: Caller) -> None:
    page = click(browser, browser.get(LINK), "Anna Schmidt")

    reply = click(browser, page, "允许")

    assert "Anna Schmidt</strong>" in page.text
    assert who(wechat, reply) == Person(3).openid(DEFAULT_APPID)


def test_every_notable_person_can_be_shown(browser: httpx.Client) -> None:
    for number in range(1, 31):
        page = browser.get(LINK, headers={"X-Sim-Person": str(number)})

        assert page.status_code == 200
        assert "<script" not in page.text
        assert not re.search(r"[\x00-\x08\x0b-\x1f]", page.text)


def test_the_snapshot_page_leads_to_the_full_service_by_its_button(browser: httpx.Client, wechat: Caller) -> None:
    snapshot = click(browser, browser.get(LINK), "快照页")

    copy = click(browser, snapshot, "仅浏览快照")
    question = click(browser, snapshot, "使用完整服务")

    assert wechat.exchange(httpx.URL(copy.headers["Location"]).params["code"]).json()["is_snapshotuser"] == 1
    assert "允许" in question.text


def test_force_snapshot_shows_the_snapshot_page_first(browser: httpx.Client) -> None:
    page = browser.get(f"{LINK}&forceSnapShot=true")

    question = click(browser, page, "使用完整服务")

    assert "快照页" in page.text
    assert "允许" in question.text


def test_a_follower_sees_no_question_and_no_snapshot(wechat: Caller) -> None:
    reply = wechat.http.get(f"{LINK}&forceSnapShot=true", headers={"X-Sim-Answer": "follower"})

    grant = wechat.exchange(httpx.URL(reply.headers["Location"]).params["code"]).json()

    assert grant["scope"] == "snsapi_userinfo"
    assert "is_snapshotuser" not in grant


def test_a_silent_link_asks_nobody(browser: httpx.Client) -> None:
    reply = browser.get(f"/connect/oauth2/authorize?{link(scope='snsapi_base')}", headers={"X-Sim-Answer": "deny"})

    assert reply.status_code == 302


def test_a_snapshot_person_is_virtual_and_shares_one_unionid(wechat: Caller) -> None:
    grants = [wechat.grant("snsapi_userinfo", answer="snapshot", person=number) for number in (1, 2)]

    assert [grant["is_snapshotuser"] for grant in grants] == [1, 1]
    assert len({grant["openid"] for grant in grants}) == 2
    assert len({grant["unionid"] for grant in grants}) == 1
    assert grants[0]["openid"] != wechat.grant("snsapi_userinfo", person=1)["openid"]
    assert wechat.userinfo(grants[0]).json()["errcode"] == 48001


def test_the_header_decides_for_one_request(wechat: Caller) -> None:
    denied = wechat.authorize(answer="deny")
    asked = wechat.authorize(answer="ask")
    allowed = wechat.authorize()

    assert "你已拒绝授权" in denied.text
    assert "允许" in asked.text
    assert allowed.status_code == 302


@pytest.mark.parametrize("headers", [{"X-Sim-Answer": "maybe"}, {"X-Sim-Person": "-1"}, {"X-Sim-Person": "x"}])
def test_a_header_that_means_nothing_is_refused(wechat: Caller, headers: dict[str, str]) -> None:
    reply = wechat.http.get(LINK, headers=headers)

    assert reply.status_code == 400


def test_callers_without_header_and_cookie_are_drawn_at_random(wechat: Caller) -> None:
    openids = {wechat.grant(person=None)["openid"] for _ in range(20)}

    assert len(openids) > 10


def test_the_same_seed_draws_the_same_people() -> None:
    first, second = World(seed=7, people=10**9), World(seed=7, people=10**9)

    drawn = [first.anyone() for _ in range(10)]

    assert drawn == [second.anyone() for _ in range(10)]
    assert max(drawn) > 10**6


@pytest.mark.parametrize("path", [LINK, f"{LINK}&x=1", "/_sim/"])
def test_pages_allow_no_script_and_no_frame(browser: httpx.Client, path: str) -> None:
    page = browser.get(path)

    policy = page.headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<script|<style| style=| on\w+=", page.text)
