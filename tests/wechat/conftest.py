"""A server that answers exactly the bytes a test gives it, and clients that talk to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from wxadmin.wechat.client import WeChat

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


def http(body: bytes, *, status: str = "200 OK", length: int | None = None) -> bytes:
    """An answer as WeChat's servers frame it; `length` may promise more than `body` holds."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body) if length is None else length}"
    return head.encode() + b"\r\n\r\n" + body


class Served:
    """A listening socket of a test, and the request heads that reached it."""

    def __init__(self, answer: Script) -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.connections: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        self.server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections.add(task)
        try:
            # Whatever ends the conversation, the test is about what the client makes of it.
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while not writer.is_closing():
                    self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                    await self.answer(writer)
        finally:
            writer.close()
            self.connections.discard(task)

    async def close(self) -> None:
        self.server.close()
        for task in list(self.connections):
            task.cancel()
        await asyncio.gather(*self.connections, return_exceptions=True)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Script | bytes], Awaitable[Served]]]:
    """Start a server that answers each request with these bytes, or as this coroutine function says."""
    running: list[Served] = []

    async def start(answer: Script | bytes) -> Served:
        async def write(writer: asyncio.StreamWriter) -> None:
            assert isinstance(answer, bytes)
            writer.write(answer)
            await writer.drain()

        running.append(Served(write if isinstance(answer, bytes) else answer))
        await running[-1].listen()
        return running[-1]

    yield start
    for served in running:
        await served.close()


@pytest.fixture
async def client() -> AsyncIterator[Callable[..., WeChat]]:
    """Make a client that is closed when the test ends."""
    made: list[WeChat] = []

    def make(url: str, timeout: float = 5.0) -> WeChat:
        made.append(WeChat(url, timeout))
        return made[-1]

    yield make
    for each in made:
        await each.aclose()
