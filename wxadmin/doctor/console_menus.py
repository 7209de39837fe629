"""Where in WeChat's console (mp.weixin.qq.com) things are set: data with a date, since it is rearranged every year."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Menu:
    """The way through the console as it is written there, and when it was last known to be so."""

    path: str
    as_of: date


_2026 = date(2026, 5, 1)

WEB_AUTHORIZATION_DOMAIN = Menu("设置与开发 → 公众号设置 → 功能设置 → 网页授权域名", _2026)
"""Not 业务域名 and not JS接口安全域名, which stand beside it."""

IP_ALLOW_LIST = Menu("设置与开发 → 开发接口管理 → 基本配置 → IP白名单", _2026)
APP_SECRET = Menu("设置与开发 → 开发接口管理 → 基本配置 → 开发者密码(AppSecret)", _2026)
APP_ID = Menu("设置与开发 → 开发接口管理 → 基本配置 → 开发者ID(AppID)", _2026)
VERIFICATION = Menu("设置与开发 → 公众号设置 → 账号详情 → 认证情况", _2026)
"""Where the day stands on which the yearly verification ends, and where it is renewed."""

INTERFACE_RIGHTS = Menu("设置与开发 → 开发接口管理 → 接口权限 → 网页授权获取用户基本信息", _2026)
