"""The cookie by which a browser is known again."""

from collections.abc import Iterator
from http.cookies import SimpleCookie

import httpx
import pytest

from tests.databases import on_sqlite
from tests.running import SiteKeys, serving
from tests.visiting import Visitor
from wxadmin.settings import Settings

pytestmark = on_sqlite


def cookies_of(response: httpx.Response) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Name, value and attributes of each cookie that is set."""
    for line in response.headers.get_list("Set-Cookie"):
        for name, morsel in SimpleCookie(line).items():
            yield name, morsel.value, {key: value for key, value in morsel.items() if value != ""}


async def test_on_http_the_cookie_is_kept_from_scripts_and_from_other_sites(visitor: Visitor) -> None:
    [(name, value, attributes)] = cookies_of(await visitor.start())

    assert name.startswith("wx_")
    assert len(value.rpartition(".")[2]) == 32
    assert attributes == {"path": "/", "max-age": "1200", "httponly": True, "samesite": "Lax"}


async def test_on_https_the_cookie_is_bound_to_its_host(
    settings: Settings, site_keys: SiteKeys, http: httpx.AsyncClient
) -> None:
    chosen = settings.model_copy(update={"public_url": "https://m.example.com"})
    async with serving(chosen) as gateway:
        [(name, _, attributes)] = cookies_of(await Visitor(gateway, http).start())

    assert name.startswith("__Host-wx_")
    assert attributes == {"path": "/", "max-age": "1200", "httponly": True, "samesite": "Lax", "secure": True}


async def test_each_attempt_has_a_cookie_of_its_own(visitor: Visitor) -> None:
    for _ in range(3):
        await visitor.start()

    assert len(visitor.cookies) == 3
    assert len(set(visitor.cookies.values())) == 3


async def test_the_ninth_cookie_takes_the_oldest_away(visitor: Visitor) -> None:
    for made_at in range(8):
        visitor.cookies[f"wx_{made_at:012x}"] = f"{1_700_000_000 + made_at:x}.secret"

    set_again = list(cookies_of(await visitor.start()))

    assert len(visitor.cookies) == 8
    assert "wx_000000000000" not in visitor.cookies
    assert [name for name, value, _ in set_again if not value] == ["wx_000000000000"]


async def test_all_that_is_too_many_is_taken_away_and_other_cookies_stay(visitor: Visitor) -> None:
    visitor.cookies = {f"wx_{number:012x}": f"{number:x}.secret" for number in range(12)} | {"session": "own"}

    await visitor.start()

    assert len([name for name in visitor.cookies if name.startswith("wx_")]) == 8
    assert visitor.cookies["session"] == "own"
    assert "wx_00000000000b" in visitor.cookies


@pytest.mark.parametrize("value", ["", "rubbish", "zz.zz", '"quoted"', "=", "." * 500])
async def test_cookies_that_are_not_ours_do_no_harm(visitor: Visitor, value: str) -> None:
    visitor.cookies = {f"wx_{number:012x}": value for number in range(9)}

    response = await visitor.start()

    assert response.status_code == 302
    assert len([name for name in visitor.cookies if name.startswith("wx_")]) <= 8
