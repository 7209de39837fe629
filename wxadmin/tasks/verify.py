"""The job that holds the counts of the last hours against their events."""

from datetime import timedelta

from wxadmin.clock import hour_of, utcnow
from wxadmin.flows.gateway import Gateway
from wxadmin.log import logger
from wxadmin.queries import counts
from wxadmin.queries.counts import HOUR
from wxadmin.services import verifying
from wxadmin.tasks.runner import Job

_EVERY_S = 1_200
_HOURS = 2
# By then, nothing is written any more of an hour that is over.
_SETTLED_AFTER = timedelta(minutes=15)


async def run(gateway: Gateway) -> int:
    """Returns how many rows of counts were wrong, and are right now."""
    newest = hour_of(utcnow() - _SETTLED_AFTER) - HOUR
    wrong = 0
    for back in range(_HOURS):
        hour = newest - back * HOUR
        # Read first: on SQLite a write would keep every login waiting while the hour is counted.
        if await gateway.database.read(counts.differing, hour):
            repaired = await gateway.database.write(verifying.repair_hour, hour)
            logger.error("counts_repaired", hour=hour.isoformat(), rows=repaired)
            wrong += repaired
    return wrong


JOB = Job("verify", _EVERY_S, run)
