"""The file of users, made by the database, is to the byte what Python's own CSV writer makes of the same users."""

import csv
import io
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from tests.factories import SiteFactory, UserFactory
from tests.whole_lists import Kept, plan, written
from wxadmin.database import Database, csv_lines
from wxadmin.exporting.making import Progress, make
from wxadmin.models import Site, User
from wxadmin.queries.user_filters import UserFilters

Store = Callable[[Callable[[], Any]], Any]

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
HEADING = "\ufeffopenid,unionid,Nickname,Scopes granted,Site,Channel / campaign,Member reference,"

# What a spreadsheet would calculate, blanks in front and full-width signs included; numbers that it shortens; and what
# begins with the mark that keeps it from doing so.
_MISREAD = re.compile(r"[\t\r\n]|[\s\u200b\u2060\ufeff\x00-\x1f]*[=+\-@＝＋－＠]|(?:0\d+|\d{12,})\Z|'")  # fmt: skip

NASTY = [
    *("=1+1", "+86", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠x", "\t=1", "\r=1", "\tx", "\nx", "  =1", "\u3000＝1"),
    *("\u200b=1", "\u2060-1", "\ufeff+1", "\x85=1", "\x1f=1", "\x01@", "\u2028=", "\u1680=1", "'x", "''", "'"),
    *("00123", "0", "00", "0x1", "12345678901", "123456789012", "123456789012x", "1", "9", "9,9", " 0123"),
    *("０１２", "0１", "１２３４５６７８９０１２", "٠١٢٣٤٥٦٧٨٩٠١", "0٣", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗𝟎𝟏"),
    *("小雨 🌧", "🌧=1", "👨\u200d👩\u200d👧", "小,雨", 'a"b', '"', '""', ",", '=HYPERLINK("x","y")', "小\n雨"),
    *("a\nb", "a\rb", "a\r\nb", "a=b", "a'b", "\\.", "\\N", "%s", "%", ":x", "NULL", " x", "x ", "\u00a0", " ", "\x7f"),
    *("é", "ß=", "ａ", "ﷺ", "\u202e=1", "~", "A", "z", "[", "`", "{", "鿿", "〇", "\U0010ffff"),
]
_SIGNS = "=+-@＝＋－＠'\",\r\n\t \u3000\u200b\x1f0019９٣aZ小🌧"


@pytest.fixture
def rows_at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes the portions of either database so small."""

    def rows_at_once(rows: int) -> None:
        monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", rows)
        monkeypatch.setattr(csv_lines, "COPIED_AT_ONCE", rows)

    return rows_at_once


def by_python(users: list[User], title: str, zone: ZoneInfo) -> bytes:
    """The lines without the heading."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    for user in sorted(users, key=lambda user: user.id, reverse=True):
        scopes = "Silent Explicit" if user.granted_userinfo else "Silent"
        texts = [user.openid, user.unionid, user.nickname, scopes, title, user.last_channel, user.last_ref]
        moments = [str(at.astimezone(zone))[:19] for at in (user.first_seen_at, user.last_login_at)]
        writer.writerow([*map(as_text, texts), *moments])
    return lines.getvalue().encode()


def as_text(cell: str | None) -> str:
    if not cell:
        return ""
    return f"'{cell}" if _MISREAD.match(cell) else cell


@pytest.mark.parametrize("portion", [1, 7, 2_000])
def test_nasty_texts_are_written_as_python_writes_them(
    session: Session, rows_at_once: Callable[[int], None], portion: int
) -> None:
    rows_at_once(portion)
    rng = random.Random(20261120)
    drawn = ["".join(rng.choices(_SIGNS, k=rng.randrange(14))) for _ in range(120)]
    title = '=茶,"铺"'
    shop = SiteFactory(title=title)
    made = [
        UserFactory(
            site=shop,
            openid=f"{text[:36]}-{number:027}" if number % 2 else f"o{number:027}",
            unionid=rng.choice([None, "", f"oUnion{number:022}", f"{text[:30]}{number}"]),
            nickname=rng.choice([None, "", text, text, text]),
            last_channel=rng.choice([None, "", "poster", text]),
            last_ref=rng.choice([None, "", f"VIP{number}", text]),
            granted_userinfo=rng.random() < 0.5,
        )
        for number, text in enumerate(NASTY + drawn)
    ]

    head, lines = written(session, ZONE).split(b"\r\n", 1)

    assert head.decode().startswith(HEADING)
    assert lines == by_python(made, title, ZONE)


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca"]
)
def test_moments_are_those_of_the_zone_even_where_its_clocks_change(session: Session, zone: str) -> None:
    rng = random.Random(1)
    # Around the hours in which New York and Lord Howe change, and over the years.
    changes = [datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)]
    changes += [datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)]
    around = [at + timedelta(microseconds=micro) for at in changes for micro in (-1, 0, 1, 999_999, -1_000_000)]
    around += [datetime(2011, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(500_000_000)) for _ in range(40)]
    shop = SiteFactory(title="茶")
    made = [UserFactory(site=shop, first_seen_at=at, last_login_at=rng.choice(around)) for at in around]

    lines = written(session, ZoneInfo(zone)).split(b"\r\n", 1)[1]

    assert lines == by_python(made, "茶", ZoneInfo(zone))


def test_words_that_hold_a_comma_or_a_quote_stay_one_cell(session: Session) -> None:
    UserFactory(last_login_at=NOON, first_seen_at=NOON)

    file = written(session, ZONE, words=lambda word: f'{word}, "so"')

    heading, row = csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""))
    assert heading[2:4] == ['Nickname, "so"', 'Scopes granted, "so"']
    assert row[3] == 'Silent, "so" Explicit, "so"'
    assert row[7:] == ["2026-11-20 12:00:00", "2026-11-20 12:00:00"]


def test_the_heading_names_the_zone(session: Session) -> None:
    file = written(session, ZONE, UserFilters(q="nobody"))

    assert file.decode() == f"{HEADING}First login (Asia/Shanghai),Last login (Asia/Shanghai)\r\n"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("小雨 🌧", "小雨 🌧"),
        ("=1+1", "'=1+1"),
        ("\u3000＝1", "'\u3000＝1"),
        ("'x", "''x"),
        ("a=b", "a=b"),
        ("00123", "'00123"),
        ("123456789012", "'123456789012"),
        ("12345", "12345"),
        ("0", "0"),
        (None, ""),
    ],
)
def test_a_spreadsheet_shows_a_cell_as_it_is(session: Session, typed: str | None, shown: str) -> None:
    UserFactory(nickname=typed)

    [_, row] = csv.reader(io.StringIO(written(session, ZONE).decode(), newline=""))

    assert row[2] == shown
    assert row[2].removeprefix("'") == (typed or "")


def test_a_crowd_larger_than_a_portion_is_in_the_file_once_each(
    session: Session, rows_at_once: Callable[[int], None]
) -> None:
    rows_at_once(4)
    site: Site = SiteFactory()
    made = [UserFactory(site=site).openid for _ in range(12)]

    rows = list(csv.reader(io.StringIO(written(session, ZONE).decode(), newline="")))[1:]

    assert [row[0] for row in rows] == made[::-1]


def test_a_full_disk_is_told_as_such_and_leaves_a_connection_that_works(database: Database, store: Store) -> None:
    store(lambda: [UserFactory() for _ in range(3)])

    class Full(Kept):
        def write(self, written: bytes) -> int:  # type: ignore[override]
            if self.tell():
                raise OSError("no space left")
            return super().write(written)

    for _ in range(3):
        with pytest.raises(OSError, match="no space left"):
            database.long_reads.read_now(make, plan(UserFilters(), ZONE), lambda _: Full(), Progress())
    assert database.long_reads.read_now(written, ZONE).count(b"\r\n") == 4
