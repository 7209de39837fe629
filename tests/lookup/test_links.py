"""What is wrong with a link to WeChat's authorize page."""

from urllib.parse import urlencode

import pytest

from wxadmin.lookup import links
from wxadmin.lookup.links import Purpose

CALLBACK = "https://m.example.com/wx/auth/callback"
APPIDS = {"wx0123456789abcdef": "Tea"}
RIGHT = {
    "appid": "wx0123456789abcdef",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "snsapi_base",
    "state": "A" * 26,
}


def link(changes: dict[str, str | None] | None = None, fragment: str = "#wechat_redirect") -> str:
    asked = {name: value for name, value in {**RIGHT, **(changes or {})}.items() if value is not None}
    return f"https://open.weixin.qq.com/connect/oauth2/authorize?{urlencode(asked)}{fragment}"


def faults(text: str) -> list[tuple[str, str]]:
    found = links.find_link(text)
    assert found is not None
    said = links.faults(found, appids=APPIDS, callback_url=CALLBACK)
    return [(fault.code, fault.text % (fault.values or {})) for fault in said]


def test_a_right_link_has_no_fault() -> None:
    assert faults(link()) == []


def test_what_wechat_adds_is_no_fault() -> None:
    assert faults(link({"uin": "abc", "key": "secret", "connect_redirect": "1"})) == []


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (link({"appid": "wxffffffffffffffff"}), "10003", "wxffffffffffffffff is of no account"),
        (link({"appid": None, "appId": RIGHT["appid"]}), "", "small letters"),
        (link({"scope": None}), "10010", "“scope” is missing"),
        (link({"scope": "snsapi_login"}), "page_scope", "neither snsapi_base"),
        (link({"state": None}), "10013", "“state” is missing"),
        (link({"state": "A" * 129}), "page_state_too_long", "longer than 128"),
        (link({"state": "a=b"}), "page_link_unreachable", "other than letters"),
        (link({"response_type": "token"}), "page_link_unreachable", "has to be “code”"),
        (link(fragment=""), "page_link_unreachable", "#wechat_redirect"),
        (link({"redirect_uri": "https://www.example.com/back"}), "10003", "leads back to www.example.com/back"),
        (link({"redirect_uri": "https://m.example.com:8443/x"}), "10003", "a port or an IP address"),
        (link({"redirect_uri": "http://10.0.0.3/x"}), "10003", "a port or an IP address"),
        (link({"redirect_uri": "m.example.com/x"}), "page_redirect_uri", "begins with https://"),
        (link().replace("oauth2/authorize", "qrconnect"), "10005", "login of websites"),
        (link({"redirect_uri": None, "state": None}) + "", "", "“redirect_uri” is missing"),
    ],
)
def test_each_fault_is_named(text: str, code: str, said: str) -> None:
    found = faults(text)

    assert [one for one in found if one[0] == code and said in one[1]], found


def test_another_order_is_a_fault() -> None:
    turned = dict(reversed(RIGHT.items()))
    text = f"https://open.weixin.qq.com/connect/oauth2/authorize?{urlencode(turned)}#wechat_redirect"

    assert [code for code, _ in faults(text)] == ["page_link_unreachable"]


@pytest.mark.parametrize(
    ("text", "purpose"),
    [
        ("open.weixin.qq.com/connect/oauth2/authorize?appid=1", Purpose.AUTHORIZE),
        ("http://m.example.com/wx/auth/callback?code=1&state=2", Purpose.CALLBACK),
        ("https://m.example.com/getopenid?code=1&state=2", Purpose.CALLBACK),
        ("https://m.example.com/auth?url=https%3A%2F%2Fshop.example.com", Purpose.START),
        ("https://shop.example.com/orders?ticket=1#/a", Purpose.PAGE),
    ],
)
def test_what_a_link_is_for_is_seen(text: str, purpose: Purpose) -> None:
    found = links.find_link(f"看这个：{text}，谢谢")

    assert found is not None
    assert found.purpose is purpose


@pytest.mark.parametrize("text", ["http://[::1", "https://x:y:z/?a=1", "无", "http://"])
def test_what_is_no_link_is_none(text: str) -> None:
    found = links.find_link(text)

    assert found is None or found.purpose is Purpose.PAGE
