"""The dialog before an export: where the file goes, what for, and who will be in it."""

from dataclasses import replace
from functools import partial
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from wxadmin.exporting.subjects.users import COLUMNS, USERS
from wxadmin.handlers.admin.export_words import DESTINATIONS, FORMATS, PURPOSES, filters_in_words
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import EXPORTERS
from wxadmin.handlers.admin.users import UserHandler
from wxadmin.i18n import translator
from wxadmin.models import Destination, Format
from wxadmin.models.export import LONGEST_NOTE
from wxadmin.queries import users
from wxadmin.queries.read_budget import ReadBudget
from wxadmin.queries.user_filters import UserFilters
from wxadmin.queries.users import Count
from wxadmin.services import exports as services
from wxadmin.services.exports import ExportForm

_ZONES = (
    *("Asia/Shanghai", "UTC", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo"),
    *("Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Australia/Sydney"),
)


class ExportNew(FormHandler, UserHandler):
    """The filters of the list stand in the address, and hold for the file."""

    roles = EXPORTERS

    async def get(self) -> None:
        filters = self.filters()
        offered = await self.choices_for(filters)
        database, zone = self.gateway.database, self.front.zone
        words = translator(self.language).gettext
        budget = ReadBudget()
        accounts = {} if filters.account or filters.site else offered.accounts
        self.show(
            "exports/new.html",
            filters=filters_in_words(filters.given, offered, words),
            count=await database.read(users.count, filters.to_contact, zone, masks=self.masks, budget=budget),
            may_include=filters.contact is None,
            left_out=await self._left_out(filters, budget),
            counted_to=users.COUNTED_TO,
            accounts=accounts,
            destinations=DESTINATIONS,
            preset=self.query("destination") or Destination.OTHER,
            formats=FORMATS,
            default_format=Format.XLSX,
            columns=COLUMNS,
            default_columns=USERS.usual_columns(of_several_accounts=len(accounts) > 1),
            purposes=PURPOSES,
            zones=zones(zone),
            longest_note=LONGEST_NOTE,
            keep_days=self.front.settings.keep_files_days,
            back=self._list_address(filters.given),
        )

    async def save(self) -> None:
        filters = self.filters()
        await self.choices_for(filters)
        if account := self.entered("account"):
            filters = replace(filters, account=account)
        form = ExportForm(
            destination=self.entered("destination"),
            purpose=self.entered("purpose"),
            filters=filters.given,
            filter_zone=self.front.zone.key,
            zone=self.entered("zone"),
            language=self.language,
            note=self.entered("note"),
            format=self.entered("format"),
            columns=tuple(self.get_body_arguments("columns")),
            delete_after_download=self.ticked("delete_after_download"),
            with_blocked=self.ticked("with_blocked"),
        )
        actor, role = self.identity.name, self.identity.role
        export = await self.gateway.database.write(services.ask, form, actor=actor, role=role)
        await self.note_search(filters, [])
        self.done(f"/admin/exports/{export.id}")

    async def _left_out(self, filters: UserFilters, budget: ReadBudget) -> Count | None:
        """Who fits, and is not to be contacted; None where the filters ask for nobody else."""
        if filters.left_out is None:
            return None
        counting = partial(users.count, masks=self.masks, budget=budget)
        return await self.gateway.database.read(counting, filters.left_out, self.front.zone)

    def _list_address(self, given: dict[str, str]) -> str:
        query = urlencode(given)
        return self.path("/admin/users") + (f"?{query}" if query else "")


def zones(own: ZoneInfo) -> list[str]:
    """The settings' own zone first."""
    return [own.key, *(zone for zone in _ZONES if zone != own.key)]
