"""The job that ends attempts which will not end by themselves, and deletes what has served its time."""

from collections.abc import Callable

from wxadmin.clock import utcnow
from wxadmin.flows.gateway import Gateway
from wxadmin.services import refresh_passes, sweeping
from wxadmin.tasks.runner import Job

_EVERY_S = 60
_AT_A_TIME = 500


_ENDS = (sweeping.end_interrupted, sweeping.end_interrupted_again, sweeping.end_waiting)


async def run(gateway: Gateway) -> int:
    ended = sum([await _all(gateway, end) for end in _ENDS])
    purged = await gateway.database.write(sweeping.purge, now=utcnow())
    return ended + purged + await gateway.database.write(refresh_passes.purge, now=utcnow())


async def _all(gateway: Gateway, end: Callable[..., int]) -> int:
    """In transactions short enough that no login waits long for one."""
    total = 0
    while True:
        ended = await gateway.database.write(end, ids=gateway.ids, node=gateway.node, now=utcnow(), limit=_AT_A_TIME)
        total += ended
        if ended < _AT_A_TIME or gateway.stopping.is_set():
            return total


JOB = Job("sweep", _EVERY_S, run)
