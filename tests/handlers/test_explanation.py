"""The explanation page: shown before a login with consent, where the site wants it; nothing is recorded of it."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from tests.databases import on_sqlite
from tests.html_tree import Node, read
from tests.running import CLINIC_URL, RETURN_URL, SiteKeys, serving, switch
from tests.visiting import Visitor, redeem, ticket_of
from wxadmin.database import Database
from wxadmin.flows import explanations
from wxadmin.models import Attempt, Event
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Stored = Callable[[type], Sequence]

PRIVACY_URL = "https://shop.example.com/privacy?part=wechat"
ADDRESS = f"{RETURN_URL}?table=4&dish=%E8%8C%B6#/menu"


@pytest.fixture(autouse=True)
def explaining(database: Database, site_keys: SiteKeys) -> None:
    """The shop explains itself; the clinic does not."""
    switch(database, explain=True, privacy_url=PRIVACY_URL)


async def ask(visitor: Visitor, **asked: str) -> httpx.Response:
    """Opens the site's link for a login with consent."""
    return await visitor.start(**{"url": ADDRESS, "scope": "snsapi_userinfo", "lang": "en"} | asked)


def ways_on(response: httpx.Response) -> tuple[str, str]:
    """Where “Agree and continue” leads, and “Look around first”."""
    assert response.status_code == 200, response.text
    agree, look_around = (node.attributes["href"] for node in read(response.text).all("a", named="button"))
    return agree, look_around


async def agree(visitor: Visitor, **asked: str) -> httpx.Response:
    """Where the gateway sends a visitor who reads the page and goes on."""
    return await visitor.get(ways_on(await ask(visitor, **asked))[0])


async def test_the_page_says_who_asks_for_what_and_nothing_is_recorded(visitor: Visitor, stored: Stored) -> None:
    response = await ask(visitor)

    page = read(response.text)
    told = [node.text for node in page.all("dd")]
    assert page.one("h1").text == "“云雾茶铺” asks for your WeChat nickname and picture"
    assert "nickname, picture" in told[0]
    assert "OpenID" in told[0]
    assert "telephone number" in told[1]
    assert PRIVACY_URL in [link.attributes["href"] for link in page.all("a")]
    assert "店长 010-12345678" in response.text
    assert "Set-Cookie" not in response.headers
    assert (stored(Attempt), stored(Event)) == ([], [])


async def test_whoever_agrees_goes_on_to_wechat_with_all_that_the_link_asked_for(
    visitor: Visitor, stored: Stored, http: httpx.AsyncClient, site_keys: SiteKeys
) -> None:
    begun = await agree(visitor, nonce="n-1", channel="door", ref="会员 42", account="tea")
    back = await visitor.get(await visitor.agree(begun))

    [attempt] = stored(Attempt)
    person = (await redeem(http, visitor.gateway, site_keys.shop, ticket_of(back))).json()
    assert (attempt.outcome, attempt.return_url, attempt.lang) == ("succeeded", ADDRESS, "en")
    assert (attempt.nonce, attempt.channel, attempt.ref) == ("n-1", "door", "会员 42")
    assert person["profile"]["nickname"] == "小明"


async def test_whoever_would_rather_look_around_is_back_at_the_site_as_a_guest(
    visitor: Visitor, stored: Stored
) -> None:
    _, look_around = ways_on(await ask(visitor))

    assert look_around == f"{RETURN_URL}?table=4&dish=%E8%8C%B6&guest=declined#/menu"
    assert stored(Attempt) == []


@on_sqlite
async def test_a_guest_of_earlier_is_no_longer_one_in_the_next_address(visitor: Visitor, stored: Stored) -> None:
    url = f"{RETURN_URL}?guest=declined&table=4&%67uest=snapshot"

    _, look_around = ways_on(await ask(visitor, url=url))
    back = await visitor.get(await visitor.agree(await agree(visitor, url=url)))

    [attempt] = stored(Attempt)
    assert look_around == f"{RETURN_URL}?table=4&guest=declined"
    assert attempt.return_url == f"{RETURN_URL}?table=4"
    assert parse_qs(urlsplit(back.headers["Location"]).query).keys() == {"table", "ticket"}


async def test_a_silent_login_is_not_held_up(visitor: Visitor) -> None:
    response = await visitor.start(url=ADDRESS)

    assert response.status_code == 302
    assert "scope=snsapi_base" in response.headers["Location"]


@on_sqlite
async def test_a_site_that_does_not_explain_sends_its_visitors_on_and_keeps_their_parameters(
    visitor: Visitor, stored: Stored
) -> None:
    response = await ask(visitor, url=f"{CLINIC_URL}?guest=2&agreed=1")

    [attempt] = stored(Attempt)
    assert response.status_code == 302
    assert attempt.return_url == f"{CLINIC_URL}?guest=2&agreed=1"


@on_sqlite
@pytest.mark.parametrize(
    "agreed", ["1", "yes", "%00", "%E8%8C%B6", "A" * 80, "6920f2a1.", ".", "6920f2a1." + "0" * 64, "f" * 500, "é.a"]
)
async def test_a_link_cannot_agree_for_its_visitor(visitor: Visitor, stored: Stored, agreed: str) -> None:
    path = f"/auth?url={quote(ADDRESS, safe='')}&scope=snsapi_userinfo&agreed={agreed}"

    response = await visitor.get(path)

    assert ways_on(response)
    assert stored(Attempt) == []


@on_sqlite
async def test_what_a_visitor_agreed_to_is_one_address_of_one_site(visitor: Visitor) -> None:
    mark = parse_qs(urlsplit(ways_on(await ask(visitor))[0]).query)["agreed"][0]

    elsewhere = await ask(visitor, url=RETURN_URL, agreed=mark)
    here = await ask(visitor, agreed=mark)

    assert [elsewhere.status_code, here.status_code] == [200, 302]


@on_sqlite
async def test_an_hour_later_the_page_is_shown_again(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    now = explanations.time.time()
    monkeypatch.setattr(explanations, "time", SimpleNamespace(time=lambda: now - 3_601))
    path, _ = ways_on(await ask(visitor))
    monkeypatch.undo()

    assert ways_on(await visitor.get(path))


@on_sqlite
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/",
        "https://shop.example.com/backdoor",
        "javascript:alert(1)",
        "//shop.example.com/back",
    ],
)
async def test_an_agreement_opens_no_address_that_is_not_the_sites(visitor: Visitor, url: str) -> None:
    mark = parse_qs(urlsplit(ways_on(await ask(visitor))[0]).query)["agreed"][0]

    unexplained = await ask(visitor, url=url)
    agreed = await ask(visitor, url=url, agreed=mark)

    for refused in (unexplained, agreed):
        assert (refused.status_code, refused.headers["X-Problem"][:13]) == (400, "url is not be")
        assert url not in refused.text


@on_sqlite
async def test_what_a_link_asks_for_stays_text_on_the_page(visitor: Visitor) -> None:
    hostile = '"><script>alert(1)</script>'

    response = await ask(visitor, url=f"{RETURN_URL}?x={hostile}", ref=hostile)

    assert "<script>alert" not in response.text
    assert ways_on(response)[1].startswith(f"{RETURN_URL}?x=")


@on_sqlite
async def test_a_browser_that_looks_ahead_is_shown_nothing(visitor: Visitor, http: httpx.AsyncClient) -> None:
    ahead = await ask(visitor, headers={"Sec-Purpose": "prefetch"})
    head = await http.head(f"{visitor.gateway}/auth?url={quote(ADDRESS, safe='')}&scope=snsapi_userinfo")

    assert (ahead.status_code, ahead.text, head.status_code) == (204, "", 204)


@on_sqlite
async def test_an_ordinary_browser_is_asked_to_open_wechat_first(settings: Settings, http: httpx.AsyncClient) -> None:
    async with serving(settings.model_copy(update={"outside_wechat": "page"})) as gateway:
        outside = await ask(Visitor(gateway, http), headers={"User-Agent": "Mozilla/5.0 Firefox/150.0"})
        inside = await ask(Visitor(gateway, http), headers={"User-Agent": "MicroMessenger/8.0.50"})

    assert [outside.status_code, inside.status_code] == [403, 200]


async def test_whoever_begins_again_has_read_it_already(visitor: Visitor, stored: Stored, world: World) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    failed = await visitor.get(await visitor.agree(await agree(visitor)))

    (again,) = (node.attributes["href"] for node in read(failed.text).all("a", named="primary"))
    back = await visitor.get(await visitor.agree(await visitor.get(again)))

    assert ticket_of(back)
    assert [attempt.outcome for attempt in sorted(stored(Attempt), key=lambda row: row.id)] == ["failed", "succeeded"]


@on_sqlite
async def test_a_login_that_begins_anew_by_itself_does_not_stop_at_the_page(visitor: Visitor, world: World) -> None:
    world.faults.order(Fault("exchange", "drop", after=True, times=1))
    lost = await visitor.get(await visitor.agree(await agree(visitor)))

    anew = await visitor.get(lost.headers["Location"])

    assert (lost.status_code, anew.status_code) == (302, 302)
    assert ticket_of(await visitor.get(await visitor.agree(anew)))


@on_sqlite
async def test_whoever_holds_anothers_link_has_read_nothing(visitor: Visitor, http: httpx.AsyncClient) -> None:
    callback = await visitor.agree(await agree(visitor))
    stranger = Visitor(visitor.gateway, http)

    refused = await stranger.get(callback)
    (again,) = (node.attributes["href"] for node in read(refused.text).all("a", named="primary"))

    assert ways_on(await stranger.get(again))


@on_sqlite
async def test_a_page_that_loops_is_stopped_at_the_fourth_agreement(visitor: Visitor, stored: Stored) -> None:
    begun = [await agree(visitor) for _ in range(3)]
    looked_at = stored(Attempt)

    stopped = await ask(visitor)

    assert [response.status_code for response in begun] == [302, 302, 302]
    assert stopped.status_code == 429
    assert len(stored(Attempt)) == len(looked_at) + 1


@on_sqlite
async def test_under_a_path_both_ways_on_are_right(settings: Settings, http: httpx.AsyncClient) -> None:
    async with serving(settings.model_copy(update={"public_url": "http://127.0.0.1:1/wx"})) as gateway:
        visitor = Visitor(gateway, http)
        response = await visitor.start("/wx/auth", url=ADDRESS, scope="snsapi_userinfo")
        path, look_around = ways_on(response)
        begun = await visitor.get(path)

    assert path.startswith("/wx/auth?")
    assert begun.status_code == 302
    assert look_around.startswith(RETURN_URL)


def headings(page: Node) -> list[str]:
    return [node.text for node in page.all("h1")]


@on_sqlite
@pytest.mark.parametrize(
    ("lang", "heading"),
    [
        ("zh_CN", "“云雾茶铺”想获取您的微信昵称和头像"),
        ("zh_TW", "「云雾茶铺」想取得您的微信暱稱和頭像"),
        ("en", "“云雾茶铺” asks for your WeChat nickname and picture"),
    ],
)
async def test_the_page_speaks_the_visitors_language_with_a_line_of_the_other(
    visitor: Visitor, lang: str, heading: str
) -> None:
    response = await ask(visitor, lang=lang)

    page = read(response.text)
    other = page.one("p", named="other")
    assert headings(page) == [heading]
    assert page.one("html").attributes["lang"] == response.headers["Content-Language"] == lang.replace("_", "-")
    assert other.attributes["lang"] == ("zh-CN" if lang == "en" else "en")
    assert other.text != heading


@on_sqlite
async def test_the_page_has_the_headers_of_all_visitors_pages_and_no_script(visitor: Visitor) -> None:
    response = await ask(visitor)

    assert "form-action 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert not list(read(response.text).all("script", "form", "style"))
