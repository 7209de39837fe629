"""Sentences of WeChat's page and symptoms lead to their entries."""

import csv
from importlib import resources

import pytest

from wxadmin.lookup import phrases
from wxadmin.wechat import errcodes


def codes(text: str) -> list[str]:
    return [one.code for one in phrases.meant(text)]


# facts.md, section 6: the page's texts that have no number, as they stand there.
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("请在微信客户端打开链接", "page_open_in_wechat"),
        ("redirect_uri 参数错误", "page_redirect_uri"),
        ("redirect_uri参数错误", "page_redirect_uri"),
        ("Scope 参数错误或没有 Scope 权限", "page_scope"),
        ("state参数过长", "page_state_too_long"),
        ("该链接无法访问", "page_link_unreachable"),
        ("未绑定网页开发者", "page_not_bound_developer"),
        ("此公众号并没有这些scope的权限", "10005"),
        ("redirect_uri域名与后台配置不一致", "10003"),
        ("code been used, rid: 62fb9bc8-078c24da-4202f278", "40163"),
    ],
)
def test_wechats_own_words_are_known_to_the_letter(text: str, code: str) -> None:
    [first, *others] = phrases.meant(text)

    assert (first.code, first.is_exact) == (code, True)
    assert others == []


# facts.md, section 7: what support really meets.
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("删除我的数据", "symptom_my_data"),
        ("客户要求注销账号", "symptom_my_data"),
        ("白屏", "symptom_white_page"),
        ("用户说点了没反应", "symptom_white_page"),
        ("white page", "symptom_white_page"),
        ("循环跳转", "symptom_redirect_loop"),
        ("页面一直跳转，进不去", "symptom_redirect_loop"),
        ("redirect loop", "symptom_redirect_loop"),
        ("登录后不是我的账号", "symptom_wrong_account"),
        ("客户反映登录到别人的账号了", "symptom_wrong_account"),
        ("一个人两个openid", "symptom_two_openids"),
        ("昵称乱码", "symptom_garbled_nickname"),
        ("参数丢失", "symptom_lost_parameters"),
        ("电脑上登录不了", "symptom_only_phone"),
        ("手机上登录不了", "symptom_only_desktop"),
        ("小程序里打不开", "symptom_mini_program_stuck"),
        ("换服务器之后不能登录", "symptom_ip_not_allowed"),
        ("部分用户登录失败", "symptom_random_code_used"),
        ("所有人都登录不了", "symptom_all_code_invalid"),
        ("state 不匹配", "symptom_state_mismatch"),
        ("突然没有权限", "symptom_sudden_10005"),
        ("微信页面提示10003", "symptom_page_10003"),
        ("没有头像", "symptom_no_profile"),
        ("拉取资料失败", "symptom_profile_token_refused"),
    ],
)
def test_a_symptom_is_known_by_the_words_people_have_for_it(text: str, code: str) -> None:
    assert codes(text)[0] == code


def test_every_symptom_and_page_of_the_catalogue_is_tried_above_or_by_its_title() -> None:
    told = {entry.code for entry in errcodes.all_entries() if entry.code.startswith(("symptom_", "page_"))}

    found = {
        code
        for entry in errcodes.all_entries()
        if entry.code in told
        for title in (entry.title_zh, entry.title_en)
        for code in codes(title)
    }

    assert found >= told


def test_words_that_are_nearly_right_find_what_they_are_like() -> None:
    assert "page_not_bound_developer" in codes("没有绑定网页开发者")


@pytest.mark.parametrize("text", ["小雨", "会", "abc", "40029", "", "的", "今天天气不错", "member-7"])
def test_other_words_mean_nothing(text: str) -> None:
    assert codes(text) == []


def test_every_phrase_is_of_an_entry() -> None:
    source = resources.files("wxadmin.lookup").joinpath("phrases.csv").read_text(encoding="utf-8")

    unknown = {row["code"] for row in csv.DictReader(source.splitlines()) if not errcodes.is_listed(row["code"])}

    assert unknown == set()
