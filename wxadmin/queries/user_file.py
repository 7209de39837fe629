"""The list of users as a file for spreadsheets: CSV that a Chinese Excel or WPS opens right.

UTF-8 with a byte order mark, CRLF, and no cell that a spreadsheet would calculate (database/csv_cells.py).
"""

import csv
import io
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import IO
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from wxadmin.database import csv_cells, csv_lines
from wxadmin.database.csv_cells import Cell
from wxadmin.i18n import msgid
from wxadmin.models import Site, User
from wxadmin.queries.masking import Field, Masks
from wxadmin.queries.user_filters import UserFilters
from wxadmin.queries.user_orders import Sort
from wxadmin.queries.wanted_users import selected, wanted

_BYTE_ORDER_MARK = "\ufeff"
Words = Callable[[str], str]


def write(
    session: Session, file: IO[bytes], filters: UserFilters, zone: ZoneInfo, words: Words, *, masks: Masks
) -> int:
    """Writes the whole file, newest users first by their ids, and says how many they are."""
    file.write(heading(words, zone).encode())
    asked = wanted(session, filters, zone, masks, Sort.FIRST_LOGIN_NEWEST)
    portions = csv_lines.portions(session, partial(selected, asked=asked), _cells(zone, words, masks), User.id)
    rows = 0
    # Where the file fails, the query has to end before the session does.
    with closing(portions):
        for portion in portions:
            file.write(portion.lines)
            rows += portion.rows
    return rows


def heading(words: Words, zone: ZoneInfo) -> str:
    """The first line, in the language of `words`; it names the zone of the moments."""
    names = [
        "openid",
        "unionid",
        words(msgid("Nickname")),
        words(msgid("Scopes granted")),
        words(msgid("Site")),
        words(msgid("Channel / campaign")),
        words(msgid("Member reference")),
        f"{words(msgid('First login'))} ({zone.key})",
        f"{words(msgid('Last login'))} ({zone.key})",
    ]
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(names)
    return _BYTE_ORDER_MARK + written.getvalue()


def _cells(zone: ZoneInfo, words: Words, masks: Masks) -> list[Cell]:
    silent, explicit = words(msgid("Silent")), words(msgid("Explicit"))
    return [
        csv_cells.text(masks.column(Field.OPENID, User.openid)),
        csv_cells.text(masks.column(Field.UNIONID, User.unionid)),
        csv_cells.text(masks.column(Field.NICKNAME, User.nickname)),
        csv_cells.either(User.granted_userinfo.is_(True), f"{silent} {explicit}", silent),
        csv_cells.text(Site.title),
        csv_cells.text(User.last_channel),
        csv_cells.text(masks.column(Field.REF, User.last_ref)),
        csv_cells.moment(User.first_seen_at, zone),
        csv_cells.moment(User.last_login_at, zone),
    ]
