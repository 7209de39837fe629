"""The languages of the pages: which one a visitor reads, its catalogue, and times in a viewer's zone."""

import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Language = Literal["zh_CN", "zh_TW", "en"]

LANGUAGES: tuple[Language, ...] = ("zh_CN", "zh_TW", "en")
DEFAULT: Language = "zh_CN"

_LOCALE = Path(__file__).parent / "locale"
_TRADITIONAL = {"hant", "tw", "hk", "mo"}
_WECHAT_LANGUAGE = re.compile(r"\bLanguage/([A-Za-z_-]{2,12})")


def msgid(text: str) -> str:
    """Mark a text for the catalogue where it is written down; it is translated where it is shown."""
    return text


@cache
def translator(lang: Language) -> NullTranslations:
    """The catalogues of a language, one a room, compiled in memory as one. English has none: it is the language of the
    msgids."""
    if lang == "en":
        return NullTranslations()
    words = Catalog(locale=lang)
    for file in sorted((_LOCALE / lang / "LC_MESSAGES").glob("*.po")):
        with file.open("rb") as source:
            for message in read_po(source, locale=lang):
                words[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, words)
    compiled.seek(0)
    return GNUTranslations(compiled)


def best_language(accept_language: str | None, asked: str | None, user_agent: str | None = None) -> Language:
    """What the link asked for, else the language WeChat is set to, else the browser's first one that we speak."""
    wechat = _WECHAT_LANGUAGE.search(user_agent or "")
    wishes = [asked or "", wechat[1] if wechat else "", *_by_preference(accept_language or "")]
    return next((lang for wish in wishes if (lang := _spoken(wish))), DEFAULT)


def html_lang(lang: Language) -> str:
    """The value of a page's lang attribute."""
    return lang.replace("_", "-")


def local_time(at: datetime, zone: ZoneInfo) -> str:
    """An aware time as people of that zone write it, with the offset, since names such as CST mean several zones."""
    there = at.astimezone(zone)
    return f"{there:%Y-%m-%d %H:%M:%S} {_offset(there.utcoffset() or timedelta())}"


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "") if minutes else "UTC"


def _spoken(tag: str) -> Language | None:
    primary, *rest = re.split("[-_]", tag.strip().lower())
    if primary == "en":
        return "en"
    if primary != "zh":
        return None
    return "zh_TW" if _TRADITIONAL.intersection(rest) and "hans" not in rest else "zh_CN"


def _by_preference(accept_language: str) -> Iterator[str]:
    """The tags of an Accept-Language header, most wanted first; weight 0 and unreadable ones are left out."""
    weighted = []
    for choice in accept_language.split(","):
        tag, _, parameter = choice.partition(";")
        weight = re.fullmatch(r"\s*(?:q=([01](?:\.\d{0,3})?))?\s*", parameter)
        if weight and float(weight[1] or 1) > 0:
            weighted.append((float(weight[1] or 1), tag))
    # The sort is stable: equal weights keep the order in which the browser wrote them.
    return (tag for _, tag in sorted(weighted, key=lambda pair: -pair[0]))
