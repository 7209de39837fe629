"""The live feed as a browser's EventSource reads it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

PATIENCE_S = 60.0


@dataclass
class Stream:
    """`events` are those that came so far, `last_id` is what a browser says when it comes back."""

    status: int
    headers: httpx.Headers
    _lines: AsyncIterator[str]
    last_id: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    async def next(self) -> dict[str, Any] | None:
        """The next event's data; None where the stream has ended."""
        kind, data = "message", None
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last_id = value
                elif name == "event":
                    kind = value
                elif name == "data":
                    data = json.loads(value)
                elif not line and data is not None:
                    self.events.append(data)
                    self.kinds.append(kind)
                    return data
        return None

    async def rows(self, number: int) -> list[dict[str, Any]]:
        """All rows, once there are so many, in the order of what happened."""
        while len(self.all_rows) < number and await self.next() is not None:
            pass
        return self.all_rows

    @property
    def all_rows(self) -> list[dict[str, Any]]:
        return sorted((row for event in self.events for row in event.get("rows", [])), key=lambda row: int(row["id"]))


@asynccontextmanager
async def listening(gateway: str, cookie: str, query: str = "", *, last_id: str = "") -> AsyncIterator[Stream]:
    """Opens the feed; it has begun when this returns."""
    headers = {"Accept": "text/event-stream", "Cookie": cookie}
    if last_id:
        headers["Last-Event-ID"] = last_id
    async with (
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as http,
        http.stream("GET", f"{gateway}/admin/live/events{query}", headers=headers) as answer,
    ):
        stream = Stream(answer.status_code, answer.headers, answer.aiter_lines())
        yield stream
