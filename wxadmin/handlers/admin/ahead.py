"""Counts what takes long ahead of the pages that show it: nobody waits for a look at a million rows."""

import asyncio
from functools import partial

from wxadmin.errors import DatabaseUnavailable
from wxadmin.handlers.admin.scopes import count_grants
from wxadmin.handlers.admin.tokens import count_standing
from wxadmin.handlers.front import Front
from wxadmin.log import logger

_LOOKS_EVERY_S = 5.0


async def keep_counted(front: Front) -> None:
    """At once, and again whenever an answer has become old, until it is cancelled."""
    while True:
        try:
            await front.standing.ask_ahead(partial(count_standing, front))
            await front.grants.ask_ahead(partial(count_grants, front))
        except DatabaseUnavailable as unavailable:
            logger.warning("count_postponed", reason=str(unavailable))
        except Exception:
            # A count that fails once must be tried again, and seen to have failed.
            logger.exception("count_failed")
        await asyncio.sleep(_LOOKS_EVERY_S)
