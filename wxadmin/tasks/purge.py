"""The job that deletes what has been kept long enough: one process for all, in transactions that no login waits for."""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial

from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.database.clocks import shared_now
from wxadmin.flows import uploads
from wxadmin.flows.gateway import Gateway
from wxadmin.log import logger
from wxadmin.services import purging, turns
from wxadmin.services import uploads as lists
from wxadmin.services.purging import KINDS, Batch, Keep, Purgeable
from wxadmin.tasks.runner import Job

NAME = "purge"
_LOOKS_EVERY_S = 300
_AT_A_TIME = 500
# In one run; what is left then is the next look's.
_MOST_BATCHES = 1_000
# At least as long as the batch took: half of the time belongs to logins alone.
_SHORTEST_PAUSE_S = 0.02
# Of a process that dies within its turn, another takes over after this.
_TURN = timedelta(minutes=2)
_RESTS = timedelta(hours=1)


async def run(gateway: Gateway, keep: Keep) -> int | None:
    """Returns how many rows were deleted; None where it is another process's turn, or nobody's yet."""
    database = gateway.database
    if not await database.write(turns.take, NAME, node=gateway.node, lasting=_TURN):
        return None
    now = await database.read(shared_now)
    deleted, batches_left = 0, _MOST_BATCHES
    for kind in KINDS:
        after: int | None = -1
        while after is not None and batches_left and not gateway.stopping.is_set():
            began = time.monotonic()
            done = await database.write(_batch, kind, node=gateway.node, after=after, before=keep.before(kind, now))
            if done is None:
                # It took so long that another process has gone on from there.
                return deleted
            deleted, after, batches_left = deleted + done.rows, done.last, batches_left - 1
            await _pause(gateway, time.monotonic() - began)
    deleted += await database.write(purging.delete_sessions, now=utcnow())
    for list_id in await database.write(lists.expired):
        await uploads.clear(gateway, list_id)
    is_done = batches_left and not gateway.stopping.is_set()
    await database.write(turns.rest, NAME, node=gateway.node, lasting=_RESTS if is_done else timedelta())
    if deleted:
        logger.info("purged", rows=deleted, is_done=bool(is_done))
    return deleted


def _batch(session: Session, kind: Purgeable, *, node: int, after: int, before: int) -> Batch | None:
    """One short transaction, which makes the turn last on; None where it is over."""
    if not turns.take(session, NAME, node=node, lasting=_TURN):
        return None
    return purging.delete_batch(session, kind, after=after, before=before, limit=_AT_A_TIME)


async def _pause(gateway: Gateway, took: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(gateway.stopping.wait(), max(took, _SHORTEST_PAUSE_S))


def job(keep: Keep) -> Job:
    """The job that keeps things for as long as this says."""
    return Job(NAME, _LOOKS_EVERY_S, partial(run, keep=keep))
