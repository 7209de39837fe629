"""What has just happened at all processes, for those who listen at this one: one look a second at the newest events.

An event's id is drawn before its transaction commits, so that one with a lower id can appear after one with a higher
id, and clocks of hosts differ: each look reads some seconds again, and what is known of them is left out.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import DatabaseUnavailable
from wxadmin.ids import first_id_at
from wxadmin.log import logger
from wxadmin.models import Class
from wxadmin.queries import live
from wxadmin.queries.live import Happening, LiveFilters

AT_ONCE = 20
"""How many rows a listener is sent in a second; the rest is counted."""
LISTENERS = 32
"""How many may listen at one process."""
OVERLAP = timedelta(seconds=15)
"""How much later than its id an event may appear and still be seen."""
RESUMABLE = timedelta(minutes=10)
"""How long a listener may be away and still be told of all that it missed."""
_LOOKS_EVERY_S = 1.0
_SOME_DAY = datetime(2030, 1, 1, tzinfo=UTC)
# Of more than these in some seconds nobody reads the rows: they are counted as "or more".
_READ_AT_ONCE = 2_000
_OVERLAP_OF_IDS = first_id_at(_SOME_DAY + OVERLAP) - first_id_at(_SOME_DAY)


@dataclass(frozen=True, slots=True)
class Portion:
    """Rows for one second, newest first, and how many more there were; `is_least` where that is a lower bound.
    `is_gap`: what came before them is not known. `last_id` is where to go on from."""

    rows: Sequence[Happening]
    more: int
    is_least: bool
    is_gap: bool
    last_id: int


@dataclass(eq=False)
class Listener:
    """Somebody who listens, and what they have not been sent yet, which is never much."""

    filters: LiveFilters
    something: asyncio.Event = field(default_factory=asyncio.Event)
    _had: Collection[int] = ()
    _rows: list[Happening] = field(default_factory=list)
    _more: int = 0
    _is_least: bool = False
    _is_gap: bool = False
    _last_id: int = 0

    def begin(self, rows: Sequence[Happening], after: int | None, *, is_cut: bool, is_gap: bool) -> None:
        """What was there before: whoever was told of the events up to `after` missed the later ones, and may have
        missed earlier ones that appeared late. Those are sent as far as there is room, and not counted."""
        self._had = {one.id for one in rows}
        self._last_id = max((one.id for one in rows), default=after or 0)
        if after is None:
            return
        self._is_gap = is_gap
        fitting = [one for one in rows if self.filters.fits(one)]
        self._take_in([one for one in fitting if one.id > after], is_cut=is_cut)
        again = [one for one in fitting if one.id <= after][: AT_ONCE - len(self._rows)]
        self._rows += again
        if self._rows or self._is_gap:
            self.something.set()

    def offer(self, rows: Sequence[Happening], *, is_cut: bool) -> None:
        """What has happened since."""
        new = [one for one in rows if one.id not in self._had]
        if new:
            self._last_id = max(self._last_id, new[0].id)
        self._take_in([one for one in new if self.filters.fits(one)], is_cut=is_cut)

    def take(self) -> Portion | None:
        """All that there is for now; None where there is nothing."""
        if not self.something.is_set():
            return None
        rows = sorted(self._rows, key=lambda one: -one.id)
        portion = Portion(rows, self._more, self._is_least, self._is_gap, self._last_id)
        self._rows, self._more, self._is_least, self._is_gap = [], 0, False, False
        self.something.clear()
        return portion

    def _take_in(self, rows: Sequence[Happening], *, is_cut: bool) -> None:
        """Of too many, those that went wrong come first, then the newest."""
        if not rows:
            return
        wanted = sorted([*self._rows, *rows], key=lambda one: (one.event_class == Class.OK, -one.id))
        self._rows = wanted[:AT_ONCE]
        self._more += len(wanted) - len(self._rows)
        self._is_least |= is_cut
        self.something.set()


class TooManyListen(Exception):
    """As many listen at this process as may."""

    retry_after = 30


class Feed:
    """One a process. It asks the database only while somebody listens."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seats_taken = 0
        self._listeners: set[Listener] = set()
        self._known: set[int] = set()
        self._read_at = utcnow()
        # Nobody joins while a look is on its way: what it finds would be theirs, or not, by chance.
        self._one_at_a_time = asyncio.Lock()
        self._tail: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listening(self, filters: LiveFilters, after: int | None) -> AsyncIterator[Listener]:
        """Somebody listens until the end of the block; `after` is the newest event that they were told of. Raises
        TooManyListen, DatabaseUnavailable."""
        if self._seats_taken >= LISTENERS:
            raise TooManyListen
        listener = Listener(filters)
        self._seats_taken += 1
        try:
            await self._join(listener, after)
            yield listener
        finally:
            self._seats_taken -= 1
            self._listeners.discard(listener)
            if not self._seats_taken and self._tail:
                self._tail.cancel()
                self._tail = None

    async def _join(self, listener: Listener, after: int | None) -> None:
        async with self._one_at_a_time:
            now = utcnow()
            earliest = first_id_at(now - RESUMABLE)
            since = first_id_at(now - OVERLAP) if after is None else max(after - _OVERLAP_OF_IDS, earliest)
            rows = await self._database.read(live.since, since, limit=_READ_AT_ONCE)
            is_gap = (
                after is not None
                and after < earliest
                and await self._database.read(live.is_any_between, after, earliest)
            )
            listener.begin(rows, after, is_cut=len(rows) == _READ_AT_ONCE, is_gap=is_gap)
            self._listeners.add(listener)
            if self._tail is None:
                self._known, self._read_at = {one.id for one in rows}, now
                self._tail = asyncio.create_task(self._look_again_and_again())

    async def _look_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(_LOOKS_EVERY_S)
            try:
                await self._look()
            except DatabaseUnavailable:
                # What happens meanwhile is read when it is back.
                continue
            except Exception:
                # A look that fails once must be tried again, and seen to have failed.
                logger.exception("live_look_failed")

    async def _look(self) -> None:
        async with self._one_at_a_time:
            now = utcnow()
            since = first_id_at(self._read_at - OVERLAP)
            rows = await self._database.read(live.since, since, limit=_READ_AT_ONCE)
            new = [one for one in rows if one.id not in self._known]
            is_cut = len(rows) == _READ_AT_ONCE and rows[-1].id not in self._known
            self._known = {known for known in self._known if known >= since} | {one.id for one in new}
            self._read_at = now
            for listener in self._listeners:
                listener.offer(new, is_cut=is_cut)
