"""The users that filters leave, as the CSV that spreadsheets open: made within a test's session."""

import io
from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.exporting.columns import named
from wxadmin.exporting.making import Plan, Progress, make
from wxadmin.exporting.subjects.users import USERS
from wxadmin.models import Destination, Format
from wxadmin.queries.masking import CLEAR
from wxadmin.queries.user_filters import UserFilters


class Kept(io.BytesIO):
    """What was in it when it was closed."""

    content = b""

    def close(self) -> None:
        if not self.closed:
            self.content = self.getvalue()
        super().close()


def plan(filters: UserFilters, zone: ZoneInfo, words: Callable[[str], str] = str) -> Plan:
    """With the columns that a file has where nobody chooses, and those who are not to be contacted."""
    return Plan(
        subject=USERS,
        filters=filters.given,
        filter_zone=zone,
        asked_at=utcnow(),
        zone=zone,
        masks=CLEAR,
        language="en",
        words=words,
        destination=Destination.OTHER,
        format=Format.CSV_EXCEL,
        columns=named(USERS.columns, USERS.usual),
        with_blocked=True,
    )


def written(
    session: Session, zone: ZoneInfo, filters: UserFilters | None = None, words: Callable[[str], str] = str
) -> bytes:
    file = Kept()
    session.flush()
    make(session, plan(filters or UserFilters(), zone, words), lambda _: file, Progress())
    return file.content
