"""Settings, accounts and the log of calls can be read and changed while the simulator runs."""

import hashlib
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.simulator.conftest import OTHER_APPID
from tests.simulator.running import Caller, Clock, link
from wxadmin.simulator import DEFAULT_APPID, SimulatedAccount, World, secret_for
from wxadmin.simulator.calls import KEPT, Call, CallLog

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]+)"')


@pytest.fixture
def browser(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False) as http:
        yield http


def xsrf(page: httpx.Response) -> str:
    return re.findall(r'name="_xsrf" value="([^"]+)"', page.text)[0]


def test_settings_are_shown_and_changed(wechat: Caller) -> None:
    before = wechat.http.get("/_sim/settings").json()

    after = wechat.http.post("/_sim/settings", json={"token_lifetime": 60, "unionid": False}).json()

    assert (before["token_lifetime"], before["quota"], before["refresh_lifetime"]) == (7200, 50_000, 2_592_000)
    assert after == before | {"token_lifetime": 60, "unionid": False}
    assert wechat.grant()["expires_in"] == 60


@pytest.mark.parametrize(
    "asked",
    [
        {"answer": "maybe"},
        {"token_lifetime": 0},
        {"token_lifetime": 1.5},
        {"quota": -1},
        {"quota": True},
        {"people": "many"},
        {"unionid": "yes"},
        {"unionid": 1},
        {"unionid": []},
        {"answer": {}},
        {"colour": "green"},
        [],
    ],
)
def test_a_setting_that_makes_no_sense_changes_nothing(wechat: Caller, world: World, asked: object) -> None:
    before = world.settings

    reply = wechat.http.post("/_sim/settings", json=asked)

    assert reply.status_code == 400
    assert reply.json()["message"]
    assert world.settings == before


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("text/plain", b'{"answer":"deny"}'),
        ("application/x-www-form-urlencoded", b"answer=deny"),
    ],
)
def test_what_a_foreign_page_could_send_is_refused(
    wechat: Caller, world: World, content_type: str, body: bytes
) -> None:
    reply = wechat.http.post("/_sim/settings", content=body, headers={"Content-Type": content_type})

    assert reply.status_code == 400
    assert world.settings.answer == "allow"


def test_an_account_can_be_added_and_its_secret_is_derived(wechat: Caller) -> None:
    reply = wechat.http.post("/_sim/accounts", json={"appid": "wxabcdef0123456789", "domains": ["shop.example.com"]})

    grant = wechat.exchange(
        wechat.code(appid="wxabcdef0123456789", redirect_uri="https://shop.example.com/"),
        appid="wxabcdef0123456789",
        secret=secret_for("wxabcdef0123456789"),
    ).json()

    assert reply.status_code == 201
    assert re.fullmatch("[0-9a-f]{32}", reply.json()["secret"])
    assert "openid" in grant


def test_a_secret_can_be_replaced(wechat: Caller) -> None:
    wechat.http.post("/_sim/accounts", json={"appid": DEFAULT_APPID, "secret": "f" * 32})

    old, new = wechat.exchange("made-up"), wechat.exchange("made-up", secret="f" * 32)

    assert (old.json()["errcode"], new.json()["errcode"]) == (40125, 40029)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"appid": ""},
        {"appid": "wx with blanks"},
        {"appid": 1},
        {"appid": "wx1", "domains": ["https://m.example.com"]},
        {"appid": "wx1", "domains": ["m.example.com:8000"]},
        {"appid": "wx1", "domains": [1]},
        {"appid": "wx1", "kind": "service"},
    ],
)
def test_an_account_that_makes_no_sense_is_refused(wechat: Caller, world: World, asked: dict[str, object]) -> None:
    reply = wechat.http.post("/_sim/accounts", json=asked)

    assert reply.status_code == 400
    assert set(world.accounts) == {DEFAULT_APPID, OTHER_APPID}


def test_secrets_are_derived_from_the_appid() -> None:
    account = SimulatedAccount(DEFAULT_APPID)

    assert account.secret == secret_for(DEFAULT_APPID)
    assert secret_for(OTHER_APPID) != account.secret
    assert re.fullmatch("wx[0-9a-f]{16}", DEFAULT_APPID)


def test_the_log_tells_what_happened_without_codes_and_tokens(wechat: Caller, clock: Clock) -> None:
    code = wechat.code("snsapi_userinfo")
    grant = wechat.exchange(code).json()
    wechat.exchange(code)
    wechat.refresh(grant["refresh_token"])
    wechat.userinfo(grant)

    reply = wechat.http.get("/_sim/calls")

    calls = reply.json()["calls"]
    hashed = hashlib.sha256(code.encode()).hexdigest()
    assert [(call["endpoint"], call["errcode"]) for call in calls] == [
        ("authorize", 0),
        ("exchange", 0),
        ("exchange", 40163),
        ("refresh", 0),
        ("userinfo", 0),
    ]
    assert [call["seq"] for call in calls] == [1, 2, 3, 4, 5]
    assert [call["code"] for call in calls[:3]] == [hashed] * 3
    assert calls[3]["refresh_token"] == hashlib.sha256(grant["refresh_token"].encode()).hexdigest()
    assert {call["openid"] for call in calls if call["errcode"] == 0} == {grant["openid"]}
    assert {call["appid"] for call in calls} == {DEFAULT_APPID}
    assert {call["at"] for call in calls} == {clock()}
    assert not any(secret in reply.text for secret in (code, grant["access_token"], grant["refresh_token"]))


def test_the_log_can_be_read_on_from_a_number_and_by_endpoint(wechat: Caller) -> None:
    wechat.grant()
    wechat.grant()

    later = wechat.http.get("/_sim/calls", params={"since": 2}).json()["calls"]
    exchanges = wechat.http.get("/_sim/calls", params={"endpoint": "exchange"}).json()["calls"]

    assert [call["seq"] for call in later] == [3, 4]
    assert [call["seq"] for call in exchanges] == [2, 4]


@pytest.mark.parametrize("asked", [{"since": "x"}, {"since": "-1"}, {"endpoint": "exchanges"}])
def test_a_misspelt_question_to_the_log_is_refused(wechat: Caller, asked: dict[str, str]) -> None:
    reply = wechat.http.get("/_sim/calls", params=asked)

    assert reply.status_code == 400


def test_stats_count_calls_and_codes_that_were_exchanged(wechat: Caller) -> None:
    wechat.http.post("/_sim/faults", json={"endpoint": "exchange", "kind": "drop", "after": True})
    lost = wechat.code()
    with pytest.raises(httpx.RemoteProtocolError):
        wechat.exchange(lost)
    wechat.exchange(lost)
    wechat.grant()

    stats = wechat.http.get("/_sim/stats").json()

    assert stats == {"calls": {"authorize": {"0": 2}, "exchange": {"0": 2, "40163": 1}}, "exchanged": 2}


def test_a_fault_before_the_effect_is_logged_without_an_errcode(wechat: Caller) -> None:
    wechat.http.post("/_sim/faults", json={"endpoint": "exchange", "kind": "status", "status": 500})
    wechat.exchange("made-up")

    (call,) = wechat.http.get("/_sim/calls").json()["calls"]

    assert (call["fault"], call["errcode"]) == ("status", None)
    assert wechat.http.get("/_sim/stats").json()["calls"] == {"exchange": {"none": 1}}


def test_clearing_the_log_keeps_the_numbering(wechat: Caller) -> None:
    wechat.grant()

    wechat.http.delete("/_sim/calls")
    wechat.grant()

    assert [call["seq"] for call in wechat.http.get("/_sim/calls").json()["calls"]] == [3, 4]
    assert wechat.http.get("/_sim/stats").json()["exchanged"] == 1


def test_the_log_keeps_the_newest_calls_only() -> None:
    log = CallLog()

    for _ in range(KEPT + 3):
        log.add(Call("exchange", errcode=0), 0.0)

    assert next(log.since(0)).seq == 4
    assert [call.seq for call in log.since(KEPT + 1)] == [KEPT + 2, KEPT + 3]
    assert log.stats()["calls"] == {"exchange": {"0": KEPT + 3}}


def test_the_page_shows_faults_and_calls_but_no_token(browser: httpx.Client, wechat: Caller) -> None:
    wechat.http.post("/_sim/faults", json={"endpoint": "auth", "kind": "slow", "seconds": 2.5, "times": 7})
    grant = wechat.grant("snsapi_userinfo")

    page = browser.get("/_sim/")

    assert "seconds 2.5" in page.text
    assert str(grant["openid"]) in page.text
    assert not any(str(grant[name]) in page.text for name in ("access_token", "refresh_token"))


def test_the_pages_forms_change_settings_and_come_back(browser: httpx.Client, world: World) -> None:
    page = browser.get("/_sim/")

    reply = browser.post("/_sim/settings", data={"_xsrf": xsrf(page), "answer": "follower", "unionid": "false"})

    assert (reply.status_code, reply.headers["Location"]) == (303, "/_sim/")
    assert (world.settings.answer, world.settings.unionid) == ("follower", False)


def test_the_pages_forms_order_and_clear_faults(browser: httpx.Client, world: World) -> None:
    fields = {"endpoint": "exchange", "kind": "slow", "errcode": "-1", "seconds": "6", "times": "", "rate": "0.5"}
    token = {"_xsrf": xsrf(browser.get("/_sim/"))}

    browser.post("/_sim/faults", data=fields | token)
    ordered = [(fault.kind, fault.seconds, fault.rate, fault.times) for fault in world.faults.open()]
    browser.post("/_sim/faults/clear", data=token)

    assert ordered == [("slow", 6.0, 0.5, None)]
    assert world.faults.open() == []


def test_one_click_orders_each_of_the_usual_faults_for_one_call(browser: httpx.Client, world: World) -> None:
    page = browser.get("/_sim/")
    usual = re.findall(r"<li><form method=\"post\" action=\"/_sim/faults\">(.*?)</form></li>", page.text)
    assert len(usual) >= 5

    replies = [browser.post("/_sim/faults", data=dict(_HIDDEN.findall(form))) for form in usual]

    assert [reply.status_code for reply in replies] == [303] * len(usual)
    ordered = world.faults.open()
    assert len(ordered) == len(usual)
    assert all(fault.times == 1 for fault in ordered)
    assert {"exchange", "userinfo", "authorize"} == {fault.endpoint for fault in ordered}


def test_the_pages_forms_add_accounts_and_clear_the_log(browser: httpx.Client, wechat: Caller, world: World) -> None:
    wechat.grant()
    token = {"_xsrf": xsrf(browser.get("/_sim/"))}

    browser.post("/_sim/accounts", data={"appid": "wx1", "title": "", "domains": "a.test, b.test"} | token)
    browser.post("/_sim/calls/clear", data=token)

    assert world.accounts["wx1"].domains == ("a.test", "b.test")
    assert world.calls.newest(1) == []


def test_a_foreign_page_cannot_send_the_forms(browser: httpx.Client, world: World) -> None:
    browser.get("/_sim/")

    reply = browser.post("/_sim/settings", data={"answer": "deny"})

    assert reply.status_code == 400
    assert world.settings.answer == "allow"


@pytest.mark.parametrize(("path", "kind"), [("simulator.css", "text/css"), ("icon.svg", "image/svg+xml")])
def test_the_pages_style_and_icon_are_served(wechat: Caller, path: str, kind: str) -> None:
    reply = wechat.http.get(f"/_sim/{path}")

    assert reply.headers["Content-Type"].startswith(kind)


def test_the_log_of_a_refused_link_has_its_number(wechat: Caller) -> None:
    wechat.http.get(f"/connect/oauth2/authorize?{link(scope='snsapi_login')}")

    (call,) = wechat.http.get("/_sim/calls").json()["calls"]

    assert (call["endpoint"], call["errcode"]) == ("authorize", 10005)
