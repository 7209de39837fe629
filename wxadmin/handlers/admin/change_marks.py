"""What was changed while a chart's time ran: flags over its bars, and the same in words beneath."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from wxadmin.handlers.admin.audit_words import ACTION_WORDS
from wxadmin.handlers.admin.charts import Mark
from wxadmin.i18n import Language, translator
from wxadmin.queries.changes import Change


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """`title` is that of the account or site, empty where it is neither; `day` is what the audit log is asked for."""

    at: datetime
    when: str
    day: str
    what: str
    title: str

    @property
    def words(self) -> str:
        return f"{self.when} {self.what}" + (f" · {self.title}" if self.title else "")


def lines(changes: Sequence[Change], zone: ZoneInfo, lang: Language) -> list[ChangeLine]:
    """Newest first."""
    say = translator(lang).gettext
    return [
        ChangeLine(
            change.at,
            f"{change.at.astimezone(zone):%m-%d %H:%M}",
            f"{change.at.astimezone(zone):%Y-%m-%d}",
            say(ACTION_WORDS[change.action]),
            change.title or "",
        )
        for change in changes
    ]


def marks(changes: Sequence[ChangeLine], bounds: Sequence[datetime]) -> list[Mark]:
    """Where each stands over the bars between the bounds."""
    return [Mark(_place(change.at, bounds), change.words) for change in changes]


def _place(at: datetime, bounds: Sequence[datetime]) -> float:
    number = next(number for number, end in enumerate(bounds[1:]) if at < end)
    start, end = bounds[number], bounds[number + 1]
    return number + (at - start) / (end - start)
