"""What files of exports are called: in plain ASCII, with the export's number, by which a file is known again."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from wxadmin.exporting.destinations import ending
from wxadmin.models import Change, Destination, Export, Format

_NUMBERED = re.compile(r"-([0-9]{15,19})(?:-([0-9]+))?(?: ?\([0-9]+\))?\.[a-z]+\Z")


def of_part(export: Export, as_of: datetime, number: int, *, of: int, change: Change | None = None) -> str:
    destination = Destination(export.destination)
    what = export.subject if destination is Destination.OTHER else destination.replace("_", "-")
    told = f"-{change}" if change else "-changes" if export.since_id else ""
    at = as_of.astimezone(ZoneInfo(export.zone))
    part = f"-{number}" if of > 1 else ""
    return f"{what}{told}-{at:%Y%m%d-%H%M%S}-{export.id}{part}.{ending(destination, Format(export.format))}"


def numbers_in(name: str) -> tuple[int, int] | None:
    """The export and the part that a file's name tells of, though a browser has put a (2) into it."""
    found = _NUMBERED.search(name)
    return (int(found[1]), int(found[2] or 1)) if found else None
