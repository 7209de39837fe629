"""Accounts and sites in memory, never older than a second."""

import asyncio
import time

from wxadmin.database import Database
from wxadmin.errors import DatabaseUnavailable
from wxadmin.queries import registry
from wxadmin.queries.registry import Registry

_FRESH_FOR_S = 1.0
# Every request passes here first, so none waits longer than this for a database that does not answer.
_LONGEST_WAIT_S = 5.0


class RegistryCache:
    """`current` asks the database at most once a second, and reads all only when something was changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._registry: Registry | None = None
        self._asked_at = float("-inf")
        self._renewal: asyncio.Task[Registry] | None = None

    async def current(self) -> Registry:
        """The accounts and sites that are switched on. Raises DatabaseUnavailable."""
        if self._registry is not None and time.monotonic() - self._asked_at <= _FRESH_FOR_S:
            return self._registry
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renewed())
            # Those who still wait are told of a failure; where nobody does, it is nothing to be logged as lost.
            self._renewal.add_done_callback(lambda done: done.cancelled() or done.exception())
        # All who come meanwhile share its end: one after the other would each wait for a failure of their own.
        renewal = self._renewal
        await asyncio.wait([renewal], timeout=_LONGEST_WAIT_S)
        if not renewal.done():
            raise DatabaseUnavailable("the database does not answer")
        return renewal.result()

    async def _renewed(self) -> Registry:
        asked_at, known = time.monotonic(), self._registry
        if known is None or await self._database.read(registry.version) != known.version:
            known = await self._database.read(registry.load)
        self._registry, self._asked_at = known, asked_at
        return known
