"""The list of users as a file for spreadsheets: CSV that a Chinese Excel or WPS opens right.

UTF-8 with a byte order mark, CRLF. A cell that a spreadsheet would calculate, or whose digits it would change, begins
with an apostrophe; so does one that began with an apostrophe itself. Taking off one leading apostrophe gives every cell
back as it was.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from wxadmin.i18n import msgid
from wxadmin.models import Site, User
from wxadmin.queries.user_filters import UserFilters
from wxadmin.queries.users import selected, wanted

# Few enough that requests which wait for the interpreter get their turn in between.
ROWS_AT_ONCE = 500
BEGINNING = 2**63 - 1
"""An id above all users'."""
_BYTE_ORDER_MARK = "\ufeff"

# What a spreadsheet would calculate, blanks in front and full-width signs included; numbers that it shortens, since
# fifteen digits are all it keeps and zeros in front it drops; and what begins with our own mark.
_MISREAD = re.compile(r"[\t\r\n]|[\s\u200b\u2060\ufeff\x00-\x1f]*[=+\-@＝＋－＠]|(?:0\d+|\d{12,})\Z|'")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Portion:
    """Some lines of the file, and from where to go on; None at the end."""

    text: str
    rows: int
    last_id: int | None


def heading(words: Callable[[str], str], zone: ZoneInfo) -> str:
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
    return _BYTE_ORDER_MARK + _lines([names])


def portion(
    session: Session, filters: UserFilters, zone: ZoneInfo, words: Callable[[str], str], *, below: int
) -> Portion:
    """The next lines: users with ids below that one, newest first. Ids stay, while the order of the list changes with
    every login: somebody who logs in meanwhile would be left out, or be there twice."""
    asked = wanted(session, filters, zone)
    query = selected(_COLUMNS, asked).where(User.id < below).order_by(User.id.desc()).limit(ROWS_AT_ONCE)
    rows = session.execute(query).all()
    scopes = {False: words(msgid("Silent")), True: f"{words(msgid('Silent'))} {words(msgid('Explicit'))}"}
    text = _lines(
        [
            as_text(row.openid),
            as_text(row.unionid),
            as_text(row.nickname),
            scopes[row.granted_userinfo],
            as_text(row.title),
            as_text(row.last_channel),
            as_text(row.last_ref),
            _moment(row.first_seen_at, zone),
            _moment(row.last_login_at, zone),
        ]
        for row in rows
    )
    return Portion(text, len(rows), rows[-1].id if len(rows) == ROWS_AT_ONCE else None)


def as_text(cell: str | None) -> str:
    """The cell so that a spreadsheet shows it as it is."""
    if not cell:
        return ""
    return f"'{cell}" if _MISREAD.match(cell) else cell


_COLUMNS = [
    User.id,
    User.openid,
    User.unionid,
    User.nickname,
    User.granted_userinfo,
    Site.title,
    User.last_channel,
    User.last_ref,
    User.first_seen_at,
    User.last_login_at,
]


def _moment(at: datetime, zone: ZoneInfo) -> str:
    # Half the time that a format takes, and there are two of them in each line.
    return str(at.astimezone(zone))[:19]


def _lines(rows: Iterator[list[str]] | list[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()
