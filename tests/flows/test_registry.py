"""Accounts and sites in memory: all who come at once share one question, and a silent database holds nobody up."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.orm import Session

from tests.factories import SiteFactory
from wxadmin.database import Database
from wxadmin.errors import DatabaseUnavailable
from wxadmin.flows import registry as flow
from wxadmin.flows.registry import RegistryCache
from wxadmin.queries import registry

Store = Callable[[Callable[[], object]], object]


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[Session], threading.Event]]:
    """A database that answers only when the event is set, and what it was asked."""
    really, asked, answers = registry.version, list[Session](), threading.Event()

    def version(session: Session) -> int:
        asked.append(session)
        assert answers.wait(10)
        return really(session)

    monkeypatch.setattr(registry, "version", version)
    monkeypatch.setattr(flow, "_FRESH_FOR_S", -1)
    yield asked, answers
    answers.set()


async def test_those_who_come_at_once_share_one_question(
    database: Database, store: Store, silent: tuple[list[Session], threading.Event]
) -> None:
    store(lambda: SiteFactory(name="shop"))
    asked, answers = silent
    cache = RegistryCache(database)

    waiting = [asyncio.create_task(cache.current()) for _ in range(5)]
    await asyncio.sleep(0)
    answers.set()
    pictures = await asyncio.gather(*waiting)

    assert [site.name for site in pictures[0].sites] == ["shop"]
    assert all(picture is pictures[0] for picture in pictures)
    assert len(asked) == 1


async def test_nobody_is_held_up_for_long_by_a_database_that_does_not_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch, silent: tuple[list[Session], threading.Event]
) -> None:
    monkeypatch.setattr(flow, "_LONGEST_WAIT_S", 0.1)
    asked, answers = silent
    cache = RegistryCache(database)

    told = await asyncio.gather(*(cache.current() for _ in range(5)), return_exceptions=True)
    # A busy machine takes longer to answer.
    monkeypatch.setattr(flow, "_LONGEST_WAIT_S", 10)
    answers.set()
    recovered = await cache.current()

    assert [type(error) for error in told] == [DatabaseUnavailable] * 5
    assert len(asked) <= 2
    assert recovered.sites == []
