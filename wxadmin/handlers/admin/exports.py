"""导出记录: exports that were asked for, how far each has come, its receipt and its files."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from tornado.web import HTTPError

from wxadmin.clock import utcnow
from wxadmin.errors import NoSuchSegment
from wxadmin.exporting.changes import CHANGE_WORDS
from wxadmin.handlers import export_files
from wxadmin.handlers.admin import export_receipts
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.export_words import DESTINATIONS, FAILURES, PURPOSES, STATES, SUBJECT_NAMES
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import EXPORTERS
from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import msgid, translator
from wxadmin.models import AuditEntry, Destination, Export, ExportState, ExportSubject, Purpose
from wxadmin.queries import exports as queries
from wxadmin.queries import segments
from wxadmin.queries.exports import Found
from wxadmin.queries.user_filters import UserFilters, choices
from wxadmin.services import exports as services
from wxadmin.services.export_jobs import Failure
from wxadmin.vocabulary import Word

_GREATEST_ID = 2**63 - 1
_MASKED = msgid("It holds columns that are masked for your role: whoever asked for it can take it.")
_NOT_SEEN = msgid("Only whoever sees such rows on pages can take it.")
# Of an export that programs take again and again, the newest are enough.
_TAKINGS = 1_000
_A_DOWNLOAD = timedelta(hours=6)
_UNDERWAY = {ExportState.WAITING, ExportState.RUNNING}


@dataclass(frozen=True, slots=True)
class Told:
    """What pages call the parts of an export. `kind` is where users go, or what else it is of; `for_others` says to
    whom it is closed why it is."""

    kind: str
    for_others: str
    purpose: str
    state: Word
    failure: str | None


@dataclass(slots=True)
class Taking:
    """Who took a file, and when; `went_on` is how often they asked for what was left of it."""

    at: datetime
    actor: str
    part: int
    went_on: int = 0


class ExportHandler(StaffHandler):
    """What the pages of exports share."""

    roles = EXPORTERS

    async def found(self, typed_id: str) -> Found:
        """The export with its files. Raises HTTPError where there is none."""
        export_id = int(typed_id)
        database = self.gateway.database
        found = await database.read(queries.find, export_id) if export_id <= _GREATEST_ID else None
        if found is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        return found

    def moment(self, at: datetime) -> str:
        return f"{at.astimezone(self.front.zone):%Y-%m-%d %H:%M}"

    def words_for(self, export: Export) -> Told:
        subject, destination = ExportSubject(export.subject), Destination(export.destination)
        is_of_users = subject is ExportSubject.USERS
        return Told(
            kind=DESTINATIONS[destination].name if is_of_users else SUBJECT_NAMES[subject],
            for_others=_MASKED if is_of_users else _NOT_SEEN,
            purpose=PURPOSES[Purpose(export.purpose)],
            state=STATES[ExportState(export.state)],
            failure=FAILURES[Failure(export.failure)] if export.failure else None,
        )


class ExportList(ExportHandler):
    async def get(self) -> None:
        page = await self.gateway.database.read(
            queries.page, older_than=self._id("older"), newer_than=self._id("newer")
        )
        offered = await self.gateway.database.read(choices, UserFilters())
        say = translator(self.language).gettext
        filters = {export.id: export_receipts.filters_of(export, offered, say) for export in page.rows}
        self.show("exports/list.html", page=page, filters=filters, words_for=self.words_for, moment=self.moment)

    def _id(self, name: str) -> int | None:
        text = self.query(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= _GREATEST_ID):
            raise BadRequest(f"{name} is the number of an export")
        return int(text)


class ExportShow(ExportHandler):
    async def get(self, typed_id: str) -> None:
        found = await self.found(typed_id)
        export = found.export
        offered = await self.gateway.database.read(choices, UserFilters())
        takings = await self.gateway.database.read(queries.takings, export, limit=_TAKINGS)
        say = translator(self.language).gettext
        self.show(
            "exports/show.html",
            export=export,
            parts=found.parts,
            receipt=export_receipts.in_words(found, offered, say, self.front.zone),
            sentence=export_receipts.in_a_sentence(found, offered, say, self.front.zone),
            takings=_takings(takings),
            part_names={part.number: part.name for part in found.parts},
            said=self.words_for(export),
            progress=export_receipts.progress(export, translator(self.language), utcnow()),
            is_underway=export.state in _UNDERWAY,
            has_files=export_files.has_files(export),
            may_take=export_files.may_take(export, self.identity.role),
            own=self.path(f"/admin/exports/{export.id}"),
            size=export_receipts.size,
            change_words=CHANGE_WORDS,
            changes_since=await self._changes_since(export),
            moment=self.moment,
        )

    async def _changes_since(self, export: Export) -> str | None:
        """Where to ask for what has changed since this one; None where that cannot be told."""
        filters = json.loads(export.filters)
        if export.change_no is None or "q" in filters:
            return None
        asked = {"segment": export.segment_id} if await self._has_segment(export) else filters
        return self.path("/admin/exports/new?") + urlencode(asked | {"since": export.id})

    async def _has_segment(self, export: Export) -> bool:
        """Whether the segment that it is of is still there."""
        with suppress(NoSuchSegment):
            return bool(export.segment_id and await self.gateway.database.read(segments.find, export.segment_id))
        return False


def _takings(newest_first: Sequence[AuditEntry]) -> list[Taking]:
    """The newest first. Browsers fetch a large file in pieces: those of one download are told in one line."""
    found: list[Taking] = []
    last: dict[tuple[str, int], Taking] = {}
    for entry in reversed(newest_first):
        details = json.loads(entry.details or "{}")
        part, goes_on = details.get("part", 1), bool(details.get("from_byte"))
        begun = last.get((entry.actor, part))
        if goes_on and begun and entry.at - begun.at < _A_DOWNLOAD:
            begun.went_on += 1
        else:
            last[entry.actor, part] = Taking(entry.at, entry.actor, part, went_on=int(goes_on))
            found.append(last[entry.actor, part])
    return found[::-1]


class ExportProgress(ExportHandler):
    """What the page of an export asks for while it is being written."""

    async def get(self, typed_id: str) -> None:
        export = (await self.found(typed_id)).export
        progress = export_receipts.progress(export, translator(self.language), utcnow())
        told = {"state": export.state, "is_underway": export.state in _UNDERWAY, "said": progress.said}
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(told | {"value": progress.rows, "max": progress.expected}, ensure_ascii=False))


class ExportReceipt(ExportHandler):
    """The receipt as a file, to be kept beside the other."""

    async def get(self, typed_id: str) -> None:
        found = await self.found(typed_id)
        offered = await self.gateway.database.read(choices, UserFilters())
        told = export_receipts.as_json(found, offered, translator(self.language).gettext)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        name = f"receipt-{found.export.id}.json"
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.finish(json.dumps(told, ensure_ascii=False, indent=2) + "\n")


class ExportCancel(FormHandler, ExportHandler):
    async def get(self, typed_id: str) -> None:
        export = (await self.found(typed_id)).export
        is_underway = export.state in _UNDERWAY
        self.show("exports/cancel.html", export=export, said=self.words_for(export), is_underway=is_underway)

    async def save(self, typed_id: str) -> None:
        export = (await self.found(typed_id)).export
        await self.gateway.database.write(services.cancel, export.id, actor=self.identity.name)
        self.done(f"/admin/exports/{export.id}")


class ExportFile(ExportHandler):
    """One of its files: whole, or the part that a browser still lacks."""

    async def get(self, typed_id: str, number: str | None = None) -> None:
        found = await self.found(typed_id)
        export = found.export
        if not export_files.may_take(export, self.identity.role):
            raise HTTPError(HTTPStatus.FORBIDDEN)
        part = next((one for one in found.parts if one.number == int(number or 1)), None)
        if part is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        is_kept = export_files.has_files(export)
        sending = export_files.send_part(self, self.front, export, part, actor=self.identity.name) if is_kept else None
        if sending is None or not await sending:
            self._say_gone(export, is_kept=is_kept)

    head = get

    def _say_gone(self, export: Export, *, is_kept: bool) -> None:
        words = translator(self.language).gettext
        elsewhere = msgid("It is not on this machine: processes of several hosts have to share the folder of exports.")
        deleted = msgid("It was kept as long as was set. The receipt stays, and the export can be started again.")
        self.set_status(HTTPStatus.GONE)
        self.show(
            "refused.html",
            title=words(msgid("This file is not here")),
            what_to_do=words(elsewhere if is_kept else deleted),
            again=None,
            request_id=self.request_id,
        )
