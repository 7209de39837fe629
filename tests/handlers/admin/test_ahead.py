"""Counts that take long are there before the first page that shows them, and again after the database was away."""

import asyncio
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest

from wxadmin import app
from wxadmin.errors import DatabaseUnavailable
from wxadmin.handlers.admin import ahead, remembered
from wxadmin.handlers.admin.ahead import keep_counted
from wxadmin.handlers.front import Front
from wxadmin.queries.scopes import Grants
from wxadmin.queries.standing import Standing
from wxadmin.settings import Settings

_PATIENCE_S = 30


@pytest.fixture
async def front(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Front]:
    """Of a database where no row is too few for its count to be remembered, looked at all the time."""
    monkeypatch.setattr(remembered, "_FEW", -1)
    monkeypatch.setattr(ahead, "_LOOKS_EVERY_S", 0)
    async with app.make_front(settings, "http://127.0.0.1:8000") as made:
        yield made


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when the last of the counts has been made."""
    made, count = asyncio.Event(), ahead.count_grants

    async def counted(front: Front) -> Grants:
        grants = await count(front)
        made.set()
        return grants

    monkeypatch.setattr(ahead, "count_grants", counted)
    return made


async def nobody() -> NoReturn:
    raise AssertionError("a page had to ask")


async def test_the_first_page_finds_its_counts_made(front: Front, counted: asyncio.Event) -> None:
    keeping = asyncio.create_task(keep_counted(front))
    await asyncio.wait_for(counted.wait(), _PATIENCE_S)
    keeping.cancel()

    standing, grants = await front.standing.answer(nobody), await front.grants.answer(nobody)

    assert (standing.accounts, grants.rows) == ([], [])


async def test_a_count_that_fails_is_made_at_the_next_look(
    front: Front, counted: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles: list[Exception] = [DatabaseUnavailable("gone"), OSError("odd")]
    count = ahead.count_standing

    async def troubled(front: Front) -> Standing:
        if troubles:
            raise troubles.pop()
        return await count(front)

    monkeypatch.setattr(ahead, "count_standing", troubled)
    keeping = asyncio.create_task(keep_counted(front))
    await asyncio.wait_for(counted.wait(), _PATIENCE_S)
    keeping.cancel()

    standing = await front.standing.answer(nobody)

    assert (troubles, standing.accounts) == ([], [])
