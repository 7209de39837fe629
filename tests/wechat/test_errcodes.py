"""The catalogue: complete, in both languages, and right about the stage."""

import dataclasses
import re
from collections import Counter

import pytest

from tests.wechat_answers import ANSWERS, Refusal
from wxadmin.wechat.errcodes import Verdict, all_entries, find, is_listed, refresh_verdict

# The reasons that people and programs outside rely on: no more, no fewer.
REASONS = (
    "gw_timeout gw_connect gw_bad_reply gw_http_status gw_state_unknown gw_state_expired "
    "gw_state_used gw_state_cookie_lost gw_other_browser gw_no_code gw_no_callback gw_interrupted "
    "gw_loop gw_not_wechat gw_return_url_refused gw_account_off gw_overloaded gw_rate_limited "
    "gw_ticket_unknown gw_ticket_expired gw_ticket_spent gw_ticket_other_site gw_site_key "
    "gw_key_missing"
)
AUTHORIZE_PAGE = {10003, 10004, 10005, 10006, 10009, 10010, 10011, 10012, 10013, 10015, 10016}
CONSOLE_WORDS = ("JS接口安全域名",)
# The rows of facts.md, section 7, each what somebody complains of; and what somebody asks for.
SYMPTOMS = (
    "random_code_used all_code_invalid page_10003 sudden_10005 white_page redirect_loop state_mismatch two_openids "
    "wrong_account no_profile profile_token_refused only_phone only_desktop mini_program_stuck garbled_nickname "
    "ip_not_allowed lost_parameters my_data"
)
OF_THE_TRADE = re.compile(
    r"\b(state|cookie|code|token|oauth|errcode|errmsg|openid|unionid|appid|secret|ticket|scope|callback|redirect|api|url|"
    r"ip|server|session|parameter|gateway)s?\b|\d",
    re.IGNORECASE,
)
NOT_FOR_VISITORS = re.compile(r"[A-Za-z0-9]|会话|回调|参数|票据|凭证|授权范围|白名单|接口|网关|错误码")

every_entry = pytest.mark.parametrize("entry", all_entries(), ids=lambda entry: f"{entry.code}-{entry.stage}")


def _chinese(entry):
    text = " ".join((entry.title_zh, entry.meaning_zh, entry.remedy_zh, entry.reply_zh))
    for words in CONSOLE_WORDS:
        text = text.replace(words, "")
    return text


@every_entry
def test_an_entry_has_every_text_in_both_languages(entry):
    texts = {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}

    texts.pop("related")
    assert [name for name, text in texts.items() if not text.strip() and name != "errmsg"] == []
    assert [name for name in texts if name.endswith("_zh") and not re.search(r"[一-鿿]|code", texts[name])] == []
    assert [
        name for name in texts if name.endswith("_en") and re.search(r"[一-鿿]", _without_button(texts[name]))
    ] == []


def _without_button(text):
    return text.replace("“使用完整服务”", "")


@every_entry
def test_an_entry_keeps_to_the_known_words(entry):
    assert re.fullmatch(r"-?\d+|gw_[a-z_]+|page_[a-z_]+|symptom_[a-z0-9_]+", entry.code)
    assert entry.stage in [
        "any",
        "authorize",
        "exchange",
        "userinfo",
        "refresh",
        "return",
        "start",
        "redeem",
        "symptom",
    ]
    assert entry.side in ["user", "site", "config", "wechat"]
    assert entry.class_ in ["permanent", "config", "transient", "quota", "harmless", "user"]
    assert entry.retry in ["no", "yes", "next_minute", "next_hour", "next_day", "after_reauth", "after_fix"]
    assert entry.confidence in ["certain", "likely", "unverified"]


@every_entry
def test_a_chinese_text_is_set_as_chinese_is(entry):
    text = _chinese(entry)

    assert 3 <= len(entry.title_zh) <= 12
    assert re.findall(r"[一-鿿][,;:?!()]|[,;:?!()][一-鿿]", text) == []
    assert re.findall(r"[一-鿿][A-Za-z0-9]|[A-Za-z0-9][一-鿿]", text) == []
    assert entry.meaning_zh.endswith("。")
    assert entry.remedy_zh.endswith("。")
    assert entry.reply_zh.endswith("。")


@every_entry
def test_only_the_gateways_own_reasons_and_symptoms_lack_wechats_words(entry):
    assert bool(entry.errmsg) is not entry.code.startswith(("gw_", "symptom_"))


@every_entry
def test_a_reply_says_nothing_that_a_visitor_would_not_understand(entry):
    assert OF_THE_TRADE.findall(_without_button(entry.reply_en)) == []
    assert NOT_FOR_VISITORS.findall(entry.reply_zh) == []


@every_entry
def test_a_reply_is_short_and_polite(entry):
    assert "您" in entry.reply_zh
    assert "你" not in entry.reply_zh
    assert 1 <= len(re.findall(r"[。！？]", entry.reply_zh)) <= 4
    assert 30 <= len(entry.reply_zh) <= 110
    assert 80 <= len(entry.reply_en) <= 330


@every_entry
def test_a_reply_does_not_blame_the_visitor_for_what_others_did(entry):
    if entry.side != "user":
        assert re.search("抱歉|您已经登录|感谢您", entry.reply_zh)
        assert re.search("sorry|You are logged in|Thank you", entry.reply_en)


@every_entry
def test_a_symptom_and_a_page_without_a_number_lead_to_what_may_be_behind_them(entry):
    assert [code for code in entry.related if not is_listed(code)] == []
    assert entry.code not in entry.related
    # Whoever asks for their data has met no fault.
    is_of_a_fault = entry.code.startswith(("page_", "symptom_")) and entry.code != "symptom_my_data"
    assert bool(entry.related) is is_of_a_fault


def test_every_symptom_that_support_meets_is_there():
    symptoms = [entry.code.removeprefix("symptom_") for entry in all_entries() if entry.stage == "symptom"]

    assert sorted(symptoms) == sorted(SYMPTOMS.split())
    assert {entry.stage for entry in all_entries() if entry.code.startswith("symptom_")} == {"symptom"}


def test_no_code_has_two_entries_at_one_stage():
    seen = Counter((entry.code, entry.stage) for entry in all_entries())

    assert [key for key, times in seen.items() if times > 1] == []


def test_the_gateways_reasons_are_there_and_no_others():
    ours = {entry.code for entry in all_entries() if entry.code.startswith("gw_")}

    assert ours == set(REASONS.split())


def test_the_authorize_page_has_its_eleven_codes_and_no_invented_ones():
    shown = {int(entry.code) for entry in all_entries() if entry.code.startswith("100")}

    assert shown == AUTHORIZE_PAGE


def test_wechats_pages_without_a_number_can_be_looked_up_by_their_words():
    words = {entry.errmsg for entry in all_entries() if entry.code.startswith("page_")}

    assert {"请在微信客户端打开链接", "state参数过长", "该链接无法访问", "未绑定网页开发者"} < words
    assert len(words) == 6


@pytest.mark.parametrize("answer", [each for each in ANSWERS if isinstance(each.expect, Refusal)], ids=lambda a: a.name)
def test_every_errcode_that_wechat_is_known_to_answer_is_listed(answer):
    entry = find(str(answer.expect.errcode), answer.endpoint)

    assert entry in all_entries()


def test_40029_speaks_of_the_code_at_exchange_and_of_the_refresh_token_at_refresh():
    exchange, refresh = find("40029", "exchange"), find("40029", "refresh")

    assert (exchange.title("zh_CN"), exchange.title("en")) == ("code 无效", "Code not valid")
    assert "refresh_token" in refresh.meaning("en")
    assert "与 code 无关" in refresh.meaning("zh_CN")


def test_40001_is_the_appsecret_at_exchange_and_the_users_token_at_userinfo():
    assert (find("40001", "exchange").class_, find("40001", "exchange").side) == ("config", "config")
    assert (find("40001", "userinfo").class_, find("40001", "userinfo").retry) == ("permanent", "after_reauth")


def test_a_stage_without_a_row_of_its_own_gets_the_general_one():
    assert find("45011", "refresh").stage == "any"
    assert find("48001", "refresh").stage == "any"


def test_a_code_at_a_stage_nobody_expected_still_gets_its_meaning():
    assert find("42002", "userinfo") == find("42002", "refresh")


@pytest.mark.parametrize("code", ["10007", "10038", "99999", "", "gw_unheard_of"])
def test_an_unlisted_code_says_that_it_is_unknown_and_to_back_off(code):
    entry = find(code, "exchange")

    assert (entry.code, entry.stage) == (code, "exchange")
    assert (entry.title("zh_CN"), entry.title("en")) == ("未收录的错误码", "Unknown code")
    assert "间隔" in entry.remedy("zh_CN")
    assert "pauses" in entry.remedy("en")
    assert not NOT_FOR_VISITORS.search(entry.reply("zh_CN"))
    assert not OF_THE_TRADE.search(entry.reply("en"))


@pytest.mark.parametrize("lang", ["zh_CN", "zh_TW", "zh"])
def test_every_chinese_gets_the_chinese_texts(lang):
    entry = find("40163", "exchange")

    assert (entry.title(lang), entry.meaning(lang), entry.remedy(lang), entry.reply(lang)) == (
        entry.title_zh,
        entry.meaning_zh,
        entry.remedy_zh,
        entry.reply_zh,
    )


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        ("40030 42002 42007 50001 40029", Verdict.PERMANENT),
        ("40013 40164 41003 43003 50002 48004", Verdict.CONFIG),
        ("-1 45011 gw_timeout gw_connect gw_bad_reply gw_http_status", Verdict.TRANSIENT),
        ("45009", Verdict.QUOTA_DAY),
        ("40001 40002 48001 99999 gw_loop", Verdict.UNKNOWN),
    ],
)
def test_a_failed_refresh_is_judged_as_the_facts_say(codes, verdict):
    assert {refresh_verdict(code) for code in codes.split()} == {verdict}


def test_sample_data_sent_nowhere_pauses_its_account():
    assert refresh_verdict("gw_account_off") is Verdict.CONFIG


def test_verdict_and_catalogue_do_not_contradict_each_other():
    classes = {Verdict.PERMANENT: {"permanent"}, Verdict.CONFIG: {"config"}, Verdict.TRANSIENT: {"transient", "quota"}}

    for entry in all_entries():
        at_refresh = find(entry.code, "refresh")
        allowed = classes.get(refresh_verdict(entry.code))
        assert allowed is None or at_refresh.class_ in allowed, entry.code
