"""What the pages of failures share: days and site, the groups within them, and their words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from wxadmin.clock import utcnow
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.charts import sparkline
from wxadmin.handlers.admin.failure_words import AgainstUsual, Bars, against_usual, at_most, bars_of
from wxadmin.handlers.admin.menu import NOT_MARKETERS
from wxadmin.handlers.admin.numbers import per_cent, whole
from wxadmin.handlers.admin.range_words import RANGES
from wxadmin.handlers.base import checked_query
from wxadmin.i18n import msgid, translator
from wxadmin.queries import failure_groups, failure_spans, failures, places
from wxadmin.queries.chosen_days import GIVEN
from wxadmin.queries.failure_groups import Behind, Group
from wxadmin.queries.failure_kinds import Kind
from wxadmin.queries.places import Places
from wxadmin.vocabulary import CLASSES, SIDES, STAGES
from wxadmin.wechat import errcodes
from wxadmin.wechat.errcodes import Entry

_MOST_UNKNOWN = 20


@dataclass(frozen=True, slots=True)
class FailureKind:
    """One row: a group with what the catalogue says of it, and how it is drawn and told; `bars` are for the page of one
    code."""

    group: Group
    entry: Entry
    trend: str
    usual: AgainstUsual | None
    at_most: Sequence[str]
    bars: Sequence[Bars]

    @property
    def kind(self) -> Kind:
        return self.group.kind

    @property
    def behind(self) -> Behind:
        return self.group.behind

    @property
    def total(self) -> int:
        return self.group.total


class FailurePage(StaffHandler):
    """The days and the site that both pages are narrowed to."""

    roles = NOT_MARKETERS

    async def read_filters(self) -> None:
        now, among = utcnow(), self.identity.site_ids
        self.said = {name: value for name in failure_spans.FIELDS if (value := self.query(name))}
        self.known: Places = await self.gateway.database.read(places.all_places, among=among)
        with checked_query():
            asked = failure_spans.read(self.said, self.known, among, now=now, zone=self.front.zone)
        self.chosen, self.span = asked.chosen, asked.span(now)
        if self.chosen.range == GIVEN:
            self.said.pop("range", None)

    def asked(self) -> dict[str, Any]:
        """What the form of the filters says. No part of the namespace: refusals have none."""
        return {"chosen": self.chosen, "places": self.known, "site": self.said.get("site")}

    async def kinds(self, looked_at: int, code: str | None = None) -> list[FailureKind]:
        """Each code at one step; the newest `looked_at` events of each are followed."""
        found = await self.gateway.database.read(
            failure_groups.groups, self.span, now=utcnow(), code=code, looked_at=looked_at
        )
        return [self._kind(group, has_bars=code is not None) for group in found]

    async def words(self, codes: Iterable[str]) -> dict[str, str]:
        """What WeChat says with codes that are not in the catalogue."""
        unknown = sorted({code for code in codes if not errcodes.is_listed(code)})[:_MOST_UNKNOWN]
        return await self.gateway.database.read(failures.words_of_each, self.span, unknown) if unknown else {}

    def link(self, path: str, **changes: object) -> str:
        """An address of ours for the same days and site."""
        asked: dict[str, object] = {**self.said, **changes}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return self.path(path) + (f"?{query}" if query else "")

    def get_template_namespace(self) -> dict[str, Any]:
        return super().get_template_namespace() | {
            "link": self.link,
            "speech": self.language,
            "ranges": RANGES,
            "sides": SIDES,
            "stages": STAGES,
            "classes": CLASSES,
            "is_listed": errcodes.is_listed,
            "per_cent": per_cent,
            "title_of": lambda code: errcodes.find(code, "any").title(self.language),
            "to_the_minute": self._to_the_minute,
            "whole": whole,
        }

    def _kind(self, group: Group, *, has_bars: bool) -> FailureKind:
        lang = self.language
        return FailureKind(
            group,
            errcodes.find(group.kind.code, group.kind.stage),
            trend=sparkline(group.values, title=translator(lang).gettext(msgid("Trend"))),
            usual=against_usual(group.usual, lang) if group.usual else None,
            at_most=at_most(group.behind.most_hit, lang),
            bars=bars_of(group.behind.most_hit, lang) if has_bars else (),
        )

    def _to_the_minute(self, at: datetime) -> str:
        return f"{at.astimezone(self.front.zone):%m-%d %H:%M}"
