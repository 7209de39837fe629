"""GET /api/v1/events: every step of every login and every refresh, newest first."""

from wxadmin import support_codes
from wxadmin.days import DAY, start_of
from wxadmin.handlers.admin.menu import NOT_MARKETERS
from wxadmin.handlers.api_staff.answers import EventItem, EventPage
from wxadmin.handlers.api_staff.asked import EventsAsked
from wxadmin.handlers.api_staff.base import StaffApiHandler
from wxadmin.queries import event_list
from wxadmin.queries.event_list import EventFilters, EventRow


class EventList(StaffApiHandler):
    roles = NOT_MARKETERS
    summary = "Steps of logins and refreshes of tokens, newest first"
    asks = EventsAsked
    answers = EventPage

    async def get(self) -> None:
        asked, zone = self.asked(EventsAsked), self.front.zone
        filters = EventFilters(
            stage=asked.stage,
            event_class=asked.event_class,
            code=asked.code,
            since=start_of(asked.since, zone) if asked.since else None,
            until=start_of(asked.until + DAY, zone) if asked.until else None,
            among=await self.among(asked.site),
        )
        before = int(asked.cursor) if asked.cursor else None
        page = await self.gateway.database.read(event_list.page, filters, before=before)
        older = None if page.older is None else str(page.older)
        self.answer(EventPage(items=[self._item(row) for row in page.rows], next=older))

    def _item(self, row: EventRow) -> EventItem:
        # Whoever is confined to sites is not told which steps are one person's.
        sees_people = self.identity.site_ids is None
        return EventItem(
            id=str(row.id),
            at=row.at,
            stage=row.stage,
            event_class=row.event_class,
            code=row.code or None,
            errmsg=row.errmsg,
            rid=row.rid,
            http_status=row.http_status,
            duration_ms=row.duration_ms,
            scope=row.scope,
            browser=row.browser_family,
            outcome=row.outcome,
            user_id=str(row.user_id) if row.user_id and sees_people else None,
            support_code=support_codes.show(row.support_code) if row.support_code else None,
            site=row.site,
            account=row.account,
        )
