"""What a stored export asks for, as the making of its files takes it."""

import json
from zoneinfo import ZoneInfo

from wxadmin.exporting import columns
from wxadmin.exporting.making import Plan
from wxadmin.exporting.subjects import SUBJECTS
from wxadmin.i18n import Language, translator
from wxadmin.models import Destination, Export, ExportSubject, Format, Role
from wxadmin.queries import masking


def plan_of(export: Export) -> Plan:
    subject = SUBJECTS[ExportSubject(export.subject)]
    language: Language = "en" if export.language == "en" else "zh_CN"
    return Plan(
        subject=subject,
        filters=json.loads(export.filters),
        filter_zone=ZoneInfo(export.filter_zone),
        asked_at=export.asked_at,
        with_blocked=export.with_blocked,
        zone=ZoneInfo(export.zone),
        masks=masking.of_role(Role(export.role)) if export.role else masking.CLEAR,
        language=language,
        words=translator(language).gettext,
        destination=Destination(export.destination),
        format=Format(export.format),
        columns=columns.named(subject.columns, export.columns.split(",")),
        since=export.since_id,
    )
