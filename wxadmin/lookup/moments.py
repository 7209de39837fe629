"""A time that somebody says, such as 今天上午10点 or yesterday 9:30 pm: about when a login was."""

import re
import unicodedata
from datetime import datetime, timedelta

_DAYS_AGO = {"今天": 0, "今日": 0, "today": 0, "昨天": 1, "昨日": 1, "昨晚": 1, "yesterday": 1, "前天": 2}
_DAY = re.compile("|".join(_DAYS_AGO), re.IGNORECASE)
_DATE = re.compile(
    r"(?:(?P<year>20[0-9]{2})[-/.年])?(?P<month>[01]?[0-9])[-/月](?P<day>[0-3]?[0-9])(?:日|号)?(?=[^0-9]|$)"
)
_CLOCK = re.compile(
    r"(?P<half>凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|今晚|昨晚)?\s*"
    r"(?<![0-9.:a-z])(?P<hour>[0-2]?[0-9]|[零一二两三四五六七八九十]{1,3})\s*"
    r"(?::(?P<minute>[0-5][0-9])(?::[0-5][0-9])?(?![0-9:.])"
    r"|[时点](?P<said>[0-5]?[0-9])?(?P<fraction>半|一刻|三刻)?(?![0-9])"
    r"|(?=\s*[ap]\.?m\b))\s*(?P<noon>[ap]\.?m\b)?",
    re.IGNORECASE,
)
_AFTER_NOON = {"下午", "傍晚", "晚上", "今晚", "昨晚"}
_FRACTIONS = {"半": 30, "一刻": 15, "三刻": 45}
_DIGITS = {sign: number for number, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
_LAST_HOUR = 23
_NOON = 12


def said(text: str, now: datetime) -> datetime | None:
    """The minute that is meant, in the zone of `now`; None where the text tells no time of day. Without a day it is the
    newest one that has been."""
    plain = unicodedata.normalize("NFKC", text)
    date = _DATE.search(plain)
    clock = _CLOCK.search(plain, date.end() if date else 0)
    hour = _hour(clock) if clock else None
    if clock is None or hour is None:
        return None
    minute = int(clock["minute"] or clock["said"] or _FRACTIONS.get(clock["fraction"] or "", 0))
    try:
        meant = _day(plain, date, now).replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        return None
    named = date or _DAY.search(plain)
    return meant if named or meant <= now else meant - timedelta(days=1)


def _day(plain: str, date: re.Match[str] | None, now: datetime) -> datetime:
    """Raises ValueError for a day that no month has."""
    if date is None:
        word = _DAY.search(plain)
        return now - timedelta(days=_DAYS_AGO[word[0].lower()] if word else 0)
    meant = now.replace(year=int(date["year"] or now.year), month=int(date["month"]), day=int(date["day"]))
    return meant if date["year"] or meant.date() <= now.date() else meant.replace(year=now.year - 1)


def _hour(clock: re.Match[str]) -> int | None:
    hour = _number(clock["hour"])
    noon = (clock["noon"] or "").lower()[:1]
    if hour == _NOON and (noon == "a" or clock["half"] in {"凌晨", "晚上", "今晚", "昨晚"}):
        hour = 0
    elif hour < _NOON and (noon == "p" or clock["half"] in _AFTER_NOON or (clock["half"] == "中午" and hour < 3)):
        hour += _NOON
    return hour if hour <= _LAST_HOUR else None


def _number(text: str) -> int:
    """Up to 99, in figures or in Chinese."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    return 10 * (_DIGITS.get(tens, 1) if ten else 0) + _DIGITS.get(ones, 0)
