"""The ledger of refresh passes: who made each, how long it took, and what came of it."""

from dataclasses import dataclass
from datetime import datetime

from wxadmin.clock import utcnow
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.durations import spoken
from wxadmin.handlers.admin.menu import TOKEN_READERS
from wxadmin.handlers.admin.token_words import TRIGGERS
from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Stage
from wxadmin.queries import refresh_passes
from wxadmin.queries.keys import SERVES_UNTIL_SILENT
from wxadmin.queries.refresh_passes import PassRow
from wxadmin.wechat import errcodes

_GREATEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class PassWords:
    """What is said of passes, to whoever reads this language at this moment."""

    now: datetime
    lang: Language

    def who(self, made: PassRow) -> str:
        """The process, and whoever had it make the pass."""
        say = translator(self.lang).gettext
        process = f"{made.host}:{made.pid}" if made.host else say(msgid("process %d")) % made.node
        return f"{process} · {made.actor}" if made.actor else process

    def trigger(self, made: PassRow) -> str:
        return translator(self.lang).gettext(TRIGGERS[made.trigger])

    def took(self, made: PassRow) -> str:
        """How long it took; of one without an end, what became of it."""
        if made.ended_at is not None:
            return spoken(made.started_at, made.ended_at, self.lang)
        is_alive = made.seen_at is not None and self.now - made.seen_at < SERVES_UNTIL_SILENT
        return translator(self.lang).gettext(msgid("at work") if is_alive else msgid("broken off"))

    def title(self, code: str) -> str:
        """What an errcode or reason is called."""
        return errcodes.find(code, Stage.REFRESH).title(self.lang)


class TokenPasses(StaffHandler):
    roles = TOKEN_READERS

    async def get(self) -> None:
        page = await self.gateway.database.read(
            refresh_passes.page, below=self._pass_id("older"), above=self._pass_id("newer")
        )
        self.show("tokens/passes.html", page=page, passes=page.rows, pass_words=PassWords(utcnow(), self.language))

    def _pass_id(self, name: str) -> int | None:
        text = self.query(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= _GREATEST_ID):
            raise BadRequest(f"{name} is the id of a pass")
        return int(text)
