"""What the screen shows and what the file holds are the same people."""

import csv
import html
import io
import random
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.crowd import crowd, drawn
from tests.handlers.admin import exported
from wxadmin.models import User
from wxadmin.queries import users

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]

_USER = re.compile(r'href="/admin/users/(\d+)"')
_OLDER = re.compile(r'href="([^"]*[?&;]older=[^"]*)"')


async def test_the_file_of_fifty_random_filters_holds_the_ids_of_all_pages(
    store: Store, staff: Callable[..., Any], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Most lists are some pages long, and some pages end early.
    monkeypatch.setattr(users, "LOOKED_THROUGH", 40)
    rng = random.Random(7)
    store(lambda: crowd(rng))
    openids = {user.id: user.openid for user in stored(User)}
    lin = staff("marketer")

    sizes = []
    for filters in [{}, *(drawn(rng) for _ in range(50))]:
        query = f"?{urlencode(filters)}"
        on_pages = [openids[user_id] async for user_id in _on_pages(lin, f"/admin/users{query}")]
        file = await exported.file_of_users(lin, query, columns=["openid", "account"])

        assert file.status_code == 200
        in_file = [row[0] for row in _rows(file.content)]
        assert len(on_pages) == len(set(on_pages))
        assert sorted(in_file) == sorted(on_pages), filters
        sizes.append(len(in_file))
    # Filters that leave nobody would agree on anything.
    assert sizes[0] == len(openids) == 120
    assert sum(bool(size) for size in sizes) > 25


async def _on_pages(visitor: Any, address: str) -> AsyncIterator[int]:
    """The ids of the users on all pages, going from the first by the links to older ones."""
    path: str | None = address
    while path:
        page = await visitor.get(path)
        assert page.status_code == 200
        for user_id in dict.fromkeys(_USER.findall(page.text)):
            yield int(user_id)
        older = _OLDER.search(page.text)
        path = html.unescape(older[1]) if older else None


def _rows(file: bytes) -> Iterator[list[str]]:
    rows = csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""))
    next(rows)
    return rows
