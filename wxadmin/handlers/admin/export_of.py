"""The dialogs before an export of attempts or failures: the filters of their list, how many there are, what for."""

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from wxadmin.clock import utcnow
from wxadmin.exporting.subject import Asking, Given, only
from wxadmin.exporting.subjects import SUBJECTS
from wxadmin.handlers.admin.export_new import zones
from wxadmin.handlers.admin.export_words import FORMATS, PURPOSES, SUBJECT_NAMES, filters_in_words
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import EXPORTERS_OF
from wxadmin.handlers.admin.numbers import whole
from wxadmin.handlers.base import checked_query
from wxadmin.i18n import msgid, translator
from wxadmin.models import Destination, ExportSubject, Format
from wxadmin.models.export import LONGEST_NOTE
from wxadmin.queries import attempt_filters, attempts, failure_spans, failures, places
from wxadmin.queries.user_filters import UserFilters, choices
from wxadmin.services import exports as services
from wxadmin.services.exports import ExportForm

_FORMATS = {kind: name for kind, name in FORMATS.items() if kind is not Format.OPENIDS}


class _ExportNewOf(FormHandler):
    """The filters of the list stand in the address, and hold for the file."""

    subject: ClassVar[ExportSubject]
    fields: ClassVar[Collection[str]]
    # The page of the list.
    list_path: ClassVar[str]
    what_rows_are: ClassVar[str]

    async def counted(self, given: Given, now: datetime) -> str:
        """How many rows there are, as far as the list knows."""
        raise NotImplementedError

    async def get(self) -> None:
        now, subject, read = utcnow(), SUBJECTS[self.subject], self.gateway.database.read
        given = self._given()
        with checked_query():
            given = await read(subject.checked, given, Asking(self.front.zone, now, self.masks))
        offered = await read(choices, UserFilters())
        self.show(
            "exports/new_of.html",
            subject_name=SUBJECT_NAMES[self.subject],
            what_rows_are=self.what_rows_are,
            counted=await self.counted(given, now),
            filters=filters_in_words(given, offered, translator(self.language).gettext),
            formats=_FORMATS,
            default_format=Format.XLSX,
            columns=subject.columns,
            default_columns=subject.usual_columns(of_several_accounts=len(offered.accounts) > 1),
            purposes=PURPOSES,
            zones=zones(self.front.zone),
            longest_note=LONGEST_NOTE,
            keep_days=self.front.settings.keep_files_days,
            back=self._list_address(),
        )

    async def save(self) -> None:
        form = ExportForm(
            subject=self.subject,
            destination=Destination.OTHER,
            purpose=self.entered("purpose"),
            filters=self._given(),
            filter_zone=self.front.zone.key,
            zone=self.entered("zone"),
            language=self.language,
            note=self.entered("note"),
            format=self.entered("format"),
            columns=tuple(self.get_body_arguments("columns")),
            delete_after_download=self.ticked("delete_after_download"),
        )
        actor, role = self.identity.name, self.identity.role
        export = await self.gateway.database.write(services.ask, form, actor=actor, role=role)
        self.done(f"/admin/exports/{export.id}")

    def _given(self) -> Given:
        return only(self.fields, {name: self.query(name) or "" for name in self.fields})

    def _list_address(self) -> str:
        query = urlencode(dict(self._given()))
        return self.path(self.list_path) + (f"?{query}" if query else "")


class ExportNewAttempts(_ExportNewOf):
    roles = EXPORTERS_OF[ExportSubject.ATTEMPTS]
    subject = ExportSubject.ATTEMPTS
    fields = attempt_filters.FIELDS
    list_path = "/admin/attempts"
    what_rows_are = msgid("Each row is one login; those of virtual people are among them, with that outcome.")

    async def counted(self, given: Given, now: datetime) -> str:
        read, words = self.gateway.database.read, translator(self.language)
        known = await read(places.all_places, among=None)
        count = await read(attempts.count, attempt_filters.read(given, known, self.front.zone, among=None))
        if count.number >= attempts.SEARCHED:
            return words.gettext("10,000 attempts or more")
        number = whole(count.number)
        if count.is_all:
            return words.ngettext("%s attempt", "%s attempts", count.number) % number
        among = "%s attempt among the newest 10,000", "%s attempts among the newest 10,000"
        return words.ngettext(*among, count.number) % number


class ExportNewFailures(_ExportNewOf):
    roles = EXPORTERS_OF[ExportSubject.FAILURES]
    subject = ExportSubject.FAILURES
    fields = failure_spans.FIELDS
    list_path = "/admin/failures"
    what_rows_are = msgid("Each row is one errcode or reason at one step, as the page shows them.")

    async def counted(self, given: Given, now: datetime) -> str:
        read, words = self.gateway.database.read, translator(self.language)
        known = await read(places.all_places, among=None)
        asked = failure_spans.read(given, known, None, now=now, zone=self.front.zone)
        kinds = await read(failures.by_kind, asked.span(now))
        return words.ngettext("%s row", "%s rows", len(kinds)) % whole(len(kinds))
