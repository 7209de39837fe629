"""Reads that take long, such as whole lists: on threads and connections of their own, so that no page waits for one."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

import psycopg
from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from wxadmin.database.engines import make_long_reader
from wxadmin.database.failures import translated
from wxadmin.errors import TooManyAtOnce

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 2
_TRIED_AGAIN_AFTER_S = 0.05
_PATIENCE_S = 2.0


class LongReads:
    """Each sees the database as it was when it began, whatever is written meanwhile."""

    def __init__(self, url: URL) -> None:
        self._engine = make_long_reader(url, AT_ONCE)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="db-long-read")
        self._running: set[_Reading] = set()

    async def read(self, query: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The query's result. Raises TooManyAtOnce, DatabaseUnavailable. Where the waiting is cancelled, so is the
        query."""
        if len(self._running) >= AT_ONCE:
            raise TooManyAtOnce(AT_ONCE)
        reading = _Reading(self._engine)
        self._running.add(reading)
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads, reading.run, lambda session: query(session, *args, **kwargs))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.to_thread(reading.end)
            # It failed, as it was made to, or had come to its end just before: neither matters to anybody now.
            await asyncio.wait({work})
            work.exception()
            raise
        finally:
            self._running.discard(reading)

    def read_now(self, query: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same in the calling thread, for commands."""
        return _Reading(self._engine).run(lambda session: query(session, *args, **kwargs))

    def close(self) -> None:
        """Breaks off what runs, then gives every connection back."""
        for reading in self._running:
            reading.end()
        self._threads.shutdown()
        self._engine.dispose()


class _Reading:
    """One query at work, which another thread may end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: object = None
        self._lock = threading.Lock()
        self._has_ended = threading.Event()

    def run(self, query: Callable[[Session], T]) -> T:
        try:
            with translated(), Session(self._engine) as session:
                self._lend(session.connection().connection.driver_connection)
                try:
                    return query(session)
                finally:
                    # Before it goes back to the pool, where it may at once be somebody else's.
                    self._lend(None)
        finally:
            self._has_ended.set()

    def end(self) -> None:
        """Returns when the query has ended, which it is made to do."""
        self._break_off()
        # Between two of its statements there was nothing to break.
        while not self._has_ended.wait(_TRIED_AGAIN_AFTER_S):
            self._break_off()

    def _break_off(self) -> None:
        with self._lock, suppress(psycopg.Error):
            if isinstance(self._connection, sqlite3.Connection):
                self._connection.interrupt()
            elif isinstance(self._connection, psycopg.Connection):
                self._connection.cancel_safe(timeout=_PATIENCE_S)

    def _lend(self, connection: object) -> None:
        with self._lock:
            self._connection = connection
