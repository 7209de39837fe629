"""GET /api/v1/events: every step of every login and every refresh, newest first."""

from wxadmin import support_codes
from wxadmin.handlers.admin.menu import NOT_MARKETERS
from wxadmin.handlers.api_staff.answers import EventItem, EventPage
from wxadmin.handlers.api_staff.asked import EventsAsked
from wxadmin.handlers.api_staff.base import StaffApiHandler
from wxadmin.handlers.base import checked_query
from wxadmin.queries import event_filters, event_list, places
from wxadmin.queries.event_list import EventRow


class EventList(StaffApiHandler):
    roles = NOT_MARKETERS
    summary = "Steps of logins and refreshes of tokens, newest first"
    asks = EventsAsked
    answers = EventPage

    async def get(self) -> None:
        asked, among = self.asked(EventsAsked), self.identity.site_ids
        known = await self.gateway.database.read(places.all_places, among=among)
        given = {name: str(value) for name, value in asked.model_dump(by_alias=True, exclude_none=True).items()}
        with checked_query():
            filters = event_filters.read(given, known, self.front.zone, among=among)
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
