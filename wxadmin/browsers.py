"""Which browser a visitor uses, by its user agent: a hint for messages and counts, never a security check."""

import re
from dataclasses import dataclass

# Longer ones are nobody's, and the patterns below take a time that grows with the square of the length.
_LONGEST = 1024
_VERSION = re.compile(r"MicroMessenger/([0-9.]{1,16})")
# WeCom also says MicroMessenger and mini programs say it too, so the order decides (facts.md, section 1).
_FAMILIES = (
    ("wecom", re.compile(r"wxwork", re.IGNORECASE)),
    ("miniprogram", re.compile(r"MicroMessenger.*miniProgram|miniprogramhtmlwebview|MiniProgramEnv", re.IGNORECASE)),
    (
        "wechat-desktop",
        re.compile(r"MicroMessenger.*(WindowsWechat|MacWechat)"),
    ),
    ("wechat-ios", re.compile(r"(iPhone|iPad).*MicroMessenger")),
    ("wechat-android", re.compile(r"Android.*MicroMessenger")),
    ("wechat", re.compile(r"MicroMessenger")),
)
FAMILIES = (*(name for name, _ in _FAMILIES), "other")


@dataclass(frozen=True, slots=True)
class Browser:
    """`family` is one of FAMILIES."""

    family: str
    wechat_version: str | None

    @property
    def is_wechat(self) -> bool:
        """Whether WeChat's web authorization works in it: WeCom's browser refuses it."""
        return self.family not in {"other", "wecom"}


def recognise(user_agent: str) -> Browser:
    """The family and WeChat version of a User-Agent header."""
    user_agent = user_agent[:_LONGEST]
    version = _VERSION.search(user_agent)
    family = next((name for name, pattern in _FAMILIES if pattern.search(user_agent)), "other")
    return Browser(family, version[1] if version else None)
