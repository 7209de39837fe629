"""Failures: which errcodes and reasons there were, how many, whom they hit, what they mean, and the attempts behind."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tornado.web import HTTPError

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.handlers.admin import code_chart, ranges
from wxadmin.handlers.admin.attempt_filters import CODE
from wxadmin.handlers.admin.attempts import read_cursor
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.charts import sparkline
from wxadmin.handlers.admin.durations import spoken_ms
from wxadmin.handlers.admin.menu import NOT_MARKETERS
from wxadmin.handlers.admin.numbers import whole
from wxadmin.handlers.admin.vocabulary import CLASSES, SIDES, STAGES
from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import msgid, translator
from wxadmin.models import Class
from wxadmin.queries import failures, places
from wxadmin.queries.failures import Kind, People, Span
from wxadmin.queries.places import Places
from wxadmin.wechat import errcodes
from wxadmin.wechat.errcodes import Entry

RANGES = {"today": msgid("Today"), "7": msgid("7 days"), "30": msgid("30 days")}
_DEFAULT_RANGE = "7"


@dataclass(frozen=True, slots=True)
class FailureKind:
    """One row: what happened where, how often in each bucket, and to how many."""

    kind: Kind
    entry: Entry
    values: tuple[int, ...]
    people: People
    trend: str

    @property
    def total(self) -> int:
        return sum(self.values)


class _FailurePage(StaffHandler):
    """The range and the site that both pages are narrowed to."""

    roles = NOT_MARKETERS

    async def _read_filters(self) -> None:
        self.range = self.query("range") or _DEFAULT_RANGE
        if self.range not in RANGES:
            raise BadRequest(f"range is one of {', '.join(RANGES)}")
        self.site = self.query("site")
        self.known: Places = await self.gateway.database.read(places.all_places, among=self.identity.site_ids)
        among = self.identity.site_ids
        if self.site is not None:
            among = frozenset(place.id for place in self.known.sites if place.name == self.site)
            if not among:
                raise BadRequest("there is no site of this name, or it is not yours to see")
        self.span = Span(self._bounds(), among)

    def _bounds(self) -> tuple[datetime, ...]:
        if self.range == "today":
            return ranges.by_hour_of_today(utcnow(), self.front.zone)
        return ranges.by_day(int(self.range), utcnow(), self.front.zone)

    async def _kinds(self, code: str | None = None) -> list[FailureKind]:
        counted = await self.gateway.database.read(failures.by_kind, self.span, code=code)
        hit = await self.gateway.database.read(failures.people_of_each, self.span, list(counted))
        title = translator(self.language).gettext(msgid("Trend"))
        return [
            FailureKind(kind, errcodes.find(kind.code, kind.stage), values, hit[kind], sparkline(values, title=title))
            for kind, values in counted.items()
        ]

    def _link(self, path: str, **changes: object) -> str:
        asked = {"range": self.range if self.range != _DEFAULT_RANGE else None, "site": self.site} | changes
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return self.path(path) + (f"?{query}" if query else "")

    def get_template_namespace(self) -> dict[str, Any]:
        return super().get_template_namespace() | {
            "link": self._link,
            "speech": self.language,
            "ranges": RANGES,
            "sides": SIDES,
            "stages": STAGES,
            "classes": CLASSES,
            "whole": whole,
        }


class FailureList(_FailurePage):
    """Every errcode and reason of the range, failures first; what is no failed login stands apart."""

    async def get(self) -> None:
        await self._read_filters()
        kinds = await self._kinds()
        grouped = {one: [kind for kind in kinds if kind.kind.event_class == one] for one in CLASSES}
        counts = {kind.kind: kind.values for kind in grouped[Class.FAILURE]}
        self.show(
            "failures/list.html",
            grouped=grouped,
            total=sum(kind.total for kind in grouped[Class.FAILURE]),
            chart=code_chart.draw(counts, self._buckets(), self.language),
            range=self.range,
            site=self.site,
            places=self.known,
        )

    def _buckets(self) -> list[tuple[str, str | None]]:
        """What each bucket is called, and the list behind it; the list of attempts knows days, not hours."""
        starts = [bound.astimezone(self.front.zone) for bound in self.span.bounds[:-1]]
        if self.range == "today":
            return [(f"{start:%H:%M}", None) for start in starts]
        return [(f"{start:%m-%d}", self._attempts_of(f"{start:%Y-%m-%d}")) for start in starts]

    def _attempts_of(self, day: str) -> str:
        asked = {"outcome": "failed", "from": day, "to": day, "site": self.site}
        return self.path("/admin/attempts?") + urlencode({name: value for name, value in asked.items() if value})


class FailureShow(_FailurePage):
    """One errcode or reason: what it means at each step, what to do, and the attempts behind it."""

    async def get(self, code: str) -> None:
        if not CODE.fullmatch(code):
            raise HTTPError(404)
        await self._read_filters()
        kinds = await self._kinds(code)
        page = await self.gateway.database.read(
            failures.page,
            self.span,
            code,
            before=read_cursor("before", self.query("before")),
            after=read_cursor("after", self.query("after")),
        )
        self.show(
            "failures/show.html",
            code=code,
            entries=_entries(code, kinds),
            kinds=kinds,
            page=page,
            range=self.range,
            site=self.site,
            places=self.known,
            show_code=support_codes.show,
            spoken=lambda milliseconds: spoken_ms(milliseconds, self.language),
        )


def _entries(code: str, kinds: list[FailureKind]) -> list[Entry]:
    """What the catalogue says of the steps at which it happened; of every step where it has not happened yet."""
    met = list(dict.fromkeys(kind.entry for kind in kinds))
    listed = [entry for entry in errcodes.all_entries() if entry.code == code]
    return met or listed or [errcodes.find(code, "any")]
