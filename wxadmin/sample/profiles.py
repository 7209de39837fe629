"""Names and identifiers of people who do not exist."""

from base64 import urlsafe_b64encode
from random import Random
from typing import NamedTuple

from wxadmin.sample.chances import Shares, any_of

_SURNAMES = "王李张刘陈杨黄赵周吴徐孙马胡郭林何高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘蒋蔡余杜"
_GIVEN = "梓涵宇轩欣怡子墨雨桐浩然诗琪俊杰佳慧明远思源晓燕志远文静家豪雅婷建国秀英丽华海燕春梅国强玉兰"
_BYNAMES = (
    *("云淡风轻", "一叶知秋", "岁月静好", "半夏微凉", "南风知我意", "且听风吟", "人间四月天", "喝茶的猫", "追风少年"),
    *("平安是福", "小确幸", "山里人家", "海阔天空", "静待花开", "夏天的风", "不吃香菜", "老街坊", "豆豆妈", "阳光总在"),
)
_LATIN = (
    "Lily",
    "Kevin",
    "Echo",
    "Jason",
    "Momo",
    "Sunny",
    "Tony",
    "Vivian",
    "Zoe",
    "Leo",
    "Anna",
    "chen_",
    "A.Wang",
    "=YOLO",
)
_EMOJI = ("🍵", "🌸", "☀️", "🐱", "🎈", "🍀", "✨", "🌊", "🐼", "👨‍👩‍👧", "🏔️", "🦋")
_LANGUAGES = Shares(("zh_CN", 0.95), ("zh_TW", 0.02), ("en", 0.03))
_OPENID_LENGTH = 28
# Tokens are as long as those that were seen: a numbered prefix and a hundred signs and some.
_TOKEN_BYTES = 81


class Profile(NamedTuple):
    """What a consent tells. The address leads nowhere: made-up people are none of WeChat's business."""

    unionid: str
    nickname: str
    headimgurl: str
    language: str


def profile(rng: Random) -> Profile:
    return Profile(
        unionid=f"o{_signs(rng, 27)}",
        nickname=_nickname(rng),
        headimgurl=f"https://thirdwx.qlogo.example/mmopen/vi_32/{_signs(rng, 40)}/132",
        language=_LANGUAGES.draw(rng),
    )


def openid(prefix: str, rng: Random) -> str:
    """28 characters, the first ones the account's."""
    return prefix + _signs(rng, _OPENID_LENGTH - len(prefix))


def wechat_token(rng: Random) -> str:
    """Looks like an access_token or refresh_token."""
    return f"97_{urlsafe_b64encode(rng.randbytes(_TOKEN_BYTES)).decode()}"


def _nickname(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.5:
        name = any_of(_SURNAMES, rng) + any_of(_GIVEN, rng) + (any_of(_GIVEN, rng) if kind < 0.38 else "")
    elif kind < 0.62:
        name = f"小{any_of(_GIVEN, rng)}"
    elif kind < 0.85:
        name = any_of(_BYNAMES, rng)
    else:
        name = any_of(_LATIN, rng) + (str(rng.randrange(100)) if kind < 0.92 else "")
    return name + any_of(_EMOJI, rng) if rng.random() < 0.22 else name


def _signs(rng: Random, length: int) -> str:
    return urlsafe_b64encode(rng.randbytes(length * 3 // 4 + 1)).decode()[:length]
