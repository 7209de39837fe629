"""What WeChat answers, byte by byte: the one table that the simulator, our client and wechatpy are all held to."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fields:
    """A right client reads a success with these values (scope as a tuple, nothing left of what cannot be stored)."""

    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A right client reports WeChat's errcode, its words without the trace, and the trace apart."""

    errcode: int
    errmsg: str
    rid: str | None = None
    hints: str | None = None


@dataclass(frozen=True, slots=True)
class Unusable:
    """A right client reports one of the gateway's own reasons."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `endpoint` is exchange, refresh, userinfo or auth; `source` says where in facts.md it comes from."""

    name: str
    endpoint: str
    source: str
    body: bytes
    expect: Fields | Refusal | Unusable
    status: int = 200


CONTENT_TYPE = "text/plain"  # facts.md, section 2: without charset, though the body is UTF-8

ACCESS = "83_" + "Kq7vT-x_" * 18
REFRESH = "83_" + "m2RbW9_d" * 18
OPENID = "oLVPpjqs9BhvzwPj5A-vTYAX3GLc"
UNIONID = "o6_bmasdasdsad6_2sgVt7hMZOPf"
RID = "62fb9bc8-078c24da-4202f278"
PICTURE = "https://thirdwx.qlogo.cn/mmopen/vi_32/Q0j4TwGTfTLs9BhvzwPj5A/132"

GRANT = {
    "access_token": ACCESS,
    "refresh_token": REFRESH,
    "expires_in": 7200,
    "openid": OPENID,
    "scope": ("snsapi_userinfo",),
    "unionid": None,
    "is_snapshotuser": False,
}
BASE_GRANT = GRANT | {"scope": ("snsapi_base",)}
BOTH_SCOPES = GRANT | {"scope": ("snsapi_base", "snsapi_userinfo")}
PROFILE = {
    "openid": OPENID,
    "nickname": "小明",
    "headimgurl": PICTURE,
    "unionid": UNIONID,
    "language": "zh_CN",
    "privilege": (),
}


def _granted(
    scope: str, *more: str, expires_in: str = "7200", openid: str = f'"{OPENID}"', access: str = ACCESS
) -> bytes:
    members = [
        f'"access_token":"{access}"',
        f'"expires_in":{expires_in}',
        f'"refresh_token":"{REFRESH}"',
        f'"openid":{openid}',
        f'"scope":"{scope}"',
        *more,
    ]
    return f"{{{','.join(members)}}}".encode()


def _profile(nickname: bytes, *, sex: bytes = b"0", more: bytes = b"") -> bytes:
    head = f'{{"openid":"{OPENID}","nickname":"'.encode()
    tail = (
        b'","sex":' + sex + b',"language":"zh_CN","city":"","province":"","country":"","headimgurl":"'
        b"" + PICTURE.encode() + b'","privilege":[]' + more + b"}"
    )
    return head + nickname + tail


_UNIONID = f',"unionid":"{UNIONID}"'.encode()


def _error(errcode: object, errmsg: str) -> bytes:
    return f'{{"errcode":{errcode},"errmsg":"{errmsg}"}}'.encode()


def _refused(endpoint: str, errcode: int, errmsg: str, source: str) -> Answer:
    """A refusal in today's form, with a rid."""
    body = _error(errcode, f"{errmsg}, rid: {RID}")
    return Answer(f"{endpoint}_{errcode}".replace("-", "minus_"), endpoint, source, body, Refusal(errcode, errmsg, RID))


EXCHANGE = (
    Answer("base", "exchange", "section 2: fields", _granted("snsapi_base"), Fields(BASE_GRANT)),
    Answer(
        "userinfo_with_unionid",
        "exchange",
        "section 2: unionid only with snsapi_userinfo and an account bound to the Open Platform",
        _granted("snsapi_userinfo", f'"unionid":"{UNIONID}"'),
        Fields(GRANT | {"unionid": UNIONID}),
    ),
    Answer(
        "userinfo_without_unionid",
        "exchange",
        "section 2: an account that is not bound has no unionid",
        _granted("snsapi_userinfo"),
        Fields(GRANT),
    ),
    Answer(
        "snapshot",
        "exchange",
        "section 2: is_snapshotuser is present only as 1",
        _granted("snsapi_userinfo", '"is_snapshotuser":1', f'"unionid":"{UNIONID}"'),
        Fields(GRANT | {"unionid": UNIONID, "is_snapshotuser": True}),
    ),
    Answer(
        "unknown_fields",
        "exchange",
        "section 2: accept unknown fields",
        _granted("snsapi_base", '"new_flag":{"a":[1,null]}', '"":0'),
        Fields(BASE_GRANT),
    ),
    Answer(
        "numbers_as_strings",
        "exchange",
        "section 2: cast errcode to int; section 4: numbers come as strings too",
        _granted("snsapi_base", '"errcode":"0"', '"errmsg":"ok"', expires_in='"7200"'),
        Fields(BASE_GRANT),
    ),
    Answer(
        "without_scope",
        "exchange",
        "section 2: the official table omits scope",
        _granted("snsapi_base").replace(b',"scope":"snsapi_base"', b""),
        Fields(BASE_GRANT | {"scope": ()}),
    ),
    Answer(
        "short_token",
        "exchange",
        "section 2: tokens of 86 to 150 characters have been seen",
        _granted("snsapi_base", access="7_" + "x" * 84),
        Fields(BASE_GRANT | {"access_token": "7_" + "x" * 84}),
    ),
    Answer(
        "no_openid",
        "exchange",
        "section 2: test for access_token and openid",
        _granted("snsapi_base").replace(f',"openid":"{OPENID}"'.encode(), b""),
        Unusable("gw_bad_reply"),
    ),
    Answer(
        "openid_null",
        "exchange",
        "section 5: a user with id null is what careless programs make of it",
        _granted("snsapi_base", openid="null"),
        Unusable("gw_bad_reply"),
    ),
    Answer(
        "absurd_token",
        "exchange",
        "section 2: tokens are stored as 512",
        _granted("snsapi_base", access="83_" + "x" * 510),
        Unusable("gw_bad_reply"),
    ),
    _refused("exchange", -1, "system error", "section 3: transient"),
    _refused("exchange", 40013, "invalid appid", "section 6: errcodes.csv"),
    _refused("exchange", 40029, "invalid code", "section 0: a bad, old or reused code"),
    _refused("exchange", 40125, "invalid appsecret", "section 6: errcodes.csv"),
    _refused("exchange", 40163, "code been used", "section 7: double callback, reload, back"),
    _refused("exchange", 41002, "appid missing", "section 6: errcodes.csv"),
    _refused("exchange", 41004, "appsecret missing", "section 6: errcodes.csv"),
    _refused("exchange", 41008, "missing code", "section 6: errcodes.csv"),
    _refused("exchange", 42003, "code expired", "section 1: single use, 5 minutes"),
    _refused("exchange", 40002, "invalid grant_type", "section 6: errcodes.csv"),
    _refused(
        "exchange", 45011, "api minute-quota reach limit, must slower, retry next minute", "section 5: over the quota"
    ),
    _refused("exchange", 40164, "invalid ip 203.0.113.7, not in whitelist", "section 5: errmsg contains the IP"),
    _refused("exchange", 40243, "AppSecret已被冻结，请登录MP解冻后再次调用", "section 6: errcodes.csv"),
    Answer(
        "errcode_as_string",
        "exchange",
        "section 2: cast errcode to int",
        _error('"40029"', f"invalid code, rid: {RID}"),
        Refusal(40029, "invalid code", RID),
    ),
    Answer(
        "old_hints",
        "exchange",
        "section 2: the old form `, hints: [ req_id: … ]`",
        _error(40029, "invalid code, hints: [ req_id: pFqcMKyFe-M.6Qa ]"),
        Refusal(40029, "invalid code", hints="req_id: pFqcMKyFe-M.6Qa"),
    ),
    Answer(
        "older_hint",
        "exchange",
        "section 2: the old form ` hint: [ … ]`",
        _error(40001, "invalid credential, access_token is invalid or not latest hint: [tR7E0876vr29]"),
        Refusal(40001, "invalid credential, access_token is invalid or not latest", hints="tR7E0876vr29"),
    ),
    Answer(
        "no_trace",
        "exchange",
        "section 2: errmsg before it carried any trace",
        _error(40029, "invalid code"),
        Refusal(40029, "invalid code"),
    ),
    Answer(
        "no_errmsg",
        "exchange",
        "section 2: only errcode tells a refusal",
        b'{"errcode":40029}',
        Refusal(40029, ""),
    ),
    Answer(
        "html",
        "exchange",
        "section 3: a non-JSON body is transient",
        b"<html><head><title>502 Bad Gateway</title></head></html>",
        Unusable("gw_bad_reply"),
    ),
    Answer("empty", "exchange", "section 3: a non-JSON body is transient", b"", Unusable("gw_bad_reply")),
    Answer("list", "exchange", "section 2: test for access_token and openid", b"[]", Unusable("gw_bad_reply")),
    Answer("null", "exchange", "section 2: test for access_token and openid", b"null", Unusable("gw_bad_reply")),
    Answer("empty_object", "exchange", "section 2: test for access_token and openid", b"{}", Unusable("gw_bad_reply")),
    Answer(
        "half_a_body",
        "exchange",
        "section 3: a non-JSON body is transient",
        _granted("snsapi_base")[:120],
        Unusable("gw_bad_reply"),
    ),
    Answer(
        "http_502", "exchange", "section 3: HTTP 5xx is transient", b"<html></html>", Unusable("gw_http_status"), 502
    ),
    Answer(
        "http_500_with_errcode",
        "exchange",
        "section 3: WeChat's own word is worth more than the status",
        _error(-1, f"system error, rid: {RID}"),
        Refusal(-1, "system error", RID),
        500,
    ),
)

REFRESH_ANSWERS = (
    Answer(
        "trailing_comma",
        "refresh",
        "section 3: scope is cumulative and ends in a comma",
        _granted("snsapi_base,snsapi_userinfo,"),
        Fields(BOTH_SCOPES),
    ),
    Answer(
        "trailing_comma_base",
        "refresh",
        "section 3: scope is cumulative and ends in a comma",
        _granted("snsapi_base,"),
        Fields(BASE_GRANT),
    ),
    Answer(
        "no_comma",
        "refresh",
        "section 3: split on comma, drop empties",
        _granted("snsapi_userinfo"),
        Fields(GRANT),
    ),
    _refused("refresh", 40030, "invalid refresh_token", "section 3: permanent"),
    _refused("refresh", 42002, "refresh_token expired", "section 3: permanent"),
    _refused("refresh", 42007, "用户修改微信密码，accesstoken和refreshtoken失效，需要重新授权", "section 3: permanent"),
    _refused("refresh", 40013, "invalid appid", "section 3: configuration; checked before the refresh_token"),
    _refused("refresh", 41003, "refresh_token missing", "section 3: configuration"),
    _refused("refresh", 40002, "invalid grant_type", "section 6: errcodes.csv"),
    _refused(
        "refresh", 45011, "api minute-quota reach limit, must slower, retry next minute", "section 3: next minute"
    ),
    _refused("refresh", 45009, "reach max api daily quota limit", "section 3: next day"),
    _refused("refresh", -1, "system error", "section 3: transient"),
)

USERINFO = (
    Answer("profile", "userinfo", "section 4: fields", _profile("小明".encode(), more=_UNIONID), Fields(PROFILE)),
    Answer(
        "profile_without_unionid",
        "userinfo",
        "section 4: unionid only for bound accounts",
        _profile("小明".encode()),
        Fields(PROFILE | {"unionid": None}),
    ),
    Answer(
        "sex_as_string",
        "userinfo",
        "section 4: sex may be number or string",
        _profile("小明".encode(), sex=b'"0"', more=_UNIONID),
        Fields(PROFILE),
    ),
    Answer(
        "emoji",
        "userinfo",
        "section 4: nickname holds emoji",
        _profile("🍵茶小姐🍃".encode(), more=_UNIONID),
        Fields(PROFILE | {"nickname": "🍵茶小姐🍃"}),
    ),
    Answer(
        "raw_control_characters",
        "userinfo",
        "section 2: raw control characters occur inside JSON strings",
        _profile("控制\x01\x08\x1f字符".encode(), more=_UNIONID),
        Fields(PROFILE | {"nickname": "控制\x01\x08\x1f字符"}),
    ),
    Answer(
        "raw_line_break",
        "userinfo",
        "section 2: raw control characters occur inside JSON strings",
        _profile("换\n行\t人".encode(), more=_UNIONID),
        Fields(PROFILE | {"nickname": "换\n行\t人"}),
    ),
    Answer(
        "nul",
        "userinfo",
        "section 2: control characters; NUL cannot be stored and becomes U+FFFD",
        _profile("零\\u0000字节".encode(), more=_UNIONID),
        Fields(PROFILE | {"nickname": "零\ufffd字节"}),
    ),
    Answer(
        "lone_surrogate",
        "userinfo",
        "section 4: half of an emoji, which UTF-8 cannot hold, becomes U+FFFD",
        _profile("半个\\ud83d表情".encode(), more=_UNIONID),
        Fields(PROFILE | {"nickname": "半个\ufffd表情"}),
    ),
    Answer(
        "escaped_pair",
        "userinfo",
        "section 4: an emoji written as its two escapes is one character",
        _profile(b"\\ud83c\\udf75", more=_UNIONID),
        Fields(PROFILE | {"nickname": "🍵"}),
    ),
    Answer(
        "bytes_that_are_no_utf8",
        "userinfo",
        "section 2: decode with errors=replace",
        _profile(b"\xe5\xb0x", more=_UNIONID),
        Fields(PROFILE | {"nickname": "\ufffdx"}),
    ),
    Answer(
        "quotes",
        "userinfo",
        "section 4: escape what a nickname holds",
        _profile('带\\"引号\\"和\\\\反斜杠'.encode(), more=_UNIONID),
        Fields(PROFILE | {"nickname": '带"引号"和\\反斜杠'}),
    ),
    Answer(
        "no_picture",
        "userinfo",
        "section 4: no picture, no address",
        _profile("小明".encode(), more=_UNIONID).replace(PICTURE.encode(), b""),
        Fields(PROFILE | {"headimgurl": ""}),
    ),
    _refused("userinfo", 48001, "api unauthorized", "section 4: needs snsapi_userinfo"),
    _refused("userinfo", 40003, "invalid openid", "section 6: errcodes.csv"),
    _refused("userinfo", 42001, "access_token expired", "section 6: errcodes.csv"),
    _refused("userinfo", 40014, "invalid access_token", "section 6: errcodes.csv"),
    _refused(
        "userinfo", 40001, "invalid credential, access_token is invalid or not latest", "section 7: wrong token kind"
    ),
    _refused("userinfo", 41001, "access_token missing", "section 6: errcodes.csv"),
    _refused("userinfo", 41009, "missing openid", "section 6: errcodes.csv"),
    Answer(
        "profile_without_openid",
        "userinfo",
        "section 2: a success must name the person",
        b'{"nickname":"x"}',
        Unusable("gw_bad_reply"),
    ),
)

AUTH = (
    Answer("auth_ok", "auth", 'section 4: {"errcode":0,"errmsg":"ok"}', _error(0, "ok"), Fields({})),
    _refused("auth", 40003, "invalid openid", "section 4: the official bad example"),
    _refused("auth", 40014, "invalid access_token", "section 4: seen in practice"),
    _refused("auth", -1, "system error", "section 4: does not mean invalid"),
    _refused(
        "auth",
        45011,
        "api minute-quota reach limit, must slower, retry next minute",
        "section 4: does not mean invalid",
    ),
    Answer("auth_empty", "auth", "section 3: a non-JSON body is transient", b"", Unusable("gw_bad_reply")),
)

ANSWERS = (*EXCHANGE, *REFRESH_ANSWERS, *USERINFO, *AUTH)
