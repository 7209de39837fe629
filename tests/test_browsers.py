"""The family of a browser, by user agents as they have been seen."""

import pytest

from wxadmin import browsers

ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; V2309A Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240301 MMWEBID/1 MicroMessenger/8.0.48.2580"
    "(0x28003036) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/8.0.49(0x18003137) NetType/4G Language/zh_CN"
)
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 Chrome/116.0 Safari/537.36 NetType/WIFI "
    "MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090a13) XWEB/9129 Flue"
)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) MicroMessenger/6.8.0(0x16080000) MacWechat/3.8.7 XWEB/1156 Flue"
WECOM = "Mozilla/5.0 (iPhone) wxwork/4.1.22 MicroMessenger/7.0.1 Language/zh"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Safari/604.1"


@pytest.mark.parametrize(
    ("user_agent", "family", "version"),
    [
        (ANDROID, "wechat-android", "8.0.48.2580"),
        (IPHONE, "wechat-ios", "8.0.49"),
        (WINDOWS, "wechat-desktop", "7.0.20.1781"),
        (MAC, "wechat-desktop", "6.8.0"),
        (f"{IPHONE} miniProgram/wx1234", "miniprogram", "8.0.49"),
        (WECOM, "wecom", "7.0.1"),
        ("MicroMessenger", "wechat", None),
        (SAFARI, "other", None),
        ("curl/8.5.0", "other", None),
        ("", "other", None),
    ],
)
def test_a_user_agent_names_its_family_and_version(user_agent: str, family: str, version: str | None) -> None:
    browser = browsers.recognise(user_agent)

    assert (browser.family, browser.wechat_version) == (family, version)


@pytest.mark.parametrize(("user_agent", "works"), [(ANDROID, True), (MAC, True), (WECOM, False), (SAFARI, False)])
def test_web_authorization_works_in_wechat_but_not_in_wecom(user_agent: str, works: bool) -> None:
    browser = browsers.recognise(user_agent)

    assert browser.is_wechat is works


def test_a_version_of_absurd_length_fits_its_column() -> None:
    browser = browsers.recognise("Android MicroMessenger/" + "8." * 500)

    assert browser.wechat_version is not None
    assert len(browser.wechat_version) <= 16


def test_a_hostile_user_agent_costs_no_time_to_speak_of() -> None:
    hostile = "MicroMessenger" * 4_000 + "iPhone" * 4_000

    browser = browsers.recognise(hostile)

    assert browser.family == "wechat"
