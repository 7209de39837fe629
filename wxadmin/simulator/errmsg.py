"""WeChat's own words for its errors, on the API and on the authorize page; see facts.md, sections 1 and 6."""

import secrets

ERRMSG = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40066: "invalid url",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip 203.0.113.7, not in whitelist",
    40226: "code blocked",
    40242: "invalid oauth code, it is miniprogram jscode, please use jscode2session",
    40243: "AppSecret已被冻结，请登录MP解冻后再次调用",
    41001: "access_token missing",
    41002: "appid missing",
    41003: "refresh_token missing",
    41004: "appsecret missing",
    41008: "missing code",
    41009: "missing openid",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42003: "code expired",
    42007: "用户修改微信密码，accesstoken和refreshtoken失效，需要重新授权",
    43001: "require GET method",
    43003: "require https",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    48001: "api unauthorized",
    48004: "api forbidden for irregularities, view detail on mp.weixin.qq.com",
    50001: "user unauthorized",
    50002: "user limited",
    50007: "账号已冻结",
}

PAGE_TEXT = {
    10003: "redirect_uri域名与后台配置不一致",
    10004: "此公众号被封禁",
    10005: "此公众号并没有这些scope的权限",
    10006: "必须关注此测试号",
    10009: "操作太频繁了，请稍后重试",
    10010: "scope不能为空",
    10011: "redirect_uri不能为空",
    10012: "appid不能为空",
    10013: "state不能为空",
    10015: "公众号未授权第三方平台，请检查授权状态",
    10016: "不支持微信开放平台的Appid，请使用公众号Appid",
}


def with_rid(errcode: int, now: float) -> str:
    """WeChat's words and the trace id that it appends; the id's first group is the time."""
    return f"{ERRMSG.get(errcode, 'unknown error')}, rid: {int(now):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


class Refused(Exception):
    """A /sns call that WeChat answers with an errcode."""

    def __init__(self, errcode: int) -> None:
        super().__init__(errcode)
        self.errcode = errcode


class PageRefused(Exception):
    """An authorize link that ends on a page of WeChat: its number if any, its text, and our hint for the reader."""

    def __init__(self, number: int | None, hint_zh: str, hint_en: str, *, text: str | None = None) -> None:
        super().__init__(number, hint_en)
        self.number = number
        self.text = text or PAGE_TEXT.get(number or 0, "系统错误")
        self.hint_zh = hint_zh
        self.hint_en = hint_en
