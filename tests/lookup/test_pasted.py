"""What a pasted text is taken for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxadmin.lookup import pasted
from wxadmin.lookup.links import Purpose
from wxadmin.lookup.pasted import LONGEST

CODE = "K7M2-Q9XH"
PLAIN = CODE.replace("-", "")
RID = "62fb9bc8-078c24da-4202f278"


@pytest.mark.parametrize(
    "text",
    [
        *(CODE, CODE.lower(), PLAIN, f" {PLAIN[:4]} {PLAIN[4:]} ", f"问题编号：{CODE}，请截图或复制给客服"),
        *(f"您好，我打开页面提示 {CODE.lower()} 登录不了 40029", f"code is {PLAIN[:4]} — {PLAIN[4:]}, what now"),
    ],
)
def test_a_support_code_is_found_however_it_is_told(text: str) -> None:
    assert pasted.read(text).support_code == PLAIN


@pytest.mark.parametrize("text", [f"{CODE[:-1]}{'A' if CODE[-1] != 'A' else 'B'}", f"{PLAIN[:-1]}"])
def test_one_that_does_not_fit_together_is_noticed(text: str) -> None:
    asked = pasted.read(text)

    assert (asked.support_code, asked.is_mistyped) == (None, True)


@pytest.mark.parametrize("text", ["小雨", "40029", "redirect_uri 参数错误", "13800138000", "hello there"])
def test_other_words_are_no_mistyped_code(text: str) -> None:
    assert not pasted.read(text).is_mistyped


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("40029", ("40029",)),
        ("-1", ("-1",)),
        ("99999", ("99999",)),
        ('{"errcode":40163,"errmsg":"code been used, rid: 62fb9bc8-078c24da-4202f278"}', ("40163",)),
        ("{'errcode': '-1', 'errmsg': 'system error'}", ("-1",)),
        ("errcode: 41008 missing code", ("41008",)),
        ("页面显示错误码：10003，怎么办", ("10003",)),
        ("40029、40163 都有", ("40029", "40163")),
        ("gw_timeout", ("gw_timeout",)),
        ("reason GW_LOOP again", ("gw_loop",)),
        ("我花了 500 元，2026 年", ()),
        ("ok, errcode=0", ()),
        ("at 10:0 on 10.0.0.3", ()),
    ],
)
def test_errcodes_are_found_in_what_people_paste(text: str, codes: tuple[str, ...]) -> None:
    assert pasted.read(text).codes == codes


def test_a_rid_is_no_openid() -> None:
    asked = pasted.read(f"invalid code, rid: {RID}")

    assert (asked.rid, asked.ids) == (RID, ())


def test_openids_are_found_to_the_letter() -> None:
    openid = "oAbc_-12345678901234567890XY"

    assert pasted.read(f"OpenID：{openid} 的用户").ids == (openid,)


@pytest.mark.parametrize(
    ("text", "ip"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("invalid ip 203.0.113.7 ipv6 ::ffff", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_addresses_are_found(text: str, ip: str) -> None:
    assert pasted.read(text).ip == ip


@pytest.mark.parametrize("text", ["999.0.0.1", "8.0.49", "12:30"])
def test_what_only_looks_like_an_address_is_none(text: str) -> None:
    assert pasted.read(text).ip is None


def test_a_link_goes_before_everything_in_it() -> None:
    asked = pasted.read(f"打开 https://m.example.com/auth/callback?code=071abc&state={'S' * 26}，{CODE}")

    assert asked.link is not None
    assert asked.link.purpose is Purpose.CALLBACK
    assert asked.link.parameter("state") == "S" * 26
    assert asked.support_code is None


@given(st.text(max_size=200))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    asked = pasted.read(text)

    assert asked.text == text.replace("\0", "").strip()


def test_what_is_too_long_is_cut() -> None:
    assert len(pasted.read("长" * 100_000).text) == LONGEST
