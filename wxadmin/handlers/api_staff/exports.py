"""POST /api/v1/exports, GET /api/v1/exports/{id} and its files: lists for scripts, with the same receipt."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, cast

from wxadmin.errors import BadValue, NoSuchAccount, NoSuchList, NoSuchSegment, NoSuchSite
from wxadmin.handlers import export_files
from wxadmin.handlers.admin.export_receipts import changes
from wxadmin.handlers.admin.menu import EXPORTERS, EXPORTERS_OF
from wxadmin.handlers.api import Problem
from wxadmin.handlers.api_staff.answers import ExportAnswer, ExportedChanges, ExportedFile
from wxadmin.handlers.api_staff.asked import FILTERS_ASKED, ExportAsked, ExportFileAsked
from wxadmin.handlers.api_staff.base import NOT_YOURS, StaffApiHandler
from wxadmin.handlers.base import BadRequest
from wxadmin.models import Segment
from wxadmin.queries import exports as queries
from wxadmin.queries import masking, segments
from wxadmin.queries.exports import Found
from wxadmin.services import exports as services
from wxadmin.services import lookups
from wxadmin.services.exports import ExportForm, unnamed

_GREATEST_ID = 2**63 - 1


class _ExportHandler(StaffApiHandler):
    roles = EXPORTERS

    async def found(self, typed_id: str) -> Found:
        """Raises Problem."""
        is_id = typed_id.isascii() and typed_id.isdigit() and len(typed_id) <= 19 and int(typed_id) <= _GREATEST_ID
        found = await self.gateway.database.read(queries.find, int(typed_id)) if is_id else None
        if found is None:
            raise self.missing("there is no export of this id")
        return found


class ExportStart(_ExportHandler):
    method = "POST"
    summary = "Start an export; ask for it until its state is done"
    takes = ExportAsked
    answers = ExportAnswer
    succeeds = HTTPStatus.ACCEPTED

    async def post(self) -> None:
        self.asked(self.asks)
        asked, write = self.body(ExportAsked), self.gateway.database.write
        zone = self.front.zone.key
        if self.identity.role not in EXPORTERS_OF[asked.subject]:
            raise Problem(HTTPStatus.FORBIDDEN, NOT_YOURS)
        filters = self._filters(asked)
        try:
            segment = await self._segment(asked)
            filters = segments.filters_of(segment).given if segment else filters
            form = ExportForm(
                subject=asked.subject,
                destination=asked.destination,
                purpose=asked.purpose,
                filters=filters,
                filter_zone=segment.filter_zone if segment else zone,
                zone=asked.zone or zone,
                language=asked.language,
                note=asked.note,
                format=asked.format or "",
                columns=tuple(asked.columns or ()),
                delete_after_download=asked.delete_after_download,
                with_blocked=asked.with_blocked,
                segment=segment,
                since=int(asked.since) if asked.since else None,
            )
            export = await write(services.ask, form, actor=self.identity.name, role=self.identity.role)
        except (BadValue, NoSuchAccount, NoSuchList, NoSuchSegment, NoSuchSite) as error:
            raise BadRequest(str(error)) from None
        by = [one for one in masking.SEARCHED if not self.masks.is_clear(one)]
        if "q" in filters and by:
            await write(lookups.note, "users", by=by, found=[], actor=self.identity.name)
        self.set_status(self.succeeds)
        self.answer(_answer(Found(export, [])))

    def _filters(self, asked: ExportAsked) -> dict[str, str]:
        """As the query string of the subject's list has them. Raises Problem."""
        given = cast("Mapping[str, Any]", asked.filters)
        checked = self.checked(FILTERS_ASKED[asked.subject], given, within="filters")
        told = checked.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {name: str(value) for name, value in told.items()}

    async def _segment(self, asked: ExportAsked) -> Segment | None:
        """Raises BadValue, NoSuchSegment."""
        if asked.segment is None:
            return None
        if asked.filters:
            raise BadValue("a segment brings its filters: leave `filters` out, or `segment`")
        return await self.gateway.database.read(segments.named, asked.segment)


class ExportShow(_ExportHandler):
    summary = "One export: how far it has come, and its receipt"
    answers = ExportAnswer

    async def get(self, typed_id: str) -> None:
        self.asked(self.asks)
        self.answer(_answer(await self.found(typed_id)))


class ExportFile(_ExportHandler):
    summary = "One file of an export; a Range goes on with a download that was cut"
    asks = ExportFileAsked
    sends = export_files.TYPES
    may_also: ClassVar[Mapping[HTTPStatus, str]] = {
        HTTPStatus.PARTIAL_CONTENT: "The part that was asked for",
        HTTPStatus.GONE: "The file is deleted, or on another machine",
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "The file has no such part",
    }

    async def get(self, typed_id: str) -> None:
        asked, found = self.asked(ExportFileAsked), await self.found(typed_id)
        if not export_files.may_take(found.export, self.identity.role):
            raise Problem(HTTPStatus.FORBIDDEN, "it holds what is masked for your role, or not for it to see at all")
        part = next((one for one in found.parts if one.number == asked.part), None)
        if part is None:
            raise self.missing("the export has no such file: its state is not done, or it has fewer files")
        actor = self.identity.name
        is_kept = export_files.has_files(found.export)
        if not is_kept or not await export_files.send_part(self, self.front, found.export, part, actor=actor):
            raise Problem(HTTPStatus.GONE, "the file was deleted when its time was up, or is on another machine")


def _answer(found: Found) -> ExportAnswer:
    export = found.export
    return ExportAnswer(
        id=str(export.id),
        state=export.state,
        failure=export.failure,
        subject=export.subject,
        destination=export.destination,
        format=export.format,
        columns=export.columns.split(","),
        segment=export.segment,
        changes=ExportedChanges(**told) if (told := changes(export)) else None,
        filters=unnamed(json.loads(export.filters)),
        purpose=export.purpose,
        note=export.note or None,
        zone=export.zone,
        masks=export.role or "none",
        asked_by=export.asked_by,
        asked_at=export.asked_at,
        data_as_of=export.as_of,
        expected=export.expected,
        rows=export.rows,
        with_blocked=export.with_blocked,
        left_out=export.left_out,
        files=[
            ExportedFile(
                number=part.number,
                change=part.change,
                name=part.name,
                rows=part.rows,
                bytes=part.size,
                sha256=part.sha256.hex(),
            )
            for part in found.parts
        ],
        kept_until=export.kept_until,
        deleted_at=export.deleted_at,
        withdrawn_at=export.withdrawn_at,
    )
