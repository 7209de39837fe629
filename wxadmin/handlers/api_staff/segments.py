"""GET /api/v1/segments: saved filters, and about how many users fit each of them now."""

from wxadmin.handlers.admin.menu import NOT_DEVELOPERS
from wxadmin.handlers.api_staff.answers import SegmentItem, SegmentPage
from wxadmin.handlers.api_staff.asked import SegmentsAsked
from wxadmin.handlers.api_staff.base import StaffApiHandler
from wxadmin.queries import segments
from wxadmin.queries.segments import SegmentRow


class SegmentList(StaffApiHandler):
    roles = NOT_DEVELOPERS
    summary = "Segments by name: their filters, and about how many users fit"
    asks = SegmentsAsked
    answers = SegmentPage

    async def get(self) -> None:
        asked = self.asked(SegmentsAsked)
        page = await self.gateway.database.read(segments.page, masks=self.masks, after=asked.cursor)
        self.answer(SegmentPage(items=[_item(row) for row in page.rows], next=page.after))


def _item(row: SegmentRow) -> SegmentItem:
    segment, size = row.segment, row.size
    return SegmentItem(
        id=str(segment.id),
        name=segment.name,
        filters=row.given,
        filter_zone=segment.filter_zone,
        users=size.number if size else None,
        users_is_all=bool(size and size.is_all),
        made_by=segment.made_by,
        made_at=segment.made_at,
        changed_by=segment.changed_by,
        changed_at=segment.changed_at,
    )
