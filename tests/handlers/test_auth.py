"""/auth: where a login begins."""

from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest

from tests.databases import on_sqlite
from tests.factories import AccountFactory, ReturnURLFactory
from tests.running import CLINIC_URL, RETURN_URL, serving
from tests.security.open_redirects import PAYLOADS
from tests.visiting import Visitor
from wxadmin.flows import begin
from wxadmin.models import Attempt, Event
from wxadmin.security.hashes import sha256
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID

Stored = Callable[[type], Sequence]


async def test_the_visitor_is_sent_to_wechat_by_a_link_in_the_documented_order(
    visitor: Visitor, wechat_url: str
) -> None:
    response = await visitor.start(scope="snsapi_userinfo")

    link = urlsplit(response.headers["Location"])
    query = parse_qsl(link.query, strict_parsing=True)

    assert response.status_code == 302
    assert f"{link.scheme}://{link.netloc}{link.path}" == f"{wechat_url}/connect/oauth2/authorize"
    assert query[:-1] == [
        ("appid", DEFAULT_APPID),
        ("redirect_uri", f"{visitor.gateway}/auth/callback"),
        ("response_type", "code"),
        ("scope", "snsapi_userinfo"),
    ]
    name, state = query[-1]
    assert name == "state"
    assert len(state) == 32
    assert state.isalnum()
    assert link.fragment == "wechat_redirect"


async def test_the_attempt_is_stored_before_the_visitor_leaves(visitor: Visitor, stored: Stored) -> None:
    response = await visitor.start(
        headers={"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"},
        scope="snsapi_userinfo",
        nonce="n-1",
        channel="autumn.1",
        ref="会员 42",
        lang="en",
    )

    state = dict(parse_qsl(urlsplit(response.headers["Location"]).query))["state"]
    [attempt] = stored(Attempt)
    [event] = stored(Event)

    assert attempt.state_hash == sha256(state)
    assert (attempt.return_url, attempt.scope, attempt.lang) == (RETURN_URL, "snsapi_userinfo", "en")
    assert (attempt.nonce, attempt.channel, attempt.ref) == ("n-1", "autumn.1", "会员 42")
    assert (attempt.browser_family, attempt.wechat_version) == ("wechat-ios", "8.0.50")
    assert (attempt.ip, attempt.outcome) == ("127.0.0.1", None)
    assert (event.stage, event.event_class, event.attempt_id) == ("start", "ok", attempt.id)


@on_sqlite
@pytest.mark.parametrize("query", ["?channel=spring", "?utm_campaign=spring", "?channel=spring&utm_campaign=summer"])
async def test_the_return_url_says_the_channel_where_the_link_does_not(
    visitor: Visitor, stored: Stored, query: str
) -> None:
    await visitor.start(url=RETURN_URL + query)

    [attempt] = stored(Attempt)

    assert attempt.channel == "spring"


async def test_the_site_is_the_one_that_the_return_url_belongs_to(visitor: Visitor, stored: Stored) -> None:
    await visitor.start(url=f"{CLINIC_URL}booking/2026?day=1#/at/noon")
    await visitor.start()

    clinic, shop = sorted(stored(Attempt), key=lambda attempt: attempt.id)

    assert clinic.site_id != shop.site_id
    assert clinic.return_url == f"{CLINIC_URL}booking/2026?day=1#/at/noon"


async def test_what_wechat_appends_to_pages_is_not_stored(visitor: Visitor, stored: Stored) -> None:
    await visitor.start(url=f"{RETURN_URL}?id=7&key=abc&pass_ticket=def&uin=MTIz&exportkey=ghi")

    [attempt] = stored(Attempt)

    assert attempt.return_url == f"{RETURN_URL}?id=7"


@on_sqlite
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/",
        "https://shop.example.com/backdoor",
        "https://shop.example.com.evil.example/back",
        "https://shop.example.com@evil.example/back",
        "https://shop.example.com:8443/back",
        "http://shop.example.com/back",
        "https://shop.example.com/back/../../admin",
        "https://shop.example.com/back/%2e%2e/admin",
        "https://shop.example.com\\@evil.example/back",
        "//shop.example.com/back",
        "javascript:alert(1)",
        "https://shop.example.com/back\r\nSet-Cookie: a=b",
        "https://shop.example.com/back\0",
        "https://shop.example.com/" + "back/" * 500,
        "<script>alert(1)</script>",
        "'; DROP TABLE attempt; --",
        "[]",
        "https://[::1",
    ],
)
async def test_an_address_that_no_site_may_return_to_is_refused_and_not_kept(
    visitor: Visitor, stored: Stored, url: str
) -> None:
    response = await visitor.start(url=url)

    [attempt] = stored(Attempt)
    [event] = stored(Event)

    assert response.status_code == 400
    assert response.headers["X-Problem"].startswith("url is not below a return URL")
    assert "Set-Cookie" not in response.headers
    assert (attempt.outcome, attempt.ended_by) == ("failed", "gw_return_url_refused")
    # The host at most, which has to be registered or corrected: never a path or a query.
    assert "/" not in (attempt.return_url or "").partition("//")[2]
    assert (event.event_class, event.code) == ("refused", "gw_return_url_refused")
    assert f"{attempt.support_code[:4]}-{attempt.support_code[4:]}" in response.text
    assert url[:30] not in response.text


async def test_of_a_refused_address_the_host_is_kept_and_not_its_query(visitor: Visitor, stored: Stored) -> None:
    await visitor.start(url="https://other.example.com:8443/back?member=7#part")

    [attempt] = stored(Attempt)

    assert attempt.return_url == "https://other.example.com:8443"


async def test_a_link_without_an_address_is_a_refused_start(visitor: Visitor, stored: Stored) -> None:
    response = await visitor.get("/auth")

    [attempt] = stored(Attempt)

    assert response.status_code == 400
    assert response.headers["X-Problem"].startswith("url is missing")
    assert attempt.ended_by == "gw_return_url_refused"


@on_sqlite
async def test_no_known_open_redirect_is_followed(visitor: Visitor, stored: Stored) -> None:
    payloads = [payload for kind in PAYLOADS.values() for payload in kind]
    responses = [await visitor.start(url=payload) for payload in payloads]

    assert {response.status_code for response in responses} == {400}
    assert [response for response in responses if "Location" in response.headers] == []
    assert {
        origin for attempt in stored(Attempt) if "/" in (origin := attempt.return_url or "").partition("//")[2]
    } == set()


async def test_an_unknown_account_is_a_refused_start(visitor: Visitor, stored: Stored) -> None:
    response = await visitor.start(account="coffee")

    [attempt] = stored(Attempt)

    assert response.status_code == 403
    assert (attempt.ended_by, attempt.account_id) == ("gw_account_off", None)


@on_sqlite
@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ("scope=snsapi_login", "scope"),
        ("scope=snsapi_base,snsapi_userinfo", "scope"),
        ("lang=fr", "lang"),
        ("account=Tea", "account"),
        ("account=%3Cscript%3E", "account"),
        ("account=tea%27--", "account"),
        ("nonce=a%20b", "nonce"),
        (f"nonce={'n' * 129}", "nonce"),
        ("nonce=%00", "nonce"),
        ("channel=a/b", "channel"),
        (f"channel={'c' * 65}", "channel"),
        ("ref=%00", "ref"),
        ("ref=%0A", "ref"),
        (f"ref={'r' * 65}", "ref"),
        ("ref=13812345678", "ref"),
        ("ref=%2B86%20138-1234-5678", "ref"),
        ("ref=11010519491231002X", "ref"),
        ("scope=snsapi_base&scope=snsapi_base", "scope"),
        (f"url={quote(CLINIC_URL, safe='')}", "url"),
        *[(f"{name}=%ED%A0%80", name) for name in ("account", "scope", "lang", "nonce", "channel", "ref")],
        *[(f"{name}=%FF", name) for name in ("account", "scope", "lang", "nonce", "channel", "ref")],
        *[(f"{name}=a&{name}=b", name) for name in ("account", "nonce", "channel", "ref")],
    ],
)
async def test_a_malformed_link_is_told_what_to_change_and_stores_nothing(
    visitor: Visitor, stored: Stored, bad: str, named: str
) -> None:
    response = await visitor.get(f"/auth?url={quote(RETURN_URL, safe='')}&{bad}")

    assert response.status_code == 400
    assert response.headers["X-Problem"].startswith(f"{named} ")
    assert "<h1" in response.text
    assert stored(Attempt) == []


@on_sqlite
@pytest.mark.parametrize("bad", ["url=%ED%A0%80", "url=%FF", "url=a&url=b"])
async def test_an_address_that_cannot_be_read_is_malformed(visitor: Visitor, stored: Stored, bad: str) -> None:
    response = await visitor.get(f"/auth?{bad}")

    assert response.status_code == 400
    assert response.headers["X-Problem"].startswith("url ")
    assert stored(Attempt) == []


@on_sqlite
async def test_parameters_in_the_form_of_arrays_are_other_parameters(visitor: Visitor, stored: Stored) -> None:
    response = await visitor.get(f"/auth?url[]={quote(RETURN_URL, safe='')}&scope[0]=snsapi_userinfo")

    [attempt] = stored(Attempt)

    assert response.status_code == 400
    assert (attempt.ended_by, attempt.scope) == ("gw_return_url_refused", "snsapi_base")


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE attempt; --", '"><img src=x onerror=alert(1)>', "{{ handler.settings }}", "=cmd()", "𠮷🍵"]
)
async def test_what_a_visitor_brings_is_only_text(visitor: Visitor, stored: Stored, text: str) -> None:
    response = await visitor.start(ref=text)

    [attempt] = stored(Attempt)

    assert response.status_code == 302
    assert attempt.ref == text


@on_sqlite
async def test_refused_starts_of_one_address_are_recorded_twenty_times_a_minute(
    visitor: Visitor, stored: Stored
) -> None:
    responses = [await visitor.get("/auth") for _ in range(25)]

    last = responses[-1]

    assert len(stored(Attempt)) == 20
    assert {response.status_code for response in responses} == {400}
    assert last.headers["X-Request-Id"] in last.text


@on_sqlite
@pytest.mark.parametrize(
    "headers", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}]
)
async def test_a_browser_that_looks_ahead_starts_nothing(
    visitor: Visitor, stored: Stored, headers: dict[str, str]
) -> None:
    response = await visitor.start(headers=headers)

    assert response.status_code == 204
    assert "Set-Cookie" not in response.headers
    assert stored(Attempt) == []


@on_sqlite
async def test_a_robot_that_asks_for_the_head_starts_nothing(
    gateway: str, http: httpx.AsyncClient, stored: Stored
) -> None:
    response = await http.head(f"{gateway}/auth?url={quote(RETURN_URL, safe='')}")

    assert response.status_code == 204
    assert stored(Attempt) == []


@on_sqlite
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_a_page_that_says_so(gateway: str, http: httpx.AsyncClient, method: str) -> None:
    response = await http.request(method, f"{gateway}/auth")

    assert response.status_code == 405
    assert "<h1" in response.text


@on_sqlite
async def test_an_ordinary_browser_gets_a_page_where_wechat_would_refuse_it(
    settings: Settings, site_keys: object, http: httpx.AsyncClient, stored: Stored
) -> None:
    async with serving(settings.model_copy(update={"outside_wechat": "page"})) as gateway:
        outside = await Visitor(gateway, http).start(headers={"User-Agent": "Mozilla/5.0 Firefox/150.0"}, nonce="n1")
        inside = await Visitor(gateway, http).start(headers={"User-Agent": "MicroMessenger/8.0.50"})

    refused = min(stored(Attempt), key=lambda attempt: attempt.id)

    assert (outside.status_code, inside.status_code) == (403, 302)
    assert (refused.ended_by, refused.site_id is not None) == ("gw_not_wechat", True)
    assert f"{gateway}/auth?url=" in outside.text


@on_sqlite
async def test_wecom_says_that_it_is_wechat_and_is_told_that_it_is_not(
    settings: Settings, site_keys: object, http: httpx.AsyncClient, stored: Stored
) -> None:
    wecom = {"User-Agent": "Mozilla/5.0 (iPhone) wxwork/4.1.22 MicroMessenger/7.0.1 Language/zh"}

    async with serving(settings.model_copy(update={"outside_wechat": "page"})) as gateway:
        page = await Visitor(gateway, http).start(headers=wecom)
    [attempt] = stored(Attempt)

    assert page.status_code == 403
    assert "打开方式不对：企业微信" in page.text
    assert f"{gateway}/auth?url=" in page.text
    assert 'class="qr"' in page.text
    assert (attempt.ended_by, attempt.browser_family, attempt.wechat_version) == ("gw_not_wechat", "wecom", "7.0.1")


async def test_the_return_url_says_whose_login_it_is(visitor: Visitor, store: Callable) -> None:
    store(lambda: AccountFactory(name="coffee"))

    response = await visitor.start()

    assert response.status_code == 302
    assert f"appid={DEFAULT_APPID}&" in response.headers["Location"]


async def test_an_address_that_two_accounts_share_needs_the_name_of_one(visitor: Visitor, store: Callable) -> None:
    store(lambda: ReturnURLFactory(url=RETURN_URL, site__account__name="coffee"))
    unnamed = await visitor.start()

    named = await visitor.start(account="tea")

    assert (unnamed.status_code, named.status_code) == (403, 302)


async def test_a_support_code_that_is_in_use_is_drawn_again(
    visitor: Visitor, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = iter(["7777777W", "7777777W", "8888888X"])
    monkeypatch.setattr(begin.support_codes, "make", lambda: next(codes))

    first, second = await visitor.start(), await visitor.start()

    assert [first.status_code, second.status_code] == [302, 302]
    assert {attempt.support_code for attempt in stored(Attempt)} == {"7777777W", "8888888X"}


async def test_a_page_that_asks_again_and_again_is_stopped_at_its_fourth_start(
    visitor: Visitor, stored: Stored
) -> None:
    begun = [await visitor.start(url=f"{RETURN_URL}?ticket={number}") for number in range(4)]
    refused = max(stored(Attempt), key=lambda attempt: attempt.id)

    assert [response.status_code for response in begun] == [302, 302, 302, 429]
    assert begun[3].headers["Retry-After"] == "60"
    assert (refused.outcome, refused.ended_by, refused.state_hash) == ("failed", "gw_loop", None)
    assert f"{refused.support_code[:4]}-{refused.support_code[4:]}" in begun[3].text
    assert "/auth?" not in begun[3].text


@on_sqlite
async def test_another_address_and_another_browser_are_no_loop(visitor: Visitor, http: httpx.AsyncClient) -> None:
    for _ in range(3):
        await visitor.start()

    elsewhere = await visitor.start(url=f"{RETURN_URL}?table=4")
    somebody_else = await Visitor(visitor.gateway, http).start()

    assert [elsewhere.status_code, somebody_else.status_code] == [302, 302]


@on_sqlite
async def test_a_minute_later_the_page_may_ask_again(visitor: Visitor) -> None:
    for _ in range(3):
        await visitor.start()
    for name, value in visitor.cookies.items():
        made, rest = value.split(".", 1)
        visitor.cookies[name] = f"{int(made, 16) - 61:x}.{rest}"

    assert (await visitor.start()).status_code == 302
