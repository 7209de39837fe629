"""WeChat shows an error page of its own to everybody: no failure is counted, and yet the first page says so."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests import html_tree
from tests.visiting import Visitor
from wxadmin.clock import utcnow
from wxadmin.handlers.admin import overview
from wxadmin.models import Attempt, Event
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Staff = Callable[..., Any]


async def attention(staff: Any, lang: str) -> Any:
    page = html_tree.read((await staff.get("/admin/", lang=lang)).text)
    heading = page.by_id("attention")
    assert heading is not None
    return heading.within("section")


async def begin(visitor: Visitor, number: int) -> None:
    """So many visitors follow the site's link to WeChat, each with a browser of their own."""
    for _ in range(number):
        visitor.cookies.clear()
        begun = await visitor.start(scope="snsapi_userinfo")
        answer = await visitor.http.get(begun.headers["Location"].partition("#")[0])
        assert "10005" in answer.text


async def test_10005_for_everybody_is_told_with_since_when_and_the_likely_causes(
    visitor: Visitor,
    staff: Staff,
    world: World,
    stored: Callable[[type], Sequence[Any]],
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    for _ in range(10):
        await visitor.log_in(scope="snsapi_userinfo")
    world.faults.order(Fault("authorize", "errcode", errcode=10005))
    first = utcnow()
    await begin(visitor, 12)

    calm = await attention(staff("operator"), "en")
    monkeypatch.setattr(overview, "utcnow", lambda: first + timedelta(minutes=3))
    told = await attention(staff("operator"), "zh_CN")
    to_a_marketer = await attention(staff("marketer"), "en")

    local = min(one.started_at for one in stored(Attempt) if one.started_at > first).astimezone(settings.zone)
    links = {link.attributes["href"] for link in told.all("a")}
    assert "Nothing needs attention now." in calm.text
    assert f"{local:%H:%M} 起几乎没有人从微信返回" in told.text
    assert "最近 12 次发起中只有 0 次返回" in told.text
    assert {"/admin/failures/10003", "/admin/failures/10005", "/admin/failures/10004", "/admin/doctor"} <= links
    assert "10005 无此授权范围权限" in told.text
    assert "returns from WeChat collapsed" in to_a_marketer.text
    assert not re.findall(r"/admin/(failures|doctor|attempts)", str([a.attributes for a in to_a_marketer.all("a")]))
    assert [one for one in stored(Event) if one.event_class == "failure"] == []
