"""The job that cleans the database's files of what was deleted of people, as soon as nobody reads it any more."""

import asyncio
from datetime import timedelta

from wxadmin.database.scrubbing import Cleaned, Scrub
from wxadmin.flows.gateway import Gateway
from wxadmin.log import logger
from wxadmin.queries import erasures
from wxadmin.services import cleaning, turns
from wxadmin.tasks.runner import Job

NAME = "scrub"
_EVERY_S = 60
# A table of many millions takes minutes; of a process that dies meanwhile, another takes over after this.
_TURN = timedelta(minutes=30)
_BROKEN_OFF_EVERY_S = 0.1


async def run(gateway: Gateway) -> int | None:
    """Returns how many receipts say now that nothing is left; None where another process is at it."""
    database = gateway.database
    receipts = await database.read(erasures.waiting)
    if not receipts:
        return 0
    if not await database.write(turns.take, NAME, node=gateway.node, lasting=_TURN):
        return None
    done = 0
    try:
        how = await _scrubbed(gateway)
        if how is None:
            logger.info("scrub_postponed")
        else:
            done = await database.write(cleaning.note, receipts, how=how)
            logger.info("scrubbed", receipts=done, how=how.value)
    finally:
        await database.write(turns.rest, NAME, node=gateway.node, lasting=timedelta())
    return done


async def _scrubbed(gateway: Gateway) -> Cleaned | None:
    """How thoroughly; None where it has to be tried again, or the process is told to stop."""
    scrub = Scrub(gateway.database.writer.url, cleaning.TABLES)
    work = asyncio.create_task(asyncio.to_thread(scrub.run))
    stopped = asyncio.create_task(gateway.stopping.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    while not work.done():
        # Between two of its statements there was nothing to break off.
        await asyncio.to_thread(scrub.end)
        await asyncio.wait({work}, timeout=_BROKEN_OFF_EVERY_S)
    return work.result()


JOB = Job(NAME, _EVERY_S, run)
