"""What every flow works with, built once by serve() and handed in."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from wxadmin.database import Database
from wxadmin.flows.registry import RegistryCache
from wxadmin.flows.underway import Underway
from wxadmin.ids import Ids
from wxadmin.journal import Journal
from wxadmin.security.keys import KeyRing
from wxadmin.wechat.client import WeChat

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gateway:
    """One a process. URLs end without a slash."""

    database: Database
    journal: Journal
    wechat: WeChat
    keys: KeyRing
    ids: Ids
    node: int
    registry: RegistryCache
    public_url: str
    wechat_open_url: str
    asks_outside_wechat: bool
    refresh_ahead: timedelta
    refresh_concurrency: int
    underway: Underway = field(default_factory=Underway)
    in_flight: set[asyncio.Task[Any]] = field(default_factory=set)
    # Set when the process is told to end: long work then takes up nothing new.
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def callback_url(self) -> str:
        """The only redirect_uri that WeChat is ever given."""
        return f"{self.public_url}/auth/callback"

    async def detached(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of work that goes on when whoever asked for it is gone: a code that is spent must be stored."""
        task = asyncio.create_task(work)
        self.in_flight.add(task)
        task.add_done_callback(self.in_flight.discard)
        return await asyncio.shield(task)

    async def drained(self) -> None:
        """Returns when no detached work is left."""
        while self.in_flight:
            await asyncio.wait(self.in_flight)
