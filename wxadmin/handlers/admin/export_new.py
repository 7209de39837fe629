"""The dialog before an export: where the file goes, what for, and who will be in it."""

import re
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tornado.web import HTTPError

from wxadmin.errors import BadValue, NoSuchSegment
from wxadmin.exporting.destinations import SHAPES
from wxadmin.exporting.subjects.users import COLUMNS, USERS
from wxadmin.handlers.admin.export_words import DESTINATIONS, FORMATS, PURPOSES, USUAL_PURPOSES, filters_in_words
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import EXPORTERS
from wxadmin.handlers.admin.users import UserHandler
from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import msgid, translator
from wxadmin.models import Destination, Format, Segment
from wxadmin.models.export import LONGEST_NOTE
from wxadmin.queries import earlier_exports, segments, users
from wxadmin.queries.read_budget import ReadBudget
from wxadmin.queries.user_filters import UserFilters
from wxadmin.queries.users import Count
from wxadmin.services import exports as services
from wxadmin.services.exports import ExportForm

_NUMBER = re.compile("[0-9]{1,18}")
_ZONES = (
    *("Asia/Shanghai", "UTC", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo"),
    *("Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Australia/Sydney"),
)


class ExportNew(FormHandler, UserHandler):
    """The filters of the list stand in the address, and hold for the file."""

    roles = EXPORTERS

    async def get(self) -> None:
        segment = await self._segment()
        filters, filter_zone = self._asked(segment)
        offered = await self.choices_for(filters)
        database, zone = self.gateway.database, self.front.zone
        segment_id = segment.id if segment else None
        words = translator(self.language).gettext
        budget = ReadBudget()
        accounts = {} if filters.account or filters.site else offered.accounts
        self.show(
            "exports/new.html",
            filters=filters_in_words(filters.given, offered, words),
            segment=segment,
            earlier=await database.read(earlier_exports.newest, filters.given, segment_id),
            since=self.query("since") or "",
            moment=self.moment,
            count=await database.read(users.count, filters.to_contact, filter_zone, masks=self.masks, budget=budget),
            may_include=filters.contact is None,
            left_out=await self._left_out(filters, filter_zone, budget),
            counted_to=users.COUNTED_TO,
            accounts=accounts,
            destinations=DESTINATIONS,
            usual_purposes=USUAL_PURPOSES,
            shapes=SHAPES,
            preset=self.query("destination") or Destination.OTHER,
            formats=FORMATS,
            default_format=Format.XLSX,
            columns=COLUMNS,
            default_columns=USERS.usual_columns(of_several_accounts=len(accounts) > 1),
            purposes=PURPOSES,
            zones=zones(zone),
            longest_note=LONGEST_NOTE,
            keep_days=self.front.settings.keep_files_days,
            back=self.path(f"/admin/segments/{segment.id}") if segment else self._list_address(filters.given),
        )

    async def save(self) -> None:
        segment = await self._segment()
        filters, filter_zone = self._asked(segment)
        await self.choices_for(filters)
        if account := self.entered("account"):
            filters = replace(filters, account=account)
        form = ExportForm(
            destination=self.entered("destination"),
            purpose=self.entered("purpose"),
            filters=filters.given,
            filter_zone=filter_zone.key,
            zone=self.entered("zone"),
            language=self.language,
            note=self.entered("note"),
            format=self.entered("format"),
            columns=tuple(self.get_body_arguments("columns")),
            delete_after_download=self.ticked("delete_after_download"),
            with_blocked=self.ticked("with_blocked"),
            segment=segment,
            since=_since(self.entered("since")),
        )
        actor, role = self.identity.name, self.identity.role
        export = await self.gateway.database.write(services.ask, form, actor=actor, role=role)
        await self.note_search(filters, [])
        self.done(f"/admin/exports/{export.id}")

    async def _left_out(self, filters: UserFilters, zone: ZoneInfo, budget: ReadBudget) -> Count | None:
        """Who fits, and is not to be contacted; None where the filters ask for nobody else."""
        if filters.left_out is None:
            return None
        counting = partial(users.count, masks=self.masks, budget=budget)
        return await self.gateway.database.read(counting, filters.left_out, zone)

    async def _segment(self) -> Segment | None:
        """The one that the address names, whose filters hold then. Raises HTTPError where it is gone."""
        typed = self.query("segment")
        if typed is None:
            return None
        if not _NUMBER.fullmatch(typed):
            raise BadRequest("segment is the number of a segment")
        try:
            return await self.gateway.database.read(segments.find, int(typed))
        except NoSuchSegment:
            raise HTTPError(HTTPStatus.NOT_FOUND) from None

    def _asked(self, segment: Segment | None) -> tuple[UserFilters, ZoneInfo]:
        """The filters, and where their days begin."""
        if segment is None:
            return self.filters(), self.front.zone
        try:
            return segments.filters_of(segment), segments.zone_of(segment)
        except BadValue as error:
            raise BadRequest(str(error)) from None

    def _list_address(self, given: dict[str, str]) -> str:
        query = urlencode(given)
        return self.path("/admin/users") + (f"?{query}" if query else "")


def _since(entered: str) -> int | None:
    """The number of an export; none where everybody is wanted. Raises BadValue."""
    if not entered:
        return None
    if not _NUMBER.fullmatch(entered):
        raise BadValue(msgid("choose one of the exports in the list"), field="since")
    return int(entered)


def zones(own: ZoneInfo) -> list[str]:
    """The settings' own zone first."""
    return [own.key, *(zone for zone in _ZONES if zone != own.key)]
