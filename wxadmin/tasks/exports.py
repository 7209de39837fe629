"""The jobs that make the files of exports, one at a time in each process, and delete what was kept long enough."""

import asyncio
import errno
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice

from wxadmin.clock import utcnow
from wxadmin.errors import DatabaseUnavailable, NoSuchList, TooManyAtOnce
from wxadmin.exporting.making import Made, NotAsCounted, OnlyOne, Progress, make
from wxadmin.exporting.plans import plan_of
from wxadmin.exporting.storage import Storage, opened_in
from wxadmin.exporting.taking import EarlierGone
from wxadmin.flows.gateway import Gateway
from wxadmin.log import logger
from wxadmin.models import Export
from wxadmin.queries import exports as queries
from wxadmin.services import export_jobs as jobs
from wxadmin.services.export_jobs import Failure, Next
from wxadmin.tasks.runner import Job

_LOOKS_EVERY_S = 1.0
_TELLS_EVERY_S = 1.0
_LEASE = timedelta(seconds=30)
# Some fifty kilobytes, which no login waits for.
_HELD_AT_A_TIME = 8
_CLEARS_EVERY_S = 300
# A folder that no export knows may be one that was begun this moment.
_STRAY_AFTER_S = 3_600
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where files are kept, and for how long; and for how long their receipts."""

    storage: Storage
    lasting: timedelta
    receipts: timedelta


async def run(gateway: Gateway, keeping: Keeping) -> int | None:
    """Returns how many exports were worked at; None where nobody waits for one."""
    if not await gateway.database.read(queries.is_due):
        return None
    worked = 0
    while not gateway.stopping.is_set():
        export = await gateway.database.write(jobs.claim, node=gateway.node, lasting=_LEASE)
        if export is None:
            break
        worked += 1
        if not await _work(gateway, export, keeping):
            break
    return worked or None


async def _work(gateway: Gateway, export: Export, keeping: Keeping) -> bool:
    """Brings the export to an end of any kind; whether there is time for another."""
    storage, write = keeping.storage, gateway.database.write
    try:
        made = await _made(gateway, export, storage)
        if isinstance(made, Made) and await _finished(gateway, export, made, keeping):
            logger.info("export_done", export=export.id, rows=made.rows, files=len(made.parts))
            return True
        await asyncio.to_thread(storage.discard, export.id, export.attempt)
        if made is Next.STOP:
            await write(jobs.cancelled, export)
    except (TooManyAtOnce, _Stopping):
        # Somebody else's turn, or a later one of this process; what is begun anew may be called the same.
        await asyncio.to_thread(storage.discard, export.id, export.attempt)
        await write(jobs.give_back, export)
        return False
    except Exception as error:
        await _failed(gateway, export, storage, _failure(error))
    return True


async def _finished(gateway: Gateway, export: Export, made: Made, keeping: Keeping) -> bool:
    """Whether all of it is stored: files, receipt, and whom they hold. False where another process has taken over."""
    await asyncio.to_thread(keeping.storage.settle, export.id, export.attempt)
    portions = made.taken.portions() if made.taken else iter(())
    while some := await asyncio.to_thread(lambda: list(islice(portions, _HELD_AT_A_TIME))):
        if not await gateway.database.write(jobs.hold, export, some, lasting=_LEASE):
            return False
    return await gateway.database.write(jobs.finish, export, made, keep=keeping.lasting)


async def _failed(gateway: Gateway, export: Export, storage: Storage, failure: Failure) -> None:
    log = logger.exception if failure is Failure.UNEXPECTED else logger.warning
    log("export_failed", export=export.id, failure=failure.value)
    await asyncio.to_thread(storage.discard_unfinished, export.id, export.attempt)
    # Where not even that can be stored, the lease ends by itself, and it is begun anew. Where it is not this process's
    # to say, it may have ended well: a commit whose answer was lost.
    with suppress(DatabaseUnavailable):
        if await gateway.database.write(jobs.fail, export, failure):
            await asyncio.to_thread(storage.discard, export.id, export.attempt)


class _Stopping(Exception):
    """The process is told to end."""


async def _made(gateway: Gateway, export: Export, storage: Storage) -> Made | Next:
    """The files, in a folder that has not taken its name yet; or why there are none. Raises whatever making does."""
    folder = await asyncio.to_thread(storage.begin, export.id, export.attempt)
    progress = Progress()
    making = asyncio.create_task(
        gateway.database.long_reads.read(make, plan_of(export), partial(opened_in, folder), progress)
    )
    stopping = asyncio.create_task(gateway.stopping.wait())
    try:
        while True:
            await asyncio.wait({making, stopping}, timeout=_TELLS_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            if making.done():
                return making.result()
            if stopping.done():
                raise _Stopping
            found = await _told(gateway, export, progress)
            if found is not Next.GO_ON:
                return found
    finally:
        stopping.cancel()
        making.cancel()
        # It ends soon: its query is broken off.
        await asyncio.wait({making})
        if not making.cancelled():
            making.exception()


async def _told(gateway: Gateway, export: Export, progress: Progress) -> Next:
    try:
        return await gateway.database.write(
            jobs.step,
            export,
            lasting=_LEASE,
            as_of=progress.as_of,
            expected=progress.expected,
            rows=progress.rows,
        )
    except DatabaseUnavailable:
        # The read may go on all the same; where it does not, that is said by its own failure.
        return Next.GO_ON


def _failure(error: Exception) -> Failure:
    if isinstance(error, OSError):
        return Failure.DISK_FULL if error.errno in _FULL else Failure.DISK
    kinds = {
        OnlyOne: Failure.ONE_PERSON,
        EarlierGone: Failure.EARLIER_GONE,
        DatabaseUnavailable: Failure.DATABASE,
        NoSuchList: Failure.LIST_GONE,
        NotAsCounted: Failure.NOT_AS_COUNTED,
    }
    return kinds.get(type(error), Failure.UNEXPECTED)


async def clear(gateway: Gateway, keeping: Keeping) -> int:
    """Deletes files that were kept long enough, and what dead processes left; returns how many exports they were of."""
    storage, database = keeping.storage, gateway.database
    old = await database.read(queries.kept_too_long)
    for export in old:
        await asyncio.to_thread(storage.discard, export.id, export.attempt)
    if old:
        await database.write(jobs.files_gone, [export.id for export in old])
    found = await asyncio.to_thread(storage.kept)
    known = await database.read(queries.attempts, [one.export_id for one in found])
    strays = [one for one in found if known.get(one.export_id) != one.attempt]
    for one in strays:
        await asyncio.to_thread(_discard_if_old, storage, one.export_id, one.attempt)
    while await database.write(jobs.delete_holdings, before=utcnow() - keeping.receipts):
        pass
    await database.write(jobs.delete_receipts, before=utcnow() - keeping.receipts)
    return len(old)


def _discard_if_old(storage: Storage, export_id: int, attempt: int) -> None:
    for one in storage.kept():
        is_it = (one.export_id, one.attempt) == (export_id, attempt)
        if is_it and one.path.stat().st_mtime < time.time() - _STRAY_AFTER_S:
            storage.discard(export_id, attempt)


def making_job(keeping: Keeping) -> Job:
    # A look is a short read: processes need not keep out of each other's way.
    return Job("exports", _LOOKS_EVERY_S, partial(run, keeping=keeping), jitter=0)


def clearing_job(keeping: Keeping) -> Job:
    return Job("export_files", _CLEARS_EVERY_S, partial(clear, keeping=keeping))
