"""Runs the background jobs, each on its own Tornado PeriodicCallback, and writes down what became of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from tornado.ioloop import PeriodicCallback

from wxadmin import metrics
from wxadmin.clock import utcnow
from wxadmin.errors import DatabaseUnavailable
from wxadmin.flows.gateway import Gateway
from wxadmin.log import logger
from wxadmin.services import house

# Several processes must not all begin in the same moment.
_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """`run` does one pass and returns how many rows it touched, or None where there was no pass: it was another
    process's turn. `every` is in seconds, more or less by a share of it."""

    name: str
    every: float
    run: Callable[[Gateway], Awaitable[int | None]]
    jitter: float = _JITTER


class Runner:
    """Starts and stops the jobs. A pass that is still running is not started again."""

    def __init__(self, gateway: Gateway, jobs: list[Job]) -> None:
        self._gateway = gateway
        self._passes: set[asyncio.Task[None]] = set()
        self._callbacks = [
            PeriodicCallback(partial(self._pass, job), job.every * 1000, jitter=job.jitter) for job in jobs
        ]

    def start(self) -> None:
        for callback in self._callbacks:
            callback.start()

    async def stop(self, within: float) -> bool:
        """Begins no new pass and waits for those that run, which are told to hurry; whether they have ended within so
        many seconds. What has not is cut off then: its leases end by themselves."""
        self._gateway.stopping.set()
        for callback in self._callbacks:
            callback.stop()
        if not self._passes:
            return True
        _, late = await asyncio.wait(self._passes, timeout=within)
        for task in late:
            task.cancel()
        return not late

    async def _pass(self, job: Job) -> None:
        task = asyncio.create_task(self._run(job))
        self._passes.add(task)
        task.add_done_callback(self._passes.discard)
        await task

    async def _run(self, job: Job) -> None:
        started_at = utcnow()
        rows: int | None = 0
        error = None
        try:
            rows = await job.run(self._gateway)
        except DatabaseUnavailable as unavailable:
            error = str(unavailable)
            logger.warning("job_postponed", job=job.name, reason=error)
        except Exception as failure:
            # A job that fails once must be tried again at its next turn, and seen to have failed.
            error = type(failure).__name__
            logger.exception("job_failed", job=job.name)
        if rows is None:
            return
        metrics.note_job(job.name, failed=error is not None)
        await self._note(job, started_at=started_at, rows=rows, error=error)

    async def _note(self, job: Job, **run: object) -> None:
        try:
            await self._gateway.database.write(house.note_run, job.name, node=self._gateway.node, **run)  # type: ignore[arg-type]
        except DatabaseUnavailable:
            logger.warning("job_run_not_kept", job=job.name)
