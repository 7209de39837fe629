"""What the simulator answers has the shape of WeChat's answers, row by row."""

import json
from collections.abc import Callable

import httpx
import pytest

from tests.simulator.running import Caller, Clock
from tests.wechat_answers import ANSWERS, CONTENT_TYPE, Answer
from wxadmin.simulator import World

# How each row is brought about without ordering it as a fault.
DO: dict[str, Callable[[Caller, Clock, World], httpx.Response]] = {
    "base": lambda wechat, *_: wechat.exchange(wechat.code("snsapi_base")),
    "userinfo_with_unionid": lambda wechat, *_: wechat.exchange(wechat.code("snsapi_userinfo")),
    "userinfo_without_unionid": lambda wechat, _, world: _unbound(wechat, world),
    "snapshot": lambda wechat, *_: wechat.exchange(wechat.code("snsapi_userinfo", answer="snapshot")),
    "exchange_40013": lambda wechat, *_: wechat.exchange("x", appid="wx0"),
    "exchange_40029": lambda wechat, *_: wechat.exchange("x"),
    "exchange_40125": lambda wechat, *_: wechat.exchange("x", secret="x"),
    "exchange_40163": lambda wechat, *_: _twice(wechat),
    "exchange_41002": lambda wechat, *_: wechat.exchange("x", appid=None),
    "exchange_41004": lambda wechat, *_: wechat.exchange("x", secret=None),
    "exchange_41008": lambda wechat, *_: wechat.exchange(None),
    "exchange_42003": lambda wechat, clock, _: _late(wechat, clock),
    "exchange_40002": lambda wechat, *_: wechat.exchange("x", grant_type="x"),
    "exchange_45011": lambda wechat, _, world: _over_quota(world, lambda: wechat.exchange("x")),
    "trailing_comma": lambda wechat, *_: wechat.refresh(wechat.grant("snsapi_userinfo")["refresh_token"]),
    "trailing_comma_base": lambda wechat, *_: wechat.refresh(wechat.grant()["refresh_token"]),
    "refresh_40030": lambda wechat, *_: wechat.refresh("x"),
    "refresh_42002": lambda wechat, clock, _: _old_refresh(wechat, clock),
    "refresh_40013": lambda wechat, *_: wechat.refresh("x", appid="wx0"),
    "refresh_41003": lambda wechat, *_: wechat.refresh(None),
    "refresh_40002": lambda wechat, *_: wechat.refresh("x", grant_type="x"),
    "refresh_45011": lambda wechat, _, world: _over_quota(world, lambda: wechat.refresh("x")),
    "profile": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo")),
    "emoji": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo", person=2)),
    "raw_control_characters": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo", person=6)),
    "raw_line_break": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo", person=17)),
    "nul": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo", person=7)),
    "lone_surrogate": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo", person=8)),
    "quotes": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo", person=16)),
    "no_picture": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo", person=13)),
    "userinfo_48001": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_base")),
    "userinfo_40003": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo"), openid="x"),
    "userinfo_42001": lambda wechat, clock, _: _old_access(wechat, clock),
    "userinfo_40014": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo"), access_token="x"),
    "userinfo_40001": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo"), access_token="83_x"),
    "userinfo_41001": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo"), access_token=None),
    "userinfo_41009": lambda wechat, *_: wechat.userinfo(wechat.grant("snsapi_userinfo"), openid=None),
    "auth_ok": lambda wechat, *_: wechat.auth(wechat.grant()),
    "auth_40003": lambda wechat, *_: wechat.auth(wechat.grant(), openid="x"),
}


@pytest.mark.parametrize("row", [row for row in ANSWERS if row.name in DO], ids=lambda row: row.name)
def test_the_simulator_answers_in_wechats_shape(wechat: Caller, clock: Clock, world: World, row: Answer) -> None:
    expected = json.loads(row.body, strict=False)

    reply = DO[row.name](wechat, clock, world)

    assert reply.headers["Content-Type"] == CONTENT_TYPE
    got = json.loads(reply.content, strict=False)
    assert set(got) == set(expected)
    assert {name: type(value) for name, value in got.items()} == {name: type(v) for name, v in expected.items()}
    for name in {"errcode", "scope", "expires_in", "is_snapshotuser", "nickname"} & set(expected):
        if not (name == "nickname" and row.name == "no_picture"):
            assert got[name] == expected[name]
    if "errmsg" in expected:
        assert got["errmsg"].partition(", rid: ")[0] == expected["errmsg"].partition(", rid: ")[0]


def test_every_row_that_is_brought_about_stands_in_the_table() -> None:
    assert DO.keys() <= {row.name for row in ANSWERS}


def test_names_of_rows_are_unique() -> None:
    names = [row.name for row in ANSWERS]

    assert sorted(set(names)) == sorted(names)


def _unbound(wechat: Caller, world: World) -> httpx.Response:
    world.settings = world.settings.changed({"unionid": False})
    return wechat.exchange(wechat.code("snsapi_userinfo"))


def _twice(wechat: Caller) -> httpx.Response:
    code = wechat.code()
    wechat.exchange(code)
    return wechat.exchange(code)


def _late(wechat: Caller, clock: Clock) -> httpx.Response:
    code = wechat.code()
    clock.forward(301)
    return wechat.exchange(code)


def _over_quota(world: World, call: Callable[[], httpx.Response]) -> httpx.Response:
    world.settings = world.settings.changed({"quota": 0})
    return call()


def _old_refresh(wechat: Caller, clock: Clock) -> httpx.Response:
    grant = wechat.grant()
    clock.forward(30 * 24 * 3600)
    return wechat.refresh(grant["refresh_token"])


def _old_access(wechat: Caller, clock: Clock) -> httpx.Response:
    grant = wechat.grant("snsapi_userinfo")
    clock.forward(7200)
    return wechat.userinfo(grant)
