"""人群: named filters with how many users fit them, made from the list of users and shared by all who see people."""

from urllib.parse import urlencode

from tornado.web import HTTPError

from wxadmin.errors import NoSuchSegment, TooManyAtOnce
from wxadmin.handlers.admin.exact_counts import Counting
from wxadmin.handlers.admin.export_words import filters_in_words
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import EXPORTERS
from wxadmin.handlers.admin.numbers import whole
from wxadmin.handlers.admin.user_list import EXACT
from wxadmin.handlers.admin.users import UserHandler
from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import translator
from wxadmin.models import Segment
from wxadmin.models.segment import LONGEST_SEGMENT
from wxadmin.queries import earlier_exports, segments, user_counts, users
from wxadmin.queries.segments import SegmentRow
from wxadmin.queries.user_counts import Progress
from wxadmin.queries.user_filters import Choices, UserFilters, choices
from wxadmin.services import segments as services

_GREATEST_ID = 2**63 - 1


class SegmentHandler(UserHandler):
    """What the pages of segments share."""

    async def found(self, typed_id: str) -> Segment:
        """Raises HTTPError where there is none."""
        segment_id = int(typed_id)
        try:
            return await self.gateway.database.read(segments.find, min(segment_id, _GREATEST_ID))
        except NoSuchSegment:
            raise HTTPError(404) from None

    def list_address(self, row: SegmentRow) -> str:
        """Where its users are listed, and its filters can be changed."""
        return self.path("/admin/users?") + urlencode(row.given | {"over": row.segment.id})

    def words_of(self, given: dict[str, str], offered: Choices) -> list[tuple[str, str]]:
        return filters_in_words(given, offered, translator(self.language).gettext)

    async def offered(self) -> Choices:
        return await self.gateway.database.read(choices, UserFilters())


class SegmentList(SegmentHandler):
    async def get(self) -> None:
        after, before = self.query("after"), self.query("before")
        if after and before:
            raise BadRequest("after or before, not both")
        page = await self.gateway.database.read(segments.page, masks=self.masks, after=after, before=before)
        offered = await self.offered()
        self.show(
            "segments/list.html",
            page=page,
            words_of=lambda row: self.words_of(row.given, offered),
            list_address=self.list_address,
            beside=lambda **place: self.path("/admin/segments?") + urlencode(place),
            may_change=self.identity.role in EXPORTERS,
            counted_to=users.COUNTED_TO,
            whole=whole,
            moment=self.moment,
        )


class SegmentShow(SegmentHandler):
    """One segment, with an exact count where it is asked for, and the exports that were made of it."""

    async def get(self, typed_id: str) -> None:
        segment = await self.found(typed_id)
        kind = self.query("count")
        if kind not in {None, EXACT}:
            raise BadRequest(f"count is {EXACT}, or left out")
        read = self.gateway.database.read
        row = await read(segments.row, segment, masks=self.masks)
        counting, is_busy = None, False
        if kind == EXACT and row.size is not None:
            try:
                counting = await self._exactly(segment)
            except TooManyAtOnce:
                is_busy = True
        may_change = self.identity.role in EXPORTERS
        self.show(
            "segments/show.html",
            row=row,
            segment=segment,
            counting=counting,
            is_busy=is_busy,
            exports=await read(earlier_exports.newest, row.given, segment.id, limit=20) if may_change else [],
            words=self.words_of(row.given, await self.offered()),
            list_address=self.list_address,
            may_change=may_change,
            counted_to=users.COUNTED_TO,
            whole=whole,
            moment=self.moment,
            own=self.path(f"/admin/segments/{segment.id}"),
        )

    async def _exactly(self, segment: Segment) -> Counting:
        filters, zone = segments.filters_of(segment), segments.zone_of(segment)

        async def count(progress: Progress) -> int:
            return await self.gateway.database.long_reads.read(
                user_counts.exactly, filters, zone, masks=self.masks, progress=progress
            )

        question = (filters, zone, self.identity.role)
        return await self.front.exact_counts.ask(self.identity.name, question, count)


class SegmentNew(FormHandler, SegmentHandler):
    """The filters of the list stand in the address."""

    roles = EXPORTERS

    async def get(self) -> None:
        filters = self.filters()
        offered = await self.choices_for(filters)
        query = urlencode(filters.given)
        self.show(
            "segments/new.html",
            words=self.words_of(filters.given, offered),
            back=self.path("/admin/users") + (f"?{query}" if query else ""),
            longest=LONGEST_SEGMENT,
        )

    async def save(self) -> None:
        segment = await self.gateway.database.write(
            services.add,
            self.entered("name"),
            self.filters(),
            filter_zone=self.front.zone.key,
            actor=self.identity.name,
        )
        self.done(f"/admin/segments/{segment.id}")


class SegmentRename(FormHandler, SegmentHandler):
    roles = EXPORTERS

    async def get(self, typed_id: str) -> None:
        self.show("segments/rename.html", segment=await self.found(typed_id), longest=LONGEST_SEGMENT)

    async def save(self, typed_id: str) -> None:
        segment = await self.found(typed_id)
        write, name = self.gateway.database.write, self.entered("name")
        await write(services.rename, segment.id, name, actor=self.identity.name)
        self.done(f"/admin/segments/{segment.id}")


class SegmentChange(FormHandler, SegmentHandler):
    """Its filters become those of the address, where the list of users has put them."""

    roles = EXPORTERS

    async def get(self, typed_id: str) -> None:
        segment, filters = await self.found(typed_id), self.filters()
        offered = await self.choices_for(filters)
        row = await self.gateway.database.read(segments.row, segment, masks=self.masks)
        self.show(
            "segments/change.html",
            segment=segment,
            was=self.words_of(row.given, offered),
            words=self.words_of(filters.given, offered),
            back=self.path("/admin/users?") + urlencode(filters.given | {"over": segment.id}),
        )

    async def save(self, typed_id: str) -> None:
        segment, zone = await self.found(typed_id), self.front.zone.key
        write, filters = self.gateway.database.write, self.filters()
        await write(services.change, segment.id, filters, filter_zone=zone, actor=self.identity.name)
        self.done(f"/admin/segments/{segment.id}")


class SegmentDelete(FormHandler, SegmentHandler):
    roles = EXPORTERS

    async def get(self, typed_id: str) -> None:
        self.show("segments/delete.html", segment=await self.found(typed_id))

    async def save(self, typed_id: str) -> None:
        segment = await self.found(typed_id)
        await self.gateway.database.write(services.delete, segment.id, actor=self.identity.name)
        self.done("/admin/segments")
