"""The list of attempts, newest first, narrowed by what is asked for."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.durations import spoken
from wxadmin.handlers.admin.menu import EXPORTERS_OF, NOT_MARKETERS
from wxadmin.handlers.admin.numbers import whole
from wxadmin.handlers.admin.range_words import NEARNESS
from wxadmin.handlers.base import BadRequest, checked_query
from wxadmin.models import ExportSubject
from wxadmin.queries import attempt_filters, attempts, places
from wxadmin.queries.attempt_filters import FIELDS, PERSONAL, USUALLY_NEAR, nearness, said
from wxadmin.queries.masking import Field
from wxadmin.queries.ranges import read_moment
from wxadmin.services import lookups
from wxadmin.vocabulary import BROWSERS, OUTCOMES, SCOPES
from wxadmin.wechat import errcodes

# What visitors see without the gateway hearing of it.
_NEVER_OF_AN_ATTEMPT = {"authorize", "symptom"}


class AttemptList(StaffHandler):
    """The list: newest first, narrowed by what is asked for. A text to look for is the search box's."""

    roles = NOT_MARKETERS

    async def get(self) -> None:
        asked = said({name: value for name in FIELDS if (value := (self.query(name) or "").strip())})
        if q := self.query("q"):
            self.redirect(self.path("/admin/search?") + urlencode({"q": q}))
            return
        among = self.identity.site_ids
        known = await self.gateway.database.read(places.all_places, among=among)
        with checked_query():
            filters = attempt_filters.read(asked, known, self.front.zone, among=among)
        page = await self.gateway.database.read(
            attempts.page, filters, before=self._cursor("before"), after=self._cursor("after")
        )
        await self._note_search(asked, [support_codes.show(row.support_code) for row in page.rows])
        count = await self.gateway.database.read(attempts.count, filters)
        self.show(
            "attempts/list.html",
            asked=asked,
            shifted=self._shifted(asked),
            page=page,
            count=count,
            searched=attempts.SEARCHED,
            whole=whole,
            this_year=f"{utcnow().astimezone(self.front.zone):%Y}",
            places=known,
            outcomes=OUTCOMES,
            browsers=BROWSERS,
            nearness=NEARNESS,
            usually_near=USUALLY_NEAR,
            scopes=SCOPES,
            codes=sorted({entry.code for entry in errcodes.all_entries() if entry.stage not in _NEVER_OF_AN_ATTEMPT}),
            title_of=self._title_of,
            show_code=support_codes.show,
            waited=lambda row: spoken(row.started_at, row.ended_at or utcnow(), self.language),
            export=self._export_address(asked) if self.identity.role in EXPORTERS_OF[ExportSubject.ATTEMPTS] else None,
            link=lambda **changes: self._link(asked | changes),
        )

    async def _note_search(self, asked: Mapping[str, str], found: Sequence[str]) -> None:
        """Puts on record that somebody was looked for by what is masked to whoever looks."""
        by = [name for name in PERSONAL if name in asked and not self.masks.is_clear(Field(name))]
        if by:
            await self.gateway.database.write(lookups.note, "attempts", by=by, found=found, actor=self.identity.name)

    def _shifted(self, asked: Mapping[str, str]) -> Mapping[str, str] | None:
        """Where a moment was asked for, the addresses of what was before and after it."""
        if "around" not in asked:
            return None
        around, near = read_moment("around", asked["around"], self.front.zone), nearness(asked)
        moments = {"earlier": around - 2 * near, "later": around + 2 * near}
        return {
            name: self._link({**asked, "around": f"{at.astimezone(self.front.zone):%Y-%m-%dT%H:%M}"})
            for name, at in moments.items()
        }

    def _cursor(self, name: str) -> int | None:
        return read_cursor(name, self.query(name))

    def _link(self, values: Mapping[str, object]) -> str:
        query = urlencode({name: value for name, value in values.items() if value is not None})
        return self.path("/admin/attempts") + (f"?{query}" if query else "")

    def _export_address(self, asked: Mapping[str, str]) -> str:
        return self.path("/admin/exports/new/attempts") + (f"?{urlencode(asked)}" if asked else "")

    def _title_of(self, code: str) -> str:
        return errcodes.find(code, "any").title(self.language)


def read_cursor(name: str, text: str | None) -> int | None:
    """The id that a page begins after. Raises BadRequest."""
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise BadRequest(f"{name} is a number that a link of this list carries")
    return int(text)
