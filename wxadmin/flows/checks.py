"""Asking WeChat whether a set-up is right."""

from wxadmin.settings import Settings
from wxadmin.wechat import errcodes
from wxadmin.wechat.client import WeChat
from wxadmin.wechat.errors import CallFailed

# WeChat looks at AppID and AppSecret before it looks at the code: this answer means that both are right.
_ONLY_THE_CODE_IS_WRONG = "40029"
_MADE_UP_CODE = "0" * 32


async def appsecret_fault(settings: Settings, appid: str, secret: str) -> str | None:
    """What WeChat has against the pair, as a sentence; None where it is right."""
    wechat = WeChat(settings.wechat_api_url, settings.wechat_timeout)
    try:
        await wechat.exchange(appid, secret, _MADE_UP_CODE)
    except CallFailed as failed:
        if failed.code == _ONLY_THE_CODE_IS_WRONG:
            return None
        entry = errcodes.find(failed.code, "exchange")
        return f"WeChat answers {failed.code}: {entry.title('en')}. {entry.remedy('en')}"
    finally:
        await wechat.aclose()
    return "WeChat accepted a made-up code: is WXADMIN_WECHAT_API_URL really WeChat?"
