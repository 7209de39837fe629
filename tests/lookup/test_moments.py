"""A time that somebody says is read as the minute that they mean."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxadmin.lookup import moments

NOW = datetime(2026, 11, 26, 14, 20, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("今天上午10点", "11-26 10:00"),
        ("今天上午十点半登录不了", "11-26 10:30"),
        ("昨天晚上9点20", "11-25 21:20"),
        ("昨晚十一点一刻", "11-25 23:15"),
        ("前天下午三点", "11-24 15:00"),
        ("中午12点", "11-26 12:00"),
        ("10:05", "11-26 10:05"),
        ("１０：０５", "11-26 10:05"),
        ("21:58", "11-25 21:58"),
        ("11月20日 21:58", "11-20 21:58"),
        ("2026-11-20 09:08:07", "11-20 09:08"),
        ("today 10 am", "11-26 10:00"),
        ("yesterday at 9:30 pm", "11-25 21:30"),
        ("9:30am", "11-26 09:30"),
        ("12am", "11-26 00:00"),
    ],
)
def test_a_time_is_understood(text: str, meant: str) -> None:
    found = moments.said(text, NOW)

    assert found is not None
    assert f"{found:%m-%d %H:%M}" == meant


def test_a_day_that_is_still_to_come_is_last_years() -> None:
    found = moments.said("12月24日 20:00", NOW)

    assert found is not None
    assert (found.year, found.month) == (2025, 12)


@pytest.mark.parametrize(
    "text",
    [
        *("", "今天", "小雨", "40029", "10086", "10.0.0.3", "10:0 on 10.0.0.3", "2001:db8::1", "25:00"),
        *("13800138000", "2月30日 10:00", "203.0.113.7:8443", "errcode:40029", "12:60"),
    ],
)
def test_other_texts_tell_no_time(text: str) -> None:
    assert moments.said(text, NOW) is None


@given(st.text(max_size=60) | st.from_regex(r"[0-9点时:月日 ]{1,12}"))
def test_no_text_is_too_odd(text: str) -> None:
    found = moments.said(text, NOW)

    assert found is None or found.tzinfo is not None
