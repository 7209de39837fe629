"""Reads and writes in worker threads: the event loop waits, synchronous SQLAlchemy works."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from wxadmin.database.engines import database_url, make_reader, make_writer
from wxadmin.database.failures import should_try_again, translated
from wxadmin.database.long_reads import LongReads
from wxadmin.database.memory import Memory

P = ParamSpec("P")
T = TypeVar("T")

_TRIES = 3
_MEMORY = "memory"


class Database:
    """One a process. `read` and `write` take a function whose first parameter is the session."""

    def __init__(self, url: str, *, threads: int = 4) -> None:
        parsed = database_url(url)
        self.is_sqlite = parsed.drivername == "sqlite"
        write_threads = 1 if self.is_sqlite else threads
        # The journal takes one connection for itself on PostgreSQL.
        self.writer: Engine = make_writer(parsed, write_threads + 1)
        self.reader: Engine = make_reader(parsed, threads)
        self.long_reads = LongReads(parsed)
        self._memory = Memory()
        self._readers = ThreadPoolExecutor(threads, thread_name_prefix="db-read")
        self._writers = ThreadPoolExecutor(write_threads, thread_name_prefix="db-write")
        # SQLite has one writer, which journal and forms share; on PostgreSQL the journal has a thread of its own.
        self.journal_thread: Executor = (
            self._writers if self.is_sqlite else ThreadPoolExecutor(1, thread_name_prefix="db-journal")
        )

    async def read(self, query: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The query's result, from a read-only transaction. Raises DatabaseUnavailable."""
        return await self._run(self._readers, partial(self.read_now, query, *args, **kwargs))

    async def write(self, service: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The service's result, after its transaction has been committed. Raises DatabaseUnavailable.

        The service may be called again, in a new transaction, when another transaction was in its way.
        """
        return await self._run(self._writers, partial(self.write_now, service, *args, **kwargs))

    def read_now(self, query: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same as `read` in the calling thread, for commands."""
        with self._session(self.reader) as session:
            session.info[_MEMORY] = self._memory
            return query(session, *args, **kwargs)

    def write_now(self, service: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same as `write` in the calling thread, for commands."""
        for tries_left in reversed(range(_TRIES)):
            try:
                with self._session(self.writer) as session, session.begin():
                    return service(session, *args, **kwargs)
            except Exception as error:
                if not tries_left or not should_try_again(error):
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Waits for what runs, then gives every connection back."""
        for pool in {self._readers, self._writers, self.journal_thread}:
            pool.shutdown()
        self.long_reads.close()
        self.reader.dispose()
        self.writer.dispose()

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        with translated(), Session(engine, expire_on_commit=False) as session:
            yield session

    @staticmethod
    async def _run(pool: Executor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


def memory_of(session: Session) -> Memory | None:
    """What is remembered of the database that the session reads; None where it may see what nobody else does."""
    return session.info.get(_MEMORY)
