"""People who are computed from their number, so that a million of them cost nothing."""

import base64
from dataclasses import dataclass

from .accounts import derive

# Numbers 1 to 20: the nicknames that break careless programs. Everyone after them is ordinary.
NOTABLE = (
    "小明",
    "🍵茶小姐🍃",
    "Anna Schmidt",
    "محمد العربي",
    "דנה כהן",
    "控制\x01\x08\x1f字符",
    "零\x00字节",
    "半个\ud83d表情",
    "=cmd()",
    "<script>alert(1)</script>",
    "'; DROP TABLE user; --",
    "",
    "阿里巴巴与四十大盗的第三十九位朋友的远房亲戚家的邻居老王",
    "👨‍👩‍👧‍👦🏳️‍🌈",
    "\u202e倒着写",
    '带"引号"和\\反斜杠',
    "换\n行\t人",
    "+86 138",
    "@所有人",
    "ℌ𝔞𝔫𝔰 𠮷野家",
)

_SURNAMES = "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = ("晓雯", "子涵", "建国", "丽", "浩然", "雨桐", "志强", "静", "欣怡", "磊", "梓萱", "伟", "思远", "娜", "宇轩")
_LATIN = ("Lily", "Kevin", "Echo", "Jason", "Momo", "Sunny", "Tony", "Vivian")
_EMOJI = ("🌸", "☀️", "🐱", "🎈", "🍀", "✨", "🌊")

# Sharing one unionid among all snapshot people is what WeChat has been seen to do; see facts.md, section 2.
_VIRTUAL_UNIONID = "o" + base64.urlsafe_b64encode(derive("virtual unionid"))[:27].decode()


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up person. A virtual one is whom WeChat shows to a snapshot page in that person's place."""

    number: int
    virtual: bool = False

    @property
    def nickname(self) -> str:
        if self.virtual:
            return f"微信用户{self.number % 10_000:04d}"
        if 1 <= self.number <= len(NOTABLE):
            return NOTABLE[self.number - 1]
        return _ordinary(self.number)

    @property
    def unionid(self) -> str:
        """28 characters, equal for all accounts of one Open Platform account."""
        return _VIRTUAL_UNIONID if self.virtual else f"o{_letters(27, 'unionid', str(self.number))}"

    @property
    def has_avatar(self) -> bool:
        """Some people never chose a picture; WeChat then sends an empty headimgurl."""
        return self.number % 13 != 0

    @property
    def avatar_path(self) -> str:
        """Where the simulator serves the picture; the last part is a size, as in WeChat's own addresses."""
        return f"/mmopen/vi_32/{self.number}/132"

    def openid(self, appid: str) -> str:
        """28 characters; the first six are the account's, as WeChat's are."""
        kind = "virtual" if self.virtual else "openid"
        return f"o{_letters(5, 'account', appid)}{_letters(22, kind, appid, str(self.number))}"


def _letters(count: int, *parts: str) -> str:
    return base64.urlsafe_b64encode(derive(*parts))[:count].decode()


def _ordinary(number: int) -> str:
    # Multiplying by a large odd number spreads neighbours over the lists.
    spread = number * 0x9E3779B1
    if spread % 7 == 0:
        name = _LATIN[spread // 7 % len(_LATIN)]
    else:
        name = _SURNAMES[spread // 7 % len(_SURNAMES)] + _GIVEN[spread // 11 % len(_GIVEN)]
    return name + _EMOJI[spread // 13 % len(_EMOJI)] if spread % 5 == 0 else name
