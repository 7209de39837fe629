"""Static files: addresses that change with the content, and icons that take part in the text."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from wxadmin.handlers.static import IMMUTABLE, StaticFile, StaticTree, icon, static_root


@pytest.fixture
def tree(tmp_path: Path) -> StaticTree:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "base.css").write_text("body { color: #000 }")
    return StaticTree(tmp_path)


@pytest.fixture
async def site(tree: StaticTree) -> AsyncIterator[str]:
    (tree.root.parent / "secret.txt").write_text("outside")
    served = {"path": str(tree.root), "digest": tree.digest}
    server = HTTPServer(Application([(r"/static/(.*)", StaticFile, served)]))
    socket, port = bind_unused_port()
    server.add_socket(socket)
    yield f"http://127.0.0.1:{port}"
    server.stop()
    await server.close_all_connections()


async def fetch(url: str, method: str = "GET", **headers: str) -> HTTPResponse:
    return await AsyncHTTPClient().fetch(url, method=method, headers=headers, raise_error=False)


async def test_the_right_digest_may_be_kept_for_a_year(site: str, tree: StaticTree) -> None:
    response = await fetch(site + tree.url("css/base.css"))

    assert response.code == 200
    assert response.body == b"body { color: #000 }"
    assert response.headers["Cache-Control"] == IMMUTABLE
    assert response.headers["Content-Type"] == "text/css"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_another_digest_serves_the_file_but_is_asked_for_again(site: str) -> None:
    response = await fetch(f"{site}/static/0123456789abcdef/css/base.css")

    assert response.code == 200
    assert response.headers["Cache-Control"] == "no-cache"


async def test_a_browser_that_has_the_file_is_told_so(site: str, tree: StaticTree) -> None:
    first = await fetch(site + tree.url("css/base.css"))

    again = await fetch(site + tree.url("css/base.css"), **{"If-None-Match": first.headers["Etag"]})

    assert again.code == 304
    assert again.headers["Cache-Control"] == IMMUTABLE


async def test_head_answers_without_a_body(site: str, tree: StaticTree) -> None:
    response = await fetch(site + tree.url("css/base.css"), method="HEAD")

    assert response.code == 200
    assert response.headers["Content-Length"] == "20"
    assert response.body == b""


@pytest.mark.parametrize("path", ["nothing.css", "", "css", "%2e%2e/secret.txt", "../secret.txt", "..%2fsecret.txt"])
async def test_nothing_else_is_served(site: str, tree: StaticTree, path: str) -> None:
    response = await fetch(f"{site}/static/{tree.digest}/{path}")

    assert response.code in (403, 404)
    assert b"outside" not in response.body


def test_the_digest_changes_with_content_and_with_names(tmp_path: Path) -> None:
    digests = []

    for name, content in [("a.css", "1"), ("a.css", "2"), ("b.css", "2")]:
        root = tmp_path / str(len(digests))
        root.mkdir()
        (root / name).write_text(content)
        digests.append(StaticTree(root).digest)

    assert len(set(digests)) == 3


def test_addresses_stand_under_the_gateways_own_path(tree: StaticTree) -> None:
    assert tree.url("css/base.css", "/wx") == f"/wx/static/{tree.digest}/css/base.css"


def test_a_misspelt_file_is_noticed_where_it_is_named(tree: StaticTree) -> None:
    with pytest.raises(LookupError, match=r"css/bsae\.css"):
        tree.url("css/bsae.css")


def test_icons_take_their_colour_from_the_text_and_say_nothing_to_screen_readers() -> None:
    names = [path.stem for path in (static_root() / "icons").glob("*.svg") if path.stem != "mark"]

    drawings = [icon(name) for name in names]

    assert len(names) > 8
    assert all('aria-hidden="true"' in drawing and 'stroke="currentColor"' in drawing for drawing in drawings)
    assert not any("style=" in drawing or "<script" in drawing for drawing in drawings)
