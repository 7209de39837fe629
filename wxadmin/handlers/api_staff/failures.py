"""GET /api/v1/failures: how often each errcode and reason was met, the same counts as the page's."""

from wxadmin.clock import utcnow
from wxadmin.handlers.admin.menu import NOT_MARKETERS
from wxadmin.handlers.api_staff.answers import FailureItem, FailurePage
from wxadmin.handlers.api_staff.asked import FailuresAsked
from wxadmin.handlers.api_staff.base import StaffApiHandler
from wxadmin.handlers.base import checked_query
from wxadmin.queries import failure_spans, failures, places
from wxadmin.queries.failure_kinds import Kind
from wxadmin.queries.failures import People
from wxadmin.wechat import errcodes


class FailureList(StaffApiHandler):
    roles = NOT_MARKETERS
    summary = "Errcodes and reasons of the last days, the most frequent first"
    asks = FailuresAsked
    answers = FailurePage

    async def get(self) -> None:
        asked, read, now, zone = self.asked(FailuresAsked), self.gateway.database.read, utcnow(), self.front.zone
        known = await read(places.all_places, among=self.identity.site_ids)
        given = {name: str(value) for name, value in asked.model_dump(by_alias=True, exclude_none=True).items()}
        with checked_query():
            wanted = failure_spans.read(given, known, self.identity.site_ids, now=now, zone=zone)
        span = wanted.span(now)
        counted = await read(failures.by_kind, span)
        hit = await read(failures.people_of_each, span, list(counted))
        items = [self._item(kind, values, hit[kind]) for kind, values in counted.items()]
        self.answer(FailurePage(bounds=list(span.bounds), items=items))

    def _item(self, kind: Kind, values: tuple[int, ...], people: People) -> FailureItem:
        entry = errcodes.find(kind.code, kind.stage)
        return FailureItem(
            code=kind.code,
            stage=kind.stage,
            event_class=kind.event_class,
            title=entry.title(self.language),
            side=entry.side,
            count=sum(values),
            by_bucket=list(values),
            people=people.number,
            people_is_all=people.is_all,
        )
