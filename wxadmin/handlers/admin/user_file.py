"""The list of users as a file: what is filtered on the screen, all of it."""

import asyncio
from http import HTTPStatus
from tempfile import TemporaryFile
from typing import IO

from tornado.iostream import StreamClosedError

from wxadmin.clock import utcnow
from wxadmin.errors import TooManyAtOnce
from wxadmin.handlers.admin.menu import EXPORTERS
from wxadmin.handlers.admin.users import UserHandler
from wxadmin.i18n import msgid, translator
from wxadmin.queries import user_file
from wxadmin.queries.user_filters import UserFilters
from wxadmin.services import exports

_SENT_AT_ONCE = 256 * 1024
_BUSY_FOR_S = 60


class UserFile(UserHandler):
    """Written to an unnamed file first: a download that is cut fails in the browser, since its length is known; a
    database that fails halfway is an error page instead of half a list; and a browser that takes its time keeps neither
    memory nor the database."""

    roles = EXPORTERS
    _writing: asyncio.Task[int] | None = None

    def on_connection_close(self) -> None:
        # Nobody waits for it any more: the query ends.
        if self._writing:
            self._writing.cancel()

    async def get(self) -> None:
        filters = self.filters().to_contact
        await self.choices_for(filters)
        with TemporaryFile() as file:
            try:
                rows = await self._written(file, filters)
            except asyncio.CancelledError:
                return
            except TooManyAtOnce:
                self._ask_for_patience()
                return
            await self.gateway.database.write(exports.note, filters.given, rows=rows, actor=self.identity.name)
            length = file.tell()
            file.seek(0)
            self._announce(length)
            await self._send(file)

    async def _written(self, file: IO[bytes], filters: UserFilters) -> int:
        """How many users the file holds now."""
        words, database = translator(self.language).gettext, self.gateway.database
        reading = database.long_reads.read(user_file.write, file, filters, self.front.zone, words, masks=self.masks)
        self._writing = asyncio.create_task(reading)
        return await self._writing

    def _ask_for_patience(self) -> None:
        words = translator(self.language).gettext
        self.set_status(HTTPStatus.SERVICE_UNAVAILABLE)
        self.set_header("Retry-After", str(_BUSY_FOR_S))
        self.show(
            "refused.html",
            title=words(msgid("Other lists are being written")),
            what_to_do=words(msgid("Two are written at a time, and two are at work. Please try again in a minute.")),
            again=self.request.uri,
            request_id=self.request_id,
        )

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
