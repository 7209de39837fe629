"""Asking WeChat whether a set-up is right."""

from wxadmin.errors import BadValue
from wxadmin.i18n import msgid
from wxadmin.wechat import errcodes
from wxadmin.wechat.client import WeChat
from wxadmin.wechat.errors import CallFailed, NoAnswer

# WeChat looks at AppID and AppSecret before it looks at the code: this answer means that both are right.
_ONLY_THE_CODE_IS_WRONG = "40029"
_MADE_UP_CODE = "0" * 32


async def objection(wechat: WeChat, appid: str, secret: str) -> CallFailed | None:
    """What WeChat has against AppID and AppSecret, or against this host's asking; None where it has nothing."""
    try:
        await wechat.exchange(appid, secret, _MADE_UP_CODE)
    except CallFailed as failed:
        return None if failed.code == _ONLY_THE_CODE_IS_WRONG else failed
    return NoAnswer("gw_bad_reply", "a made-up code was accepted: this is not WeChat")


async def require_pair(wechat: WeChat, appid: str, secret: str, *, lang: str = "en") -> None:
    """Raises BadValue with what WeChat has against AppID and AppSecret, where they do not belong together."""
    failed = await objection(wechat, appid, secret)
    if failed is None:
        return
    entry = errcodes.find(failed.code, "exchange")
    text = msgid("WeChat answers %(code)s: %(title)s. %(remedy)s")
    raise BadValue(
        text, field="secret", code=failed.code, title=entry.title(lang), remedy=entry.remedy(lang)
    ) from failed
