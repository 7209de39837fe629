"""What each number of the dashboard means: its formula, its table, and the SQL that counts it again."""

from wxadmin.clock import utcnow
from wxadmin.database.types import UTCDateTime
from wxadmin.days import day_of, start_of
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.definitions import failures, house, journey, logins, people, tokens
from wxadmin.handlers.admin.definitions.definition import PARAMETERS

ROOMS = (logins, journey, failures, tokens, people, house)
ALL = tuple(definition for room in ROOMS for definition in room.DEFINITIONS)


class Definitions(StaffHandler):
    """For everyone of the staff: a number that cannot be explained is not believed."""

    def get(self) -> None:
        midnight = start_of(day_of(utcnow(), self.front.zone), self.front.zone)
        self.show(
            "definitions/page.html",
            rooms=ROOMS,
            zone=self.front.zone.key,
            parameters=PARAMETERS,
            examples=_examples(UTCDateTime.as_text(midnight) or ""),
        )


def _examples(moment: str) -> str:
    """How :start is given its value in the sqlite3 shell and in psql."""
    return f".parameter set :start \"'{moment}'\"\n\\set start '\\'{moment}+00\\''"
