"""The authorize link is read as strictly as WeChat reads it, and a refusal is a page, never a redirect."""

import pytest

from tests.simulator.conftest import OTHER_APPID
from tests.simulator.running import RETURN_URL, Caller, link
from wxadmin.simulator import DEFAULT_APPID, World


def test_a_silent_link_answers_with_code_and_state(wechat: Caller) -> None:
    reply = wechat.authorize(scope="snsapi_base", state="Zz9")

    address, _, query = reply.headers["Location"].partition("?")

    assert (reply.status_code, address) == (302, RETURN_URL)
    code, state = query.split("&")
    assert len(code.removeprefix("code=")) == 32
    assert state == "state=Zz9"


@pytest.mark.parametrize(
    ("redirect_uri", "start", "end"),
    [
        ("https://m.example.com/a?x=1", "https://m.example.com/a?x=1&code=", "&state=Abc123"),
        ("https://m.example.com/a#/route?y=2", "https://m.example.com/a?code=", "&state=Abc123#/route?y=2"),
        ("https://m.example.com/a?x=%2F%26#r", "https://m.example.com/a?x=%2F%26&code=", "&state=Abc123#r"),
        ("https://m.example.com", "https://m.example.com?code=", "&state=Abc123"),
        ("https://m.example.com/茶?", "https://m.example.com/%E8%8C%B6?code=", "&state=Abc123"),
    ],
)
def test_code_and_state_go_into_the_query_before_the_fragment(
    wechat: Caller, redirect_uri: str, start: str, end: str
) -> None:
    reply = wechat.authorize(redirect_uri=redirect_uri)

    location = reply.headers["Location"]

    assert location.startswith(start)
    assert location.endswith(end)
    assert len(location) == len(start) + 32 + len(end)


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        ({"appid": ""}, 10012),
        ({"appid": None, "appId": DEFAULT_APPID}, 10012),
        ({"redirect_uri": ""}, 10011),
        ({"redirect_uri": None}, 10011),
        ({"scope": ""}, 10010),
        ({"scope": None}, 10010),
        ({"state": ""}, 10013),
        ({"state": None}, 10013),
        ({"appid": "wx1234567890abcdef"}, 10016),
        ({"scope": "snsapi_login"}, 10005),
        ({"scope": "snsapi_base,snsapi_userinfo"}, 10005),
        ({"response_type": "token"}, 10005),
        ({"response_type": None}, 10005),
        ({"redirect_uri": "https://www.m.example.com/"}, 10003),
        ({"redirect_uri": "https://m.example.com:8443/"}, 10003),
        ({"redirect_uri": "https://m.example.com.evil.test/"}, 10003),
        ({"redirect_uri": "https://8.8.8.8/"}, 10003),
        ({"redirect_uri": "https://192.168.1.7:8000/"}, 10003),
        ({"redirect_uri": "https://example.com/wxyz"}, 10003),
    ],
)
def test_a_wrong_link_ends_on_the_page_with_its_number(
    wechat: Caller, changed: dict[str, str | None], number: int
) -> None:
    reply = wechat.authorize(**changed)

    assert reply.status_code == 200
    assert "Location" not in reply.headers
    assert f"错误码：{number}" in reply.text


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"state": "a" * 129}, "state参数过长"),
        ({"state": "a-b"}, "该链接无法访问"),
        ({"state": "状态"}, "该链接无法访问"),
        ({"redirect_uri": "m.example.com/a"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "https://m.example.com@evil.test/"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "https://evil.test\\@m.example.com/"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "https://m.example.com/\r\nSet-Cookie: a=b"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "https://m.example.com:99999/"}, "redirect_uri 参数错误"),
    ],
)
def test_some_refusals_have_a_text_but_no_number(wechat: Caller, changed: dict[str, str], text: str) -> None:
    reply = wechat.authorize(**changed)

    assert reply.status_code == 200
    assert "Location" not in reply.headers
    assert f"<h1>{text}</h1>" in reply.text
    assert "错误码" not in reply.text


def test_a_state_of_128_characters_is_accepted(wechat: Caller) -> None:
    reply = wechat.authorize(state="a" * 128)

    assert reply.headers["Location"].endswith("&state=" + "a" * 128)


@pytest.mark.parametrize("moved", ["appid", "redirect_uri", "response_type", "scope"])
def test_parameters_out_of_order_are_refused(wechat: Caller, moved: str) -> None:
    pieces = link().split("&")
    piece = next(each for each in pieces if each.startswith(f"{moved}="))
    pieces.remove(piece)

    reply = wechat.http.get("/connect/oauth2/authorize?" + "&".join([*pieces, piece]))

    assert "错误码：10005" in reply.text


def test_optional_parameters_are_accepted_after_state_only(wechat: Caller) -> None:
    optional = "forcePopup=true&connect_redirect=1&component_appid=wxc"

    after = wechat.http.get(f"/connect/oauth2/authorize?{link()}&{optional}")
    before = wechat.http.get(f"/connect/oauth2/authorize?{optional}&{link()}")

    assert after.status_code == 302
    assert "错误码：10005" in before.text


@pytest.mark.parametrize("extra", ["foo=1", "state=second", "appid=wx"])
def test_other_or_repeated_parameters_are_refused(wechat: Caller, extra: str) -> None:
    reply = wechat.http.get(f"/connect/oauth2/authorize?{link()}&{extra}")

    assert "Location" not in reply.headers


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://127.0.0.1:8000/auth/callback",
        "http://localhost:8000/",
        "http://[::1]:8000/",
        "https://M.Example.com/any/path",
        "https://example.com/wx",
        "https://example.com/wx/deeper",
    ],
)
def test_loopback_hosts_and_the_accounts_domains_are_returned_to(wechat: Caller, redirect_uri: str) -> None:
    reply = wechat.authorize(redirect_uri=redirect_uri)

    assert reply.headers["Location"].startswith(redirect_uri)


@pytest.mark.parametrize("host", ["192.168.1.7", "10.0.0.7", "100.64.3.2", "169.254.9.9"])
def test_hosts_of_the_lan_are_returned_to_when_told(wechat: Caller, world: World, host: str) -> None:
    untold = wechat.authorize(redirect_uri=f"http://{host}:8000/")
    world.settings = world.settings.changed({"lan_hosts": True})

    private = wechat.authorize(redirect_uri=f"http://{host}:8000/")
    public = wechat.authorize(redirect_uri="http://8.8.8.8/")

    assert "错误码：10003" in untold.text
    assert private.status_code == 302
    assert "错误码：10003" in public.text


def test_domains_belong_to_one_account(wechat: Caller) -> None:
    reply = wechat.authorize(appid=OTHER_APPID, redirect_uri="https://example.com/wx")

    assert "错误码：10003" in reply.text


def test_the_page_of_a_refusal_shows_what_was_sent_as_text(wechat: Caller) -> None:
    reply = wechat.authorize(redirect_uri="https://<b>x</b>.test/")

    assert "<b>x" not in reply.text
    assert "&lt;b&gt;x" in reply.text
