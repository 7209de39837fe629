"""When explicit consents end: the coming thirty days as a chart, a table, and in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Self

from wxadmin import days
from wxadmin.handlers.admin.charts import Bucket, Series, stacked_bars
from wxadmin.handlers.admin.numbers import whole
from wxadmin.i18n import Language, msgid, translator
from wxadmin.queries.standing import Standing

_DAYS = 30
_COLOUR = 2


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many explicit consents end on each of the coming days, today first."""

    ending: Sequence[tuple[str, int]]
    lang: Language
    # Where the list of users is; None for whoever may not see them.
    users: str | None

    @classmethod
    def of(cls, standing: Standing, zone: tzinfo, lang: Language, *, users: str | None) -> Self:
        today = days.day_of(standing.at, zone)
        coming = [today + number * days.DAY for number in range(_DAYS)]
        return cls([(f"{day:%Y-%m-%d}", standing.ending[day]) for day in coming], lang, users)

    def __bool__(self) -> bool:
        return any(consents for _, consents in self.ending)

    @property
    def total(self) -> str:
        """In a sentence."""
        total = whole(sum(consents for _, consents in self.ending))
        return self._say(msgid("In the coming 30 days, the explicit consents of %s users end.")) % total

    @property
    def busiest_day(self) -> str:
        """What the day on which most of them end will bring, in a sentence."""
        day, consents = max(self.ending, key=lambda ending: ending[1])
        text = msgid(
            "Most end on %(day)s: %(people)s people will then see WeChat's consent pop-up the next time a site asks "
            "for the profile."
        )
        return self._say(text) % {"day": day, "people": whole(consents)}

    def people(self, day: str) -> str | None:
        """The list of those whose consents end on the day; None for whoever may not see people."""
        return f"{self.users}?consent_from={day}&consent_to={day}" if self.users else None

    @property
    def drawings(self) -> list[str]:
        """A wide one and a narrow one."""
        buckets = [Bucket(day[5:], self.people(day), (consents,)) for day, consents in self.ending]
        series = [Series(self._say(msgid("Consents that end")), _COLOUR)]
        title = self._say(msgid("Explicit consents that end, by day"))
        return [stacked_bars(buckets, series, title=title, describe=self.total, wide=wide) for wide in (True, False)]

    def _say(self, text: str) -> str:
        return translator(self.lang).gettext(text)
