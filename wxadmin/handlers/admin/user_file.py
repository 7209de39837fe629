"""The list of users as a file: what is filtered on the screen, all of it."""

import asyncio
from tempfile import TemporaryFile
from typing import IO

from tornado.iostream import StreamClosedError

from wxadmin.clock import utcnow
from wxadmin.handlers.admin.users import EXPORTERS, UserHandler
from wxadmin.i18n import translator
from wxadmin.queries import user_file
from wxadmin.queries.user_filters import UserFilters
from wxadmin.services import exports

_SENT_AT_ONCE = 256 * 1024


class UserFile(UserHandler):
    """Written to an unnamed file first, so that its length is known: a download that is cut fails in the browser, and
    a database that fails halfway is an error page instead of half a list."""

    roles = EXPORTERS
    _is_gone = False

    def on_connection_close(self) -> None:
        self._is_gone = True

    async def get(self) -> None:
        filters = self.filters()
        await self.choices_for(filters)
        with TemporaryFile() as file:
            rows = await self._fill(file, filters)
            if self._is_gone:
                return
            await self.gateway.database.write(exports.note, filters.given, rows=rows, actor=self.identity.name)
            length = file.tell()
            file.seek(0)
            self._announce(length)
            await self._send(file)

    async def _fill(self, file: IO[bytes], filters: UserFilters) -> int:
        """Writes everything and says how many users it was; stops where nobody waits for it any more."""
        words, zone = translator(self.language).gettext, self.front.zone
        file.write(user_file.heading(words, zone).encode())
        rows = 0
        below: int | None = user_file.BEGINNING
        while below is not None and not self._is_gone:
            read = await self.gateway.database.read(user_file.portion, filters, zone, words, below=below)
            await asyncio.to_thread(file.write, read.text.encode())
            rows, below = rows + read.rows, read.last_id
        return rows

    def _announce(self, length: int) -> None:
        self.set_header("Content-Type", "text/csv; charset=utf-8; header=present")
        self.set_header("Content-Length", str(length))
        made_at = utcnow().astimezone(self.front.zone)
        self.set_header("Content-Disposition", f'attachment; filename="users-{made_at:%Y%m%d-%H%M%S}.csv"')

    async def _send(self, file: IO[bytes]) -> None:
        try:
            while piece := await asyncio.to_thread(file.read, _SENT_AT_ONCE):
                self.write(piece)
                await self.flush()
        except StreamClosedError:
            return
