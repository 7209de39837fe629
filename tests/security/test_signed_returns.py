"""Hand-off `openid`: what is signed, as a site that knows the documents and nothing else finds it."""

import hmac
import re
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxadmin.errors import ReturnURLRefused
from wxadmin.security import return_urls, signed_returns

KEY = "wxh_the-key-of-the-site"
AT = datetime(2026, 11, 20, 8, 34, 12, 345678, tzinfo=UTC)
PROFILE = {"nickname": "小雨 🌧\n&openid=x", "headimgurl": "https://thirdwx.qlogo.cn/mmopen/vi_32/0"}
BACK = "https://shop.example.com/back"


def signed(url: str = BACK, profile: dict[str, str] | None = None) -> str:
    return signed_returns.signed(url, KEY, openid="oPerson", ticket="TICKET1", profile=profile or {}, at=AT)


def is_good(address: str, key: str = KEY) -> bool:
    """What integrate.md tells a site to do with the address that a browser asks for."""
    asked = address.partition("#")[0]
    told = parse_qs(urlsplit(asked).query, keep_blank_values=True)
    if any(len(told.get(name, [])) != 1 for name in ("openid", "ts", "ticket", "sig")):
        return False
    message = "\n".join(
        [re.split("[?&]ticket=", asked)[0], told["openid"][0], told["ts"][0], told["ticket"][0]]
    ).encode()
    return hmac.compare_digest(hmac.new(key.encode(), message, sha256).hexdigest(), told["sig"][0])


def test_an_address_is_signed_to_the_byte() -> None:
    address = signed(f"{BACK}?table=7#/menu")

    sig = hmac.new(KEY.encode(), f"{BACK}?table=7\noPerson\n1795163652\nTICKET1".encode(), sha256).hexdigest()
    assert address == f"{BACK}?table=7&ticket=TICKET1&openid=oPerson&ts=1795163652&sig={sig}#/menu"


def test_a_profile_stands_before_the_ticket_and_arrives_as_it_is() -> None:
    address = signed(profile=PROFILE)

    told = parse_qs(urlsplit(address).query, strict_parsing=True)
    assert list(told) == ["nickname", "headimgurl", "ticket", "openid", "ts", "sig"]
    assert {name: told[name] for name in PROFILE} == {name: [value] for name, value in PROFILE.items()}


@pytest.mark.parametrize(
    ("find", "replace"),
    [
        ("oPerson", "oOther"),
        ("TICKET1", "TICKET2"),
        ("ts=1795163652", "ts=1795163653"),
        ("table=7", "table=8"),
        ("/back", "/other"),
        ("shop.example.com", "evil.example.com"),
        ("%E5%B0%8F%E9%9B%A8", "%E5%AE%A2%E6%9C%8D"),
        ("thirdwx.qlogo.cn", "evil.example.com"),
        ("&nickname=", "&x="),
        ("?table=7&", "?"),
        ("sig=", "sig=0"),
        ("&ticket=", "&openid=oOther&ticket="),
    ],
)
def test_whatever_is_changed_on_the_way_is_noticed(find: str, replace: str) -> None:
    address = signed(f"{BACK}?table=7", PROFILE)

    changed = address.replace(find, replace)

    assert is_good(address)
    assert changed != address
    assert not is_good(changed)


def test_another_sites_key_is_not_enough() -> None:
    assert not is_good(signed(), key="wxh_the-key-of-another")


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://shop.example.com", "https://shop.example.com/"),
        ("HTTPS://Shop.Example.COM:443/Back", "https://shop.example.com/Back"),
        ("http://shop.example.com:8080/back?", "http://shop.example.com:8080/back"),
        ("https://shop.example.com/茶?单=七", "https://shop.example.com/%E8%8C%B6?%E5%8D%95=%E4%B8%83"),
        ("https://shop.example.com/a?q=\"<>'`{|}^", "https://shop.example.com/a?q=%22%3C%3E%27%60%7B%7C%7D%5E"),
        ("https://shop.example.com/%e8%8C%b6?x=%zz&y=1+2&&", "https://shop.example.com/%e8%8C%b6?x=%zz&y=1+2&"),
        ("https://[2001:DB8::7]/a;b=1?x[]=:@!$()*,", "https://[2001:db8::7]/a;b=1?x[]=:@!$()*,"),
    ],
)
def test_signed_is_the_address_that_a_browser_asks_for(url: str, asked: str) -> None:
    address = signed(url)

    assert re.split("[?&]ticket=", address)[0] == asked
    assert is_good(address)


def test_what_stood_in_the_address_for_ours_is_gone() -> None:
    forged = f"{BACK}?%6Fpenid=oVictim&ts=1&x=1&SIG=s&nickname[]=n&headimgurl=h&ticket=t"

    address = signed(forged)

    assert is_good(address)
    assert address.startswith(f"{BACK}?x=1&ticket=TICKET1&openid=oPerson&")


urls = st.text(st.sampled_from("abc=&?/;%20Ff茶+'|\"<"), max_size=30).map(lambda tail: f"{BACK}/{tail}")
nicknames = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(urls, nicknames, st.text(st.sampled_from("/r?&=openid茶"), max_size=12))
def test_every_address_that_is_signed_is_found_good_and_keeps_its_fragment(
    url: str, nickname: str, fragment: str
) -> None:
    try:
        return_urls.parse(url)
    except ReturnURLRefused:
        return

    address = signed(f"{url}#{fragment}", {"nickname": nickname})

    assert is_good(address)
    assert address.partition("#")[2] == fragment
    assert parse_qs(urlsplit(address).query, keep_blank_values=True)["nickname"] == [nickname]
