"""The incident notice's page: what all pages are to say while something is out of order, and its end."""

from datetime import datetime

from wxadmin.errors import BadValue
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import TOKEN_KEEPERS
from wxadmin.i18n import msgid
from wxadmin.models.notice import LONGEST_REPLY, LONGEST_TEXT
from wxadmin.queries.notices import Shown
from wxadmin.services import notices as services
from wxadmin.services.notices import NoticeForm

# As the browser's field for a day and a time writes it.
_AS_ENTERED = "%Y-%m-%dT%H:%M"
_EARLIEST_YEAR = 2000


class NoticePage(FormHandler):
    """Shown again with what is set, it is changed by the same form."""

    roles = TOKEN_KEEPERS
    preview: Shown | None = None

    async def get(self) -> None:
        await self.front.notices.look()
        shown = self.front.notices.shown
        self.show(
            "notice/page.html",
            shown=shown,
            preview=self.preview,
            since=self._as_entered(shown.since if shown else None),
            until=self._as_entered(shown.until if shown else None),
            longest_text=LONGEST_TEXT,
            longest_reply=LONGEST_REPLY,
        )

    async def save(self) -> None:
        form = NoticeForm(
            text_zh=self.entered("text_zh"),
            text_en=self.entered("text_en"),
            reply=self.entered("reply"),
            on_visitors=self.ticked("on_visitors"),
            since=self._entered_moment("since"),
            until=self._entered_moment("until"),
        )
        if self.ticked("preview"):
            self.preview = services.preview(form, actor=self.identity.name)
            await self.get()
            return
        await self.gateway.database.write(services.put, form, actor=self.identity.name)
        await self.front.notices.look()
        self.done("/admin/notice")

    def _as_entered(self, at: datetime | None) -> str:
        return at.astimezone(self.front.zone).strftime(_AS_ENTERED) if at else ""

    def _entered_moment(self, field: str) -> datetime | None:
        """The moment as entered, on the clock of the pages."""
        entered = self.entered(field)
        if not entered:
            return None
        try:
            moment = datetime.strptime(entered[:16], _AS_ENTERED).replace(tzinfo=self.front.zone)
        except ValueError:
            moment = None
        if moment is None or moment.year < _EARLIEST_YEAR:
            raise BadValue(msgid("enter a day and a time such as 2026-11-20T08:30"), field=field)
        return moment


class NoticeEnd(FormHandler):
    roles = TOKEN_KEEPERS

    async def get(self) -> None:
        await self.front.notices.look()
        self.show("notice/end.html", shown=self.front.notices.shown)

    async def save(self) -> None:
        await self.gateway.database.write(services.end, actor=self.identity.name)
        await self.front.notices.look()
        self.done("/admin/notice")
