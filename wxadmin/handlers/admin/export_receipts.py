"""The receipt (导出回执) of an export, in words for people and as JSON, and how far one has come."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from gettext import NullTranslations
from typing import Any
from zoneinfo import ZoneInfo

from wxadmin.exporting.subjects import SUBJECTS
from wxadmin.handlers.admin.export_words import (
    DESTINATIONS,
    FORMATS,
    NO_MASKS,
    PURPOSES,
    SUBJECT_NAMES,
    columns_in_words,
    filters_in_words,
)
from wxadmin.handlers.admin.role_words import ROLE_WORDS
from wxadmin.i18n import msgid
from wxadmin.models import Destination, Export, ExportState, ExportSubject, Format, Purpose, Role
from wxadmin.queries import masking
from wxadmin.queries.exports import Found
from wxadmin.queries.uploaded import ListTold
from wxadmin.queries.user_filters import Choices
from wxadmin.services.exports import unnamed

Say = Callable[[str], str]

_UNITS = ("B", "kB", "MB", "GB")


@dataclass(frozen=True, slots=True)
class Progress:
    """`expected` is None until it is known. `said` is a sentence."""

    rows: int
    expected: int | None
    said: str


def progress(export: Export, words: NullTranslations, now: datetime) -> Progress:
    """How far it has come, how fast, and how long it will take."""
    say = words.gettext
    if export.state == ExportState.WAITING:
        return Progress(0, None, say(msgid("Waiting for its turn; a process takes it up within seconds.")))
    if export.expected is None or export.started_at is None:
        return Progress(0, None, say(msgid("Counting who is asked for…")))
    rows, expected = export.rows, export.expected
    values: dict[str, object] = {"rows": f"{rows:,}", "expected": f"{expected:,}"}
    seconds = (now - export.started_at).total_seconds()
    rate = rows / seconds if seconds > 0 else 0
    if not rate or export.state != ExportState.RUNNING:
        return Progress(rows, expected, say(msgid("%(rows)s of %(expected)s rows")) % values)
    left = round((expected - rows) / rate)
    values |= {"rate": f"{rate:,.0f}", "left": f"{left // 60}:{left % 60:02}"}
    said = say(msgid("%(rows)s of %(expected)s rows, %(rate)s a second, %(left)s left")) % values
    return Progress(rows, expected, said)


def in_words(found: Found, choices: Choices, say: Say, zone: ZoneInfo) -> list[tuple[str, str]]:
    """What the page says, line by line: names and values."""
    export, size_of = found.export, size(sum(part.size for part in found.parts))
    told = [
        (msgid("Rows tell of"), say(SUBJECT_NAMES[ExportSubject(export.subject)])),
        (msgid("Destination"), say(DESTINATIONS[Destination(export.destination)].name)),
        (msgid("Purpose"), _with_note(say(PURPOSES[Purpose(export.purpose)]), export.note)),
        (msgid("Asked for by"), export.asked_by),
        (msgid("Asked for at"), _at(export.asked_at, zone)),
        (msgid("Data as of"), _at(export.as_of, zone) if export.as_of else "—"),
        *([(msgid("Segment"), export.segment)] if export.segment else []),
        (msgid("Filters"), filters_of(export, choices, say)),
        *_of_changes(export, say),
        (msgid("Not to be contacted"), _left_out(export, say)),
        (msgid("Format"), say(FORMATS[Format(export.format)])),
        (msgid("Columns"), _listed(export, export.columns, say)),
        (msgid("Masked as for"), _masks(export, say)),
        (msgid("Time zone in the file"), export.zone),
        (msgid("Rows"), f"{export.rows:,}" if found.parts else "—"),
        (msgid("Size"), size_of if found.parts else "—"),
    ]
    if export.dropped:
        told.append((msgid("Characters left out, which the format cannot hold"), f"{export.dropped:,}"))
    return [(say(name), value) for name, value in told]


def in_a_sentence(found: Found, choices: Choices, say: Say, zone: ZoneInfo) -> str | None:
    """For whoever asks what was taken, and by whom; None where there is no file."""
    export = found.export
    if not found.parts:
        return None
    details = [filters_of(export, choices, say)]
    if export.left_out:
        details.append(say(msgid("people not to be contacted who were left out: %s")) % f"{export.left_out:,}")
    told = {
        "who": export.asked_by,
        # To the minute, as people say it.
        "when": f"{export.asked_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "rows": f"{export.rows:,}",
        "what": say(SUBJECT_NAMES[ExportSubject(export.subject)]),
        "purpose": say(PURPOSES[Purpose(export.purpose)]),
        "details": say(msgid("; ")).join(details),
    }
    sentence = msgid("On %(when)s %(who)s exported %(rows)s rows of: %(what)s. Purpose: %(purpose)s. %(details)s.")
    return say(sentence) % told


def as_json(found: Found, choices: Choices, say: Say) -> dict[str, Any]:
    """The same for programs; moments in UTC."""
    export = found.export
    filters = unnamed(json.loads(export.filters))
    return {
        "export": str(export.id),
        "state": export.state,
        "failure": export.failure,
        "subject": export.subject,
        "destination": export.destination,
        "format": export.format,
        "columns": export.columns.split(","),
        "segment": export.segment,
        "changes": changes(export),
        "filters": filters,
        "filters_in_words": filters_of(export, choices, say),
        "filter_zone": export.filter_zone,
        "zone": export.zone,
        "masks": export.role or "none",
        "purpose": export.purpose,
        "note": export.note or None,
        "asked_by": export.asked_by,
        "asked_at": _iso(export.asked_at),
        "data_as_of": _iso(export.as_of),
        "ended_at": _iso(export.ended_at),
        "kept_until": _iso(export.kept_until),
        "deleted_at": _iso(export.deleted_at),
        "withdrawn_at": _iso(export.withdrawn_at),
        "rows": export.rows if found.parts else None,
        "do_not_contact": {"included": export.with_blocked, "left_out": export.left_out},
        "lists": export.lists or {},
        "characters_left_out": export.dropped,
        "files": [
            {"number": part.number, "change": part.change, "name": part.name, "rows": part.rows, "bytes": part.size}
            | {"sha256": part.sha256.hex()}
            for part in found.parts
        ],
    }


def changes(export: Export) -> dict[str, Any] | None:
    """For programs; None where it tells of everybody. The numbers are there when it is done."""
    if export.since_id is None:
        return None
    numbers = {"added": export.added, "changed": export.changed, "gone": export.gone, "forgotten": export.forgotten}
    return {"since": str(export.since_id), **numbers}


def filters_of(export: Export, choices: Choices, say: Say) -> str:
    """What was asked for, in a line."""
    # As the lists were when it was asked for: by now they may be deleted.
    lists = {list_id: ListTold(**one) for list_id, one in (export.lists or {}).items()}
    told = filters_in_words(unnamed(json.loads(export.filters)), replace(choices, lists=lists), say)
    if not told:
        is_of_users = export.subject == ExportSubject.USERS
        return say(msgid("All authorized users") if is_of_users else msgid("No filter is set"))
    pair = say(msgid("%(name)s: %(value)s"))
    return say(msgid("; ")).join(pair % {"name": name, "value": value} for name, value in told)


def _of_changes(export: Export, say: Say) -> list[tuple[str, str]]:
    if export.since_id is None:
        return []
    told = [(msgid("What has changed since"), say(msgid("export %s")) % export.since_id)]
    if export.added is not None:
        numbers = {"added": export.added, "changed": export.changed, "gone": export.gone}
        words = say(msgid("%(added)s added, %(changed)s changed, %(gone)s gone"))
        told.append((msgid("How much that is"), words % {name: f"{number:,}" for name, number in numbers.items()}))
    if export.forgotten:
        told.append((msgid("Gone because their personal data were deleted, in no file"), f"{export.forgotten:,}"))
    return told


def size(number: int) -> str:
    """Bytes as people say them."""
    left = float(number)
    for unit in _UNITS[:-1]:
        if left < 1000:
            return f"{left:.0f} {unit}" if unit == "B" else f"{left:.1f} {unit}"
        left /= 1000
    return f"{left:.1f} {_UNITS[-1]}"


def _left_out(export: Export, say: Say) -> str:
    if export.with_blocked:
        return say(msgid("Included: whoever asked for it wanted them too"))
    if export.left_out is None:
        return "—"
    return say(msgid("Left out: %s")) % f"{export.left_out:,}"


def _listed(export: Export, columns: str, say: Say) -> str:
    return say(msgid(", ")).join(columns_in_words(ExportSubject(export.subject), columns, say))


def _masks(export: Export, say: Say) -> str:
    if export.role is None:
        return say(NO_MASKS)
    role = Role(export.role)
    masked = [name for name in export.columns.split(",") if _is_masked(export, name, role)]
    hidden = say(msgid(" (masked: %s)")) % _listed(export, ",".join(masked), say) if masked else ""
    return say(ROLE_WORDS[role]) + hidden


def _is_masked(export: Export, name: str, role: Role) -> bool:
    column = SUBJECTS[ExportSubject(export.subject)].columns.get(name)
    return bool(column and column.field and not masking.of_role(role).is_clear(column.field))


def _with_note(purpose: str, note: str) -> str:
    return f"{purpose} · {note}" if note else purpose


def _at(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
