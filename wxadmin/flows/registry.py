"""Accounts and sites in memory, never older than a second."""

import asyncio
import time

from wxadmin.database import Database
from wxadmin.queries import registry
from wxadmin.queries.registry import Registry

_FRESH_FOR_S = 1.0


class RegistryCache:
    """`current` asks the database at most once a second, and reads all only when something was changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._registry: Registry | None = None
        self._asked_at = float("-inf")
        self._lock = asyncio.Lock()

    async def current(self) -> Registry:
        """The accounts and sites that are switched on. Raises DatabaseUnavailable."""
        if self._registry is None or self._is_stale():
            async with self._lock:
                if self._registry is None or self._is_stale():
                    self._registry = await self._renewed(self._registry)
        return self._registry

    async def _renewed(self, known: Registry | None) -> Registry:
        asked_at = time.monotonic()
        if known is None or await self._database.read(registry.version) != known.version:
            known = await self._database.read(registry.load)
        self._asked_at = asked_at
        return known

    def _is_stale(self) -> bool:
        return time.monotonic() - self._asked_at > _FRESH_FOR_S
