"""Reading WeChat's bytes: what counts as an answer, and what never gets through."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxadmin.wechat import replies
from wxadmin.wechat.errors import NoAnswer, Refused
from wxadmin.wechat.replies import MAX_BODY, Reply

GRANT = {"access_token": "83_a", "refresh_token": "83_r", "expires_in": 7200, "openid": "oA", "scope": "snsapi_base"}
PROFILE = {"openid": "oA", "nickname": "小明", "headimgurl": "https://thirdwx.qlogo.cn/x/132", "privilege": []}
READERS = (replies.grant, replies.profile, replies.alive)


def _reply(fields: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(fields).encode(), took_ms=7)


def _refusal(errmsg: str) -> Refused:
    with pytest.raises(Refused) as refused:
        replies.grant(_reply({"errcode": 40029, "errmsg": errmsg}))
    return refused.value


def _no_answer(reply: Reply) -> NoAnswer:
    with pytest.raises(NoAnswer) as failed:
        replies.grant(reply)
    return failed.value


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "expires_in", "openid"])
@pytest.mark.parametrize("value", [None, "", [], {}, True, 1.5, "two words", "换行\n", "x\0"])
def test_a_grant_without_what_must_be_there_is_a_bad_reply(name, value):
    failure = _no_answer(_reply(GRANT | {name: value}))

    assert (failure.code, failure.http_status, failure.took_ms) == ("gw_bad_reply", 200, 7)
    assert name in failure.errmsg


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "expires_in", "openid"])
def test_a_grant_that_lacks_a_field_altogether_is_a_bad_reply(name):
    fields = {key: value for key, value in GRANT.items() if key != name}

    assert _no_answer(_reply(fields)).code == "gw_bad_reply"


@pytest.mark.parametrize(
    ("name", "longest"), [("access_token", 512), ("refresh_token", 512), ("openid", 64), ("unionid", 64)]
)
def test_values_may_be_as_long_as_they_are_stored_and_not_longer(name, longest):
    grant = replies.grant(_reply(GRANT | {name: "x" * longest}))

    assert getattr(grant, name) == "x" * longest
    assert _no_answer(_reply(GRANT | {name: "x" * (longest + 1)})).code == "gw_bad_reply"


@pytest.mark.parametrize("seconds", [0, -1, "0", "-7200", "7200s", 10**9, float("inf"), float("nan"), True])
def test_an_expiry_that_is_no_positive_number_of_seconds_is_a_bad_reply(seconds):
    assert _no_answer(_reply(GRANT | {"expires_in": seconds})).code == "gw_bad_reply"


@pytest.mark.parametrize(
    ("scope", "pieces"),
    [
        ("snsapi_base,snsapi_userinfo,", ("snsapi_base", "snsapi_userinfo")),
        (",,snsapi_base", ("snsapi_base",)),
        ("", ()),
        (None, ()),
        (f"snsapi_userinfo,{'x' * 33},snsapi_base", ("snsapi_userinfo", "snsapi_base")),
        ("snsapi_base," + "snsapi_userinfo," * 20, ("snsapi_base", *["snsapi_userinfo"] * 3)),
        ("x" * 100, ()),
    ],
)
def test_scope_is_split_and_its_empty_pieces_are_dropped(scope, pieces):
    assert replies.grant(_reply(GRANT | {"scope": scope})).scope == pieces


@pytest.mark.parametrize(
    ("flag", "is_snapshotuser"), [(1, True), ("1", True), (0, False), ("0", False), (None, False), ("yes", False)]
)
def test_only_one_marks_a_snapshot_person(flag, is_snapshotuser):
    assert replies.grant(_reply(GRANT | {"is_snapshotuser": flag})).is_snapshotuser is is_snapshotuser


@pytest.mark.parametrize("unionid", [None, "", 0])
def test_an_empty_unionid_is_none(unionid):
    assert replies.grant(_reply(GRANT | {"unionid": unionid})).unionid is None
    assert replies.profile(_reply(PROFILE | {"unionid": unionid})).unionid is None


@pytest.mark.parametrize("privilege", [None, "", {}, "chinaunicom"])
def test_privilege_that_is_no_list_is_empty(privilege):
    assert replies.profile(_reply(PROFILE | {"privilege": privilege})).privilege == ()


def test_a_profile_needs_nothing_but_the_openid():
    profile = replies.profile(_reply({"openid": "oA"}))

    assert (profile.nickname, profile.headimgurl, profile.language, profile.took_ms) == ("", "", "", 7)


@pytest.mark.parametrize(
    ("errmsg", "words", "rid", "hints"),
    [
        ("invalid code, rid: 62fb9bc8-078c24da-4202f278", "invalid code", "62fb9bc8-078c24da-4202f278", None),
        ("invalid code rid: 62fb9bc8-078c24da-4202f278", "invalid code", "62fb9bc8-078c24da-4202f278", None),
        ("invalid code, hints: [ req_id: aBc-9.x ]", "invalid code", None, "req_id: aBc-9.x"),
        ("invalid code hint: [tR7E0876vr29!]", "invalid code", None, "tR7E0876vr29!"),
        ("invalid code, hints: [ req_id: aBc ] rid: 62fb9bc8-1-2", "invalid code", "62fb9bc8-1-2", "req_id: aBc"),
        ("invalid ip 1.2.3.4, not in whitelist, rid: 1-2-3", "invalid ip 1.2.3.4, not in whitelist", "1-2-3", None),
        (f"invalid code, rid: {'1' * 70}", "invalid code111111", "1" * 64, None),
        ("hybrid: a word that only ends like one", "hybrid: a word that only ends like one", None, None),
        ("", "", None, None),
    ],
)
def test_rid_and_hints_stand_apart_from_the_words(errmsg, words, rid, hints):
    refused = _refusal(errmsg)

    assert (refused.errmsg, refused.rid, refused.hints) == (words, rid, hints)


@pytest.mark.parametrize("errmsg", [" " * 200_000, "," * 200_000, "hints: [" * 25_000, "rid:" + " " * 200_000])
def test_an_errmsg_made_to_be_slow_is_cut_before_it_is_searched(errmsg):
    assert len(_refusal(errmsg).errmsg) <= 1000


@pytest.mark.parametrize("errmsg", [None, 7, ["x"], {"a": 1}])
def test_an_errmsg_that_is_no_text_is_empty(errmsg):
    assert _refusal(errmsg).errmsg == ""


def test_an_errcode_beside_tokens_is_a_refusal():
    with pytest.raises(Refused) as refused:
        replies.grant(_reply(GRANT | {"errcode": 40163, "errmsg": "code been used"}))

    assert (refused.value.code, refused.value.sent) == ("40163", True)


@pytest.mark.parametrize("errcode", [None, "", "abc", True, False, 1.5, [], 10**12, "9" * 5000])
def test_an_errcode_that_is_no_number_is_a_bad_reply(errcode):
    assert _no_answer(_reply(GRANT | {"errcode": errcode})).code == "gw_bad_reply"


@pytest.mark.parametrize("status", [199, 204, 299, 302, 400, 404, 500, 503])
def test_the_status_counts_unless_the_body_has_an_errcode(status):
    grant, refusal = _reply(GRANT, status), _reply({"errcode": -1, "errmsg": "system error"}, status)

    if 200 <= status < 300:
        assert replies.grant(grant).openid == "oA"
    else:
        assert (_no_answer(grant).code, _no_answer(grant).http_status) == ("gw_http_status", status)
    with pytest.raises(Refused) as refused:
        replies.grant(refusal)
    assert (refused.value.code, refused.value.http_status) == ("-1", status)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"expires_in":' + b"9" * 5000 + b"}",
        b'{"openid":"oA"}' + b" " * MAX_BODY,
        "\ufeff{}".encode(),
        b"\xff\xfe{\x00}\x00",
        b"<html></html>",
        b'"errcode"',
        b"40029",
    ],
    ids=["deep list", "deep object", "huge number", "huge body", "bom", "utf-16", "html", "string", "number"],
)
def test_what_is_no_json_object_is_a_bad_reply(body):
    for read in READERS:
        with pytest.raises(NoAnswer) as failed:
            read(Reply(200, body))
        assert failed.value.code == "gw_bad_reply"


def test_what_cannot_be_stored_is_replaced_and_everything_else_stays():
    nickname = "零\0半\ud83d全🍵\x01\x1f\x7f\u200b\u202e\ufeff"

    profile = replies.profile(_reply(PROFILE | {"nickname": nickname, "privilege": ["a\0", "b\udc00"]}))

    assert profile.nickname == "零\ufffd半\ufffd全🍵\x01\x1f\x7f\u200b\u202e\ufeff"
    assert profile.privilege == ("a\ufffd", "b\ufffd")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ("errcode", "errmsg", "unionid", "is_snapshotuser", "nickname", "headimgurl", "privilege", "language")


@given(st.binary(max_size=200), st.integers(100, 599))
def test_any_bytes_are_an_answer_or_a_named_failure(body, status):
    _read_all(Reply(status, body))


@given(st.dictionaries(st.sampled_from([*GRANT, *FIELDS]), ANYTHING), st.booleans())
def test_any_object_is_an_answer_or_a_named_failure(fields, is_granted):
    _read_all(_reply(GRANT | PROFILE | fields if is_granted else fields))


def _read_all(reply: Reply) -> None:
    for read in READERS:
        for text in _texts(read, reply):
            assert "\0" not in text
            assert text.encode().decode() == text


def _texts(read: Callable[[Reply], object], reply: Reply) -> list[str]:
    """Every text of an answer or of a named failure; any other exception ends the test."""
    try:
        answer = read(reply)
    except (Refused, NoAnswer) as failed:
        values = [failed.code, failed.errmsg, failed.rid, failed.hints]
    else:
        values = [getattr(answer, name) for name in getattr(answer, "__slots__", ())]
    parts = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    return [part for part in parts if isinstance(part, str)]
