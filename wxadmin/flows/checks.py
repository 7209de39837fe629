"""Asking WeChat whether a set-up is right."""

from wxadmin.errors import BadValue
from wxadmin.i18n import msgid
from wxadmin.wechat import errcodes
from wxadmin.wechat.client import WeChat
from wxadmin.wechat.errors import CallFailed

# WeChat looks at AppID and AppSecret before it looks at the code: this answer means that both are right.
_ONLY_THE_CODE_IS_WRONG = "40029"
_MADE_UP_CODE = "0" * 32


async def require_pair(wechat: WeChat, appid: str, secret: str, *, lang: str = "en") -> None:
    """Raises BadValue with what WeChat has against AppID and AppSecret, where they do not belong together."""
    try:
        await wechat.exchange(appid, secret, _MADE_UP_CODE)
    except CallFailed as failed:
        if failed.code == _ONLY_THE_CODE_IS_WRONG:
            return
        entry = errcodes.find(failed.code, "exchange")
        text = msgid("WeChat answers %(code)s: %(title)s. %(remedy)s")
        raise BadValue(
            text, field="secret", code=failed.code, title=entry.title(lang), remedy=entry.remedy(lang)
        ) from failed
    raise BadValue(msgid("WeChat accepted a made-up code: is WXADMIN_WECHAT_API_URL really WeChat?"), field="secret")
