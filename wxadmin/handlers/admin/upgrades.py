"""Who was known silently and then consented explicitly: by week as a chart, a table, and in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Self

from wxadmin.days import day_of
from wxadmin.handlers.admin.charts import Bucket, Series, stacked_bars
from wxadmin.handlers.admin.numbers import whole
from wxadmin.i18n import Language, msgid, translator
from wxadmin.queries.scopes import Grants

WEEKS = 12
_COLOUR = 3


@dataclass(frozen=True, slots=True)
class Upgrades:
    """How many users in each week, the oldest first; a week goes by its Monday."""

    weeks: Sequence[tuple[str, int]]
    undated: int
    lang: Language

    @classmethod
    def of(cls, grants: Grants, zone: tzinfo, lang: Language) -> Self:
        weeks = [(f"{day_of(week.start, zone):%Y-%m-%d}", week.users) for week in grants.upgrades]
        return cls(weeks, grants.undated, lang)

    def __bool__(self) -> bool:
        return any(users for _, users in self.weeks)

    @property
    def total(self) -> str:
        """In a sentence."""
        say = translator(self.lang).gettext
        text = say(msgid("In 12 weeks, %s users who were known silently consented explicitly for the first time."))
        return text % whole(sum(users for _, users in self.weeks))

    @property
    def left_out(self) -> str | None:
        """Whom the weeks cannot hold, in a sentence."""
        if not self.undated:
            return None
        text = msgid(
            "Of %s explicit users it is not known since when: they consented before that was kept, and stand in "
            "no week."
        )
        return translator(self.lang).gettext(text) % whole(self.undated)

    @property
    def drawings(self) -> list[str]:
        """A wide one and a narrow one."""
        say = translator(self.lang).gettext
        buckets = [Bucket(monday[5:], None, (users,)) for monday, users in self.weeks]
        series = [Series(say(msgid("Upgraded to explicit")), _COLOUR)]
        title = say(msgid("Upgrades from silent to explicit, by week"))
        return [stacked_bars(buckets, series, title=title, describe=self.total, wide=wide) for wide in (True, False)]
