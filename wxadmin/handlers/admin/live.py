"""The live feed (实时动态): the newest steps of logins as a list, and as a stream for the script of its page."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from http import HTTPStatus
from urllib.parse import urlencode

from tornado.iostream import StreamClosedError

from wxadmin.clock import utcnow
from wxadmin.errors import DatabaseUnavailable
from wxadmin.handlers.admin import live_filters, live_words
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.feed import Listener, Portion, TooManyListen
from wxadmin.handlers.admin.live_words import BLANK, Row
from wxadmin.handlers.admin.menu import NOT_MARKETERS
from wxadmin.handlers.admin.user_words import CLASSES
from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import msgid, translator
from wxadmin.models import Class, Outcome
from wxadmin.queries import live, places, staff
from wxadmin.queries.live import Happening, LiveFilters
from wxadmin.queries.places import Places
from wxadmin.security.hashes import sha256
from wxadmin.services import sessions
from wxadmin.vocabulary import OUTCOMES

_ID = re.compile(r"[0-9]{1,18}")
_LOOKS_EVERY_S = 5.0
# Proxies cut what has been silent for a minute.
_HEARTBEAT_S = 15.0
# After that a browser that takes nothing is given up; it comes back by itself.
_PATIENCE_S = 10.0
_A_SECOND = 1.0
_RETRY_MS = 3_000
_BUSY_FOR_S = 10
_CHECKED_OUT = "event: ended\ndata: {}\n\n"


class LiveHandler(StaffHandler):
    """What the list and its stream share: the filters, and what a row says."""

    roles = NOT_MARKETERS

    async def asked(self) -> tuple[dict[str, str], Places, LiveFilters]:
        """The filters as the query string names them, what there is to choose from, and what they mean."""
        asked = {name: value for name in live_filters.FIELDS if (value := (self.query(name) or "").strip())}
        among = self.identity.site_ids
        known = await self.gateway.database.read(places.all_places, among=among)
        return asked, known, live_filters.read(asked, known, among=among)

    async def in_words(self, happened: Sequence[Happening]) -> list[Row]:
        found = await self.gateway.database.read(live.places, {one.attempt_id for one in happened})
        return live_words.rows(
            happened, found, self.language, zone=self.front.zone, attempts=self.path("/admin/attempts")
        )


class LivePage(LiveHandler):
    """The newest ones; a script adds what happens from then on."""

    async def get(self) -> None:
        asked, known, filters = await self.asked()
        happened = await self.gateway.database.read(live.newest, filters)
        after = {"after": str(happened[0].id) if happened else "0"}
        self.show(
            "live/page.html",
            asked=asked,
            places=known,
            outcomes={outcome: OUTCOMES[outcome] for outcome in Outcome},
            classes={event_class: CLASSES[event_class] for event_class in Class},
            rows=await self.in_words(happened),
            blank=BLANK,
            shown=live.SIZE,
            searched=f"{live.SEARCHED:,}",
            at=utcnow(),
            stream=self.path("/admin/live/events?" + urlencode(asked | after)),
            again=self.path("/admin/live" + (f"?{urlencode(asked)}" if asked else "")),
        )


class LiveEvents(LiveHandler):
    """Ends when the browser goes, when its session is over, and at once when the process is told to end."""

    _gone: asyncio.Event | None = None

    def on_connection_close(self) -> None:
        if self._gone:
            self._gone.set()

    async def get(self) -> None:
        if "text/event-stream" not in self.request.headers.get("Accept", ""):
            raise BadRequest("this address is for an EventSource, which says Accept: text/event-stream")
        _, _, filters = await self.asked()
        if self.gateway.stopping.is_set():
            self._ask_for_patience()
            return
        self._gone = asyncio.Event()
        try:
            async with self.front.feed.listening(filters, self._after()) as listener:
                self._announce()
                await self._until_it_is_over(listener)
        except TooManyListen:
            self._ask_for_patience()
            return
        # Not waited for: a browser that takes nothing would be.
        self.finish()

    def _after(self) -> int | None:
        """The newest event that the browser was told of: on its way back it says so by itself."""
        said = self.request.headers.get("Last-Event-ID") or self.query("after") or ""
        return int(said) if _ID.fullmatch(said) else None

    def _ask_for_patience(self) -> None:
        self.set_status(HTTPStatus.SERVICE_UNAVAILABLE)
        self.set_header("Retry-After", str(_BUSY_FOR_S))
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("as many listen at this process as may\n")

    def _announce(self) -> None:
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        # Nginx would else keep the rows until it has a page of them.
        self.set_header("X-Accel-Buffering", "no")
        self.write(f"retry: {_RETRY_MS}\n\n")

    async def _until_it_is_over(self, listener: Listener) -> None:
        assert self._gone is not None
        sending = asyncio.create_task(self._send_all(listener))
        ends = [asyncio.create_task(end.wait()) for end in (self._gone, self.gateway.stopping)]
        await asyncio.wait([sending, *ends], return_when=asyncio.FIRST_COMPLETED)
        for task in (sending, *ends):
            task.cancel()
        failure = (await asyncio.gather(sending, *ends, return_exceptions=True))[0]
        if isinstance(failure, TimeoutError):
            self.request.connection.stream.close()  # type: ignore[union-attr]
        # A browser that went, or takes nothing, and a database that is away: it comes back, and goes on from there.
        expected = (asyncio.CancelledError, StreamClosedError, TimeoutError, DatabaseUnavailable)
        if isinstance(failure, BaseException) and not isinstance(failure, expected):
            raise failure

    async def _send_all(self, listener: Listener) -> None:
        await self._send("")
        looked = said = time.monotonic()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(listener.something.wait(), _LOOKS_EVERY_S)
            if time.monotonic() - looked >= _LOOKS_EVERY_S:
                if not await self._may_still_listen():
                    await self._send(_CHECKED_OUT)
                    return
                looked = time.monotonic()
            if portion := listener.take():
                await self._send(await self._event(portion))
                said = time.monotonic()
                await asyncio.sleep(_A_SECOND)
            elif time.monotonic() - said >= _HEARTBEAT_S:
                await self._send(":\n\n")
                said = time.monotonic()

    async def _may_still_listen(self) -> bool:
        """Looking on is no use of a session: one that lies idle ends though its feed is open."""
        now, token = utcnow(), self.get_cookie(self.session_cookie) or ""
        found = await self.gateway.database.read(
            staff.signed_in, sha256(token), now=now, idle_since=now - sessions.IDLE
        )
        return found is not None and found.identity == self.identity

    async def _event(self, portion: Portion) -> str:
        rows = await self.in_words(portion.rows)
        said = {"rows": [asdict(row) for row in rows], "more": self._more(portion), "gap": self._gap(portion)}
        return f"id: {portion.last_id}\ndata: {json.dumps(said, ensure_ascii=False)}\n\n"

    def _more(self, portion: Portion) -> str:
        if not portion.more:
            return ""
        words = translator(self.language)
        if portion.is_least:
            return words.gettext(msgid("and %s more, or yet more than that")) % f"{portion.more:,}"
        return words.ngettext("and %s more", "and %s more", portion.more) % f"{portion.more:,}"

    def _gap(self, portion: Portion) -> str:
        say = translator(self.language).gettext
        return say(msgid("You were away for long: earlier steps are not shown here.")) if portion.is_gap else ""

    async def _send(self, text: str) -> None:
        self.write(text)
        async with asyncio.timeout(_PATIENCE_S):
            await self.flush()
