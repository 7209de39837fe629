"""What a stored export asks for, as the making of its files takes it."""

import json
from zoneinfo import ZoneInfo

from wxadmin.exporting import columns
from wxadmin.exporting.making import Plan
from wxadmin.i18n import translator
from wxadmin.models import Destination, Export, Format, Role
from wxadmin.queries import masking
from wxadmin.queries.user_filters import UserFilters


def plan_of(export: Export) -> Plan:
    return Plan(
        filters=UserFilters.read(json.loads(export.filters)),
        filter_zone=ZoneInfo(export.filter_zone),
        zone=ZoneInfo(export.zone),
        masks=masking.of_role(Role(export.role)) if export.role else masking.CLEAR,
        words=translator("en" if export.language == "en" else "zh_CN").gettext,
        destination=Destination(export.destination),
        format=Format(export.format),
        columns=columns.named(export.columns.split(",")),
        since=export.since_id,
    )
