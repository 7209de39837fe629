"""Failures: which errcodes and reasons there were, how many, whom they hit, what they mean, and the attempts behind."""

import re
from functools import partial
from urllib.parse import urlencode

from tornado.web import HTTPError

from wxadmin import support_codes
from wxadmin.handlers.admin import code_chart, remedies
from wxadmin.handlers.admin.attempts import read_cursor
from wxadmin.handlers.admin.bars import bars
from wxadmin.handlers.admin.code_ranks import split
from wxadmin.handlers.admin.durations import spoken_ms
from wxadmin.handlers.admin.failure_page import FailureKind, FailurePage
from wxadmin.handlers.admin.menu import EXPORTERS_OF
from wxadmin.i18n import Language
from wxadmin.models import Class, ExportSubject
from wxadmin.queries import failures
from wxadmin.queries.attempt_filters import CODE
from wxadmin.queries.failure_spans import GLANCED_AT
from wxadmin.vocabulary import CLASSES
from wxadmin.wechat import errcodes
from wxadmin.wechat.errcodes import Entry

# What visitors see without the gateway hearing of it: WeChat's own pages, and symptoms.
_NEVER_HEARD_OF = ("authorize", "symptom")
_WITHOUT_A_NUMBER = re.compile(r"(page|symptom)_[a-z0-9_]{1,40}")
_OTHER_LANGUAGE: dict[Language, Language] = {"en": "zh_CN", "zh_CN": "en", "zh_TW": "en"}


class FailureList(FailurePage):
    """Every errcode and reason of the range, failures first; what is no failed login stands apart."""

    async def get(self) -> None:
        await self.read_filters()
        kinds = await self.kinds(GLANCED_AT)
        grouped = {one: [kind for kind in kinds if kind.kind.event_class == one] for one in CLASSES}
        counts, renewals = split({kind.kind: kind.group.values for kind in grouped[Class.FAILURE]})
        self.show(
            "failures/list.html",
            grouped=grouped,
            total=sum(sum(values) for values in counts.values()),
            renewals=renewals,
            chart=code_chart.draw(counts, self._bars(), self.language),
            glanced_at=GLANCED_AT,
            words=await self.words(kind.kind.code for kind in kinds),
            symptoms=[entry for entry in errcodes.all_entries() if entry.stage == "symptom"],
            wechats_pages=[entry for entry in errcodes.all_entries() if entry.stage == "authorize"],
            exports=self.identity.role in EXPORTERS_OF[ExportSubject.FAILURES],
            **self.asked(),
        )

    def _bars(self) -> list[tuple[str, str | None]]:
        site = {name: value for name, value in self.said.items() if name == "site"}
        asked = {"outcome": "failed", **site}
        return bars(
            self.span.bounds,
            self.front.zone,
            lambda times: self.path("/admin/attempts?") + urlencode({**asked, **times}),
            is_by_day=self.chosen.is_by_day,
        )


class FailureShow(FailurePage):
    """One errcode, reason, page of WeChat's or symptom: what it means at each step, what to do, what to tell the
    visitor, and the attempts behind it."""

    async def get(self, code: str) -> None:
        if not CODE.fullmatch(code) and not (_WITHOUT_A_NUMBER.fullmatch(code) and errcodes.is_listed(code)):
            raise HTTPError(404)
        await self.read_filters()
        kinds = await self.kinds(failures.PEOPLE_COUNTED, code)
        page = await self.gateway.database.read(
            failures.page,
            self.span,
            code,
            before=read_cursor("before", self.query("before")),
            after=read_cursor("after", self.query("after")),
        )
        entries = _entries(code, kinds)
        self.show(
            "failures/show.html",
            code=code,
            entries=entries,
            is_heard_of=bool(kinds) or any(entry.stage not in _NEVER_HEARD_OF for entry in entries),
            is_symptom=entries[0].stage == "symptom",
            is_unknown=not errcodes.is_listed(code),
            words=(await self.words([code])).get(code),
            other_speech=_OTHER_LANGUAGE[self.language],
            kinds=kinds,
            looked_at=failures.PEOPLE_COUNTED,
            page=page,
            remedy_for=partial(remedies.remedy_for, role=self.identity.role, lang=self.language),
            leads_for=partial(remedies.leads, role=self.identity.role, lang=self.language),
            show_code=support_codes.show,
            spoken=lambda milliseconds: spoken_ms(milliseconds, self.language),
            **self.asked(),
        )


def _entries(code: str, kinds: list[FailureKind]) -> list[Entry]:
    """What the catalogue says of the steps at which it happened; of every step where it has not happened yet."""
    met = list(dict.fromkeys(kind.entry for kind in kinds))
    listed = [entry for entry in errcodes.all_entries() if entry.code == code]
    return met or listed or [errcodes.find(code, "any")]
