"""Attempts: the list that finds one, and one with everything that happened to it."""

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote, urlencode

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.handlers.admin import attempt_filters, callbacks, causes
from wxadmin.handlers.admin.attempt_filters import FIELDS, NEAR
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.durations import spoken
from wxadmin.handlers.admin.menu import NOT_MARKETERS
from wxadmin.handlers.admin.numbers import whole
from wxadmin.handlers.admin.ranges import read_moment
from wxadmin.handlers.admin.timelines import timeline
from wxadmin.handlers.admin.verdicts import remedy, verdict
from wxadmin.handlers.admin.vocabulary import BROWSERS, OUTCOMES, SCOPES
from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import msgid, translator
from wxadmin.queries import attempt, attempts, places
from wxadmin.queries.attempt import Missing
from wxadmin.wechat import errcodes

# What visitors see without the gateway hearing of it.
_NEVER_OF_AN_ATTEMPT = {"authorize", "symptom"}

_NOT_FOUND = {
    Missing.UNKNOWN: (
        HTTPStatus.NOT_FOUND,
        msgid("There is no attempt of this number"),
        msgid("The number is typed right. Its attempt is of another gateway, or was removed when its time was up."),
    ),
    Missing.NOT_YOURS: (
        HTTPStatus.FORBIDDEN,
        msgid("This attempt is not yours to see"),
        msgid("It belongs to a site that you are not a developer of. An administrator can add you there."),
    ),
}
_MISTYPED = (
    HTTPStatus.NOT_FOUND,
    msgid("This number is mistyped"),
    msgid("A support code has eight signs, such as K7M2-Q9XD, and these do not fit together. Ask for it again."),
)


class AttemptList(StaffHandler):
    """The list: newest first, narrowed by what is asked for. A text to look for is the search box's."""

    roles = NOT_MARKETERS

    async def get(self) -> None:
        asked = {name: value for name in FIELDS if (value := (self.query(name) or "").strip())}
        if q := self.query("q"):
            self.redirect(self.path("/admin/search?") + urlencode({"q": q}))
            return
        among = self.identity.site_ids
        known = await self.gateway.database.read(places.all_places, among=among)
        filters = attempt_filters.read(asked, known, self.front.zone, among=among)
        page = await self.gateway.database.read(
            attempts.page, filters, before=self._cursor("before"), after=self._cursor("after")
        )
        count = await self.gateway.database.read(attempts.count, filters)
        self.show(
            "attempts/list.html",
            asked=asked,
            shifted=self._shifted(asked),
            page=page,
            count=count,
            searched=attempts.SEARCHED,
            whole=whole,
            places=known,
            outcomes=OUTCOMES,
            browsers=BROWSERS,
            scopes=SCOPES,
            codes=sorted({entry.code for entry in errcodes.all_entries() if entry.stage not in _NEVER_OF_AN_ATTEMPT}),
            title_of=self._title_of,
            show_code=support_codes.show,
            waited=lambda row: spoken(row.started_at, row.ended_at or utcnow(), self.language),
            link=lambda **changes: self._link(asked | changes),
        )

    def _shifted(self, asked: Mapping[str, str]) -> Mapping[str, str] | None:
        """Where a moment was asked for, the addresses of what was before and after it."""
        if "around" not in asked:
            return None
        around = read_moment("around", asked["around"], self.front.zone)
        moments = {"earlier": around - 2 * NEAR, "later": around + 2 * NEAR}
        return {
            name: self._link({**asked, "around": f"{at.astimezone(self.front.zone):%Y-%m-%dT%H:%M}"})
            for name, at in moments.items()
        }

    def _cursor(self, name: str) -> int | None:
        return read_cursor(name, self.query(name))

    def _link(self, values: Mapping[str, object]) -> str:
        query = urlencode({name: value for name, value in values.items() if value is not None})
        return self.path("/admin/attempts") + (f"?{query}" if query else "")

    def _title_of(self, code: str) -> str:
        return errcodes.find(code, "any").title(self.language)


class AttemptShow(StaffHandler):
    """One attempt: the verdict first, then the steps, then the facts."""

    roles = NOT_MARKETERS

    async def get(self, typed: str) -> None:
        code = support_codes.read(typed)
        if code is None:
            self._not_found(typed, _MISTYPED)
            return
        found = await self.gateway.database.read(attempt.find, code, among=self.identity.site_ids)
        if isinstance(found, Missing):
            self._not_found(typed, _NOT_FOUND[found])
            return
        if typed != (proper := support_codes.show(found.support_code)):
            self.redirect(self.path(f"/admin/attempts/{quote(proper)}"))
            return
        now = utcnow()
        self.show(
            "attempts/show.html",
            shown=found,
            code=proper,
            verdict=verdict(found, self.language, now),
            causes=causes.likely(found, self.language),
            lines=timeline(found, self.language, now),
            callbacks=callbacks.side_by_side(found, self.language),
            to_the_millisecond=self._to_the_millisecond,
            outcome=OUTCOMES[found.outcome],
            browsers=BROWSERS,
            scopes=SCOPES,
            remedy=remedy(found, self.language),
        )

    def _to_the_millisecond(self, at: datetime) -> str:
        local = at.astimezone(self.front.zone)
        return f"{local:%H:%M:%S}.{local.microsecond // 1_000:03}"

    def _not_found(self, typed: str, why: tuple[HTTPStatus, str, str]) -> None:
        status, title, what_to_do = why
        self.set_status(status)
        words = translator(self.language)
        self.show(
            "attempts/missing.html", title=words.gettext(title), what_to_do=words.gettext(what_to_do), typed=typed
        )


def read_cursor(name: str, text: str | None) -> int | None:
    """The id that a page begins after. Raises BadRequest."""
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise BadRequest(f"{name} is a number that a link of this list carries")
    return int(text)
