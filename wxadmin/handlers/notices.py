"""The incident notice (故障公告) as every page shows it: known beforehand, so that no page waits for it."""

import asyncio

from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import DatabaseUnavailable
from wxadmin.log import logger
from wxadmin.queries import notices
from wxadmin.queries.notices import Shown

_LOOKS_EVERY_S = 2.0


class Notices:
    """One a process. `shown` is never older than a few seconds while `keep_known` runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.shown: Shown | None = None

    @property
    def for_visitors(self) -> Shown | None:
        """What visitors read of it."""
        return self.shown if self.shown and self.shown.on_visitors else None

    async def look(self) -> None:
        """Asks the database now. Raises DatabaseUnavailable."""
        self.shown = await self._database.read(notices.current, utcnow())

    async def keep_known(self) -> None:
        """Asks at once, and again and again until it is cancelled. While the database is away, what was known stays."""
        while True:
            try:
                await self.look()
            except DatabaseUnavailable:
                # Whatever a page needs of the database says so by itself.
                pass
            except Exception:
                # A look that fails once must be tried again, and seen to have failed.
                logger.exception("notice_unknown")
            await asyncio.sleep(_LOOKS_EVERY_S)
