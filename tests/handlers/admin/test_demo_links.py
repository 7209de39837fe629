"""The way to a simulator's switches stands on a demo's pages, and on no other installation's."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from wxadmin import app
from wxadmin.handlers.admin.demo_links import DemoLinks
from wxadmin.settings import Settings

_LINKS = DemoLinks(shop="http://shop.example/", simulator="http://wechat.example/_sim/")
_PAGES = ["/admin/", "/admin/failures", "/admin/attempts"]
Staff = Callable[..., Any]


@pytest.mark.parametrize("path", _PAGES)
async def test_a_gateway_links_no_switches_even_beside_a_simulator(staff: Staff, path: str) -> None:
    page = await staff("admin").get(path)

    assert page.status_code == 200
    assert 'class="demo"' not in page.text
    assert "/_sim/" not in page.text


async def test_a_demo_links_shop_and_switches_for_those_who_are_signed_in(
    settings: Settings, staff: Staff, http: httpx.AsyncClient
) -> None:
    person = staff("support")
    stop, ready, sockets = asyncio.Event(), asyncio.Event(), app.listen("127.0.0.1", 0)
    demo = asyncio.create_task(app.serve_until(stop, settings, sockets, ready=ready, demo_links=_LINKS))
    await ready.wait()
    person.gateway = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

    pages = [(await person.get(path)).text for path in _PAGES]
    stranger = await http.get(f"{person.gateway}/admin/sign-in")
    stop.set()
    await demo
    for listening in sockets:
        listening.close()

    assert all(f'href="{link}"' in page for page in pages for link in (_LINKS.shop, _LINKS.simulator))
    assert "wechat.example" not in stranger.text
