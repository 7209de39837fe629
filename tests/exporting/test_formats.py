"""Each format, read back by a program that did not write it, says of everybody what the database says."""

import csv
import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import insert

from tests.databases import on_sqlite
from tests.factories import SiteFactory, UserFactory
from wxadmin.database import csv_lines
from wxadmin.exporting.fingerprints import BLOCK, taken
from wxadmin.exporting.making import OnlyOne
from wxadmin.exporting.subjects.users import COLUMNS
from wxadmin.models import Role, User
from wxadmin.queries import masking

Export = Callable[..., Any]
ALL = tuple(COLUMNS)
NASTY = [
    *("=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "\rx", "'x", "00123", "123456789012345678", "小雨 🌧", 'a,"b"'),
    *(
        "两\n行",
        "a\r\nb",
        "<b>&amp;</b>",
        "👨\u200d👩\u200d👧",
        "龘靐𠮷",
        " x ",
        "%s %",
        ":x",
        "NULL",
        "\\N",
        "\\.",
        "]]>",
    ),
]
AT = datetime(2026, 11, 20, 4, 30, 59, 999_999, tzinfo=UTC)


@pytest.fixture(autouse=True)
def portions_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", 7)
    monkeypatch.setattr(csv_lines, "COPIED_AT_ONCE", 7)


@pytest.fixture
def crowd(session: Any) -> Sequence[Any]:
    shop = SiteFactory(title="=茶<铺>")
    return [
        UserFactory(
            site=shop,
            nickname=nickname,
            unionid=None if number % 3 else f"oUnion{number:022}",
            last_channel=nickname[:64] if number % 2 else None,
            last_ref=nickname[:64],
            granted_userinfo=bool(number % 2),
            first_seen_at=AT,
            last_login_at=AT,
            logins=number,
        )
        for number, nickname in enumerate(NASTY)
    ][::-1]


def test_python_reads_the_csv_for_programs_to_the_letter(export: Export, crowd: Sequence[Any]) -> None:
    files = export(format="csv", columns=ALL)

    [content] = files.contents
    heading, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    assert heading == list(ALL)
    assert [row[2] for row in rows] == [user.nickname for user in crowd]
    assert [(row[0], row[1], row[10]) for row in rows] == [
        (user.openid, user.unionid or "", str(user.logins)) for user in crowd
    ]
    assert {row[3] for row in rows} == {"snsapi_base", "snsapi_base snsapi_userinfo"}
    assert {row[8] for row in rows} == {"2026-11-20T12:30:59+08:00"}
    assert not content.startswith(b"\xef\xbb\xbf")


def test_every_line_of_the_jsonl_is_an_object_to_the_letter(export: Export, crowd: Sequence[Any]) -> None:
    files = export(format="jsonl", columns=ALL)

    objects = [json.loads(line) for line in files.contents[0].splitlines()]
    assert [one["nickname"] for one in objects] == [user.nickname for user in crowd]
    assert [one["unionid"] for one in objects] == [user.unionid for user in crowd]
    assert [one["logins"] for one in objects] == [user.logins for user in crowd]
    assert objects[0]["scopes"] in (["snsapi_base"], ["snsapi_base", "snsapi_userinfo"])
    assert datetime.fromisoformat(objects[0]["last_login"]) == AT.replace(microsecond=0)
    assert list(objects[0]) == list(ALL)


def test_openpyxl_reads_ids_as_text_dates_as_dates_and_no_formula(export: Export, crowd: Sequence[Any]) -> None:
    files = export(format="xlsx", columns=ALL)

    sheet = openpyxl.load_workbook(io.BytesIO(files.contents[0])).active
    heading, *rows = sheet.iter_rows()
    assert [cell.value for cell in heading][:3] == ["openid", "unionid", "Nickname"]
    assert heading[8].value == "First login (Asia/Shanghai)"
    assert sheet.freeze_panes == "A2"
    assert [row[2].value for row in rows] == [user.nickname.replace("\r\n", "\r\n") for user in crowd]
    assert [row[0].value for row in rows] == [user.openid for user in crowd]
    assert {cell.data_type for row in rows for cell in row[:3]} <= {"s", "inlineStr", "n"}
    assert all(cell.data_type != "f" for row in rows for cell in row)
    assert {row[0].number_format for row in rows} == {"@"}
    assert {row[8].value for row in rows} == {datetime.fromisoformat("2026-11-20 12:30:59")}
    assert [row[10].value for row in rows] == [user.logins for user in crowd]


def test_the_csv_for_spreadsheets_is_the_lists_own_file_with_the_columns_that_were_chosen(
    export: Export, crowd: Sequence[Any]
) -> None:
    files = export(format="csv_excel", columns=("nickname", "openid", "logins"))

    text = files.contents[0].decode("utf-8-sig")
    heading, *rows = csv.reader(io.StringIO(text, newline=""))
    assert heading == ["openid", "Nickname", "Logins"]
    assert {row[0]: row[1] for row in rows}[crowd[-1].openid] == "'=1+1"
    assert text.endswith("\r\n")


def test_a_list_of_openids_is_nothing_else(export: Export, crowd: Sequence[Any]) -> None:
    files = export(format="openids")

    assert files.contents[0].decode().splitlines() == [user.openid for user in crowd]
    assert files.contents[0].endswith(b"\n")


def test_what_a_workbook_cannot_hold_is_left_out_and_counted(export: Export) -> None:
    UserFactory(nickname="a\x01b\x1fc\x0bd\uffffe\tf")

    files = export(format="xlsx", columns=["nickname"])

    sheet = openpyxl.load_workbook(io.BytesIO(files.contents[0])).active
    assert sheet["A2"].value == "abcde\tf"
    assert files.made.dropped == 4


def test_a_workbook_goes_on_on_the_next_sheet(export: Export, crowd: Sequence[Any]) -> None:
    files = export(format="xlsx", columns=["openid"], rows_a_sheet=10)

    book = openpyxl.load_workbook(io.BytesIO(files.contents[0]))
    columns = [[cell.value for cell in next(sheet.iter_cols())] for sheet in book]
    assert [column[0] for column in columns] == ["openid"] * 3
    assert [len(column) - 1 for column in columns] == [10, 10, len(crowd) - 20]
    assert [openid for column in columns for openid in column[1:]] == [user.openid for user in crowd]


@pytest.mark.parametrize("kind", ["xlsx", "csv_excel", "csv", "jsonl", "openids"])
def test_nobody_is_a_file_without_rows(export: Export, kind: str) -> None:
    files = export(format=kind, filters={"q": "nobody"})

    assert (files.made.rows, len(files.made.parts)) == (0, 1)
    if kind == "xlsx":
        assert openpyxl.load_workbook(io.BytesIO(files.contents[0])).active.max_row == 1


@pytest.mark.parametrize("kind", ["xlsx", "csv_excel", "csv", "jsonl"])
def test_what_is_masked_for_the_role_is_masked_in_every_format(export: Export, kind: str) -> None:
    UserFactory(last_ref="VIP-0007-SECRET")

    files = export(format=kind, columns=["ref"], masks=masking.of_role(Role.MARKETER))

    content = files.contents[0]
    if kind == "xlsx":
        content = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert b"SECRET" not in content
    assert "…ET".encode() in content


@pytest.mark.parametrize("kind", ["xlsx", "csv_excel", "csv", "jsonl"])
def test_moments_are_told_in_the_zone_that_was_chosen(export: Export, kind: str) -> None:
    UserFactory(last_login_at=AT)

    files = export(format=kind, columns=["last_login"], zone=ZoneInfo("America/New_York"))

    content = files.contents[0]
    if kind == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        assert [cell.value for cell in sheet["A"]] == [
            "Last login (America/New_York)",
            datetime.fromisoformat("2026-11-19 23:30:59"),
        ]
    elif kind == "csv_excel":
        assert b"(America/New_York)\r\n2026-11-19 23:30:59\r\n" in content
    else:
        assert b"2026-11-19T23:30:59-05:00" in content


@pytest.mark.parametrize(("people", "sizes"), [(1, None), (2, [2]), (10, [10]), (11, [6, 5]), (21, [7, 7, 7])])
def test_no_file_for_a_message_to_many_holds_one_person_alone(
    export: Export, people: int, sizes: list[int] | None
) -> None:
    made = [UserFactory() for _ in range(people)]

    if sizes is None:
        with pytest.raises(OnlyOne):
            export(destination="mass_send", at_once=10)
        return
    files = export(destination="mass_send", at_once=10)

    assert [len(content.splitlines()) for content in files.contents] == sizes
    assert [part.rows for part in files.made.parts] == sizes
    assert b"".join(files.contents).decode().splitlines() == [user.openid for user in made[::-1]]


def test_a_line_of_tags_holds_fifty(export: Export) -> None:
    made = [UserFactory() for _ in range(103)]

    files = export(destination="tagging")

    lines = files.contents[0].decode().splitlines()
    assert [line.count(",") + 1 for line in lines] == [50, 50, 3]
    assert ",".join(lines).split(",") == [user.openid for user in made[::-1]]
    assert files.made.parts[0].rows == 103


def test_packages_for_advertisements_are_texts_in_zip_files_that_are_not_too_large(export: Export) -> None:
    made = [UserFactory() for _ in range(40)]
    line = len(made[0].openid) + 1

    files = export(destination="tencent_ads", largest_package=15 * line + 3)

    texts = []
    for number, content in enumerate(files.contents, start=1):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            assert package.namelist() == [f"openids-{number}.txt"]
            assert package.testzip() is None
            texts.append(package.read(package.namelist()[0]))
    assert [text.count(b"\n") for text in texts] == [15, 15, 10]
    assert b"".join(texts).decode().splitlines() == [user.openid for user in made[::-1]]


@pytest.mark.parametrize("kind", ["xlsx", "csv", "openids"])
def test_the_same_rows_make_the_same_file_with_its_fingerprint(export: Export, crowd: Sequence[Any], kind: str) -> None:
    first, second = export(format=kind), export(format=kind)

    assert first.contents == second.contents
    [part] = first.made.parts
    assert part.print.sha256 == hashlib.sha256(first.contents[0]).digest()
    assert part.print == taken([first.contents[0]])
    assert (part.rows, first.progress.rows, first.progress.expected) == (len(crowd),) * 3


def test_a_fingerprint_does_not_depend_on_the_pieces() -> None:
    data = bytes(range(256)) * (BLOCK // 100)

    pieces = [data[at : at + 70_001] for at in range(0, len(data), 70_001)]

    found = taken(pieces)
    blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
    digests = [hashlib.sha256(block).digest() for block in blocks]
    assert found == taken([data])
    assert found.tree == hashlib.sha256(b"".join(digests)).digest()
    assert found.blocks == "".join(digest.hex()[:16] for digest in digests)
    assert found.head == hashlib.sha256(data[:4096]).digest()


@on_sqlite
def test_jq_reads_every_line_and_sha256sum_says_what_the_receipt_says(
    export: Export, crowd: Sequence[Any], require: Callable[[str], str], tmp_path: Path
) -> None:
    jq, sha256sum = require("jq"), require("sha256sum")
    files = export(format="jsonl", columns=ALL)
    file = tmp_path / "users.jsonl"
    file.write_bytes(files.contents[0])

    nicknames = subprocess.run([jq, "-c", ".nickname"], input=file.read_bytes(), capture_output=True, check=True)
    summed = subprocess.run([sha256sum, str(file)], capture_output=True, text=True, check=True)

    assert [json.loads(line) for line in nicknames.stdout.splitlines()] == [user.nickname for user in crowd]
    assert summed.stdout.split()[0] == files.made.parts[0].print.sha256.hex()


@on_sqlite
def test_a_message_to_20001_people_is_three_files_of_whoever_wc_counts(
    export: Export, session: Any, require: Callable[[str], str], tmp_path: Path
) -> None:
    wc, first = require("wc"), UserFactory()
    alike = {column.name: getattr(first, column.name) for column in User.__table__.columns}
    others = ({"id": first.id + number, "openid": f"o{number:027}"} for number in range(1, 20_001))
    session.execute(insert(User), [alike | other for other in others])

    files = export(destination="mass_send")

    for number, content in enumerate(files.contents):
        (tmp_path / f"{number}.txt").write_bytes(content)
    counted = subprocess.run(
        [wc, "-l", *sorted(map(str, tmp_path.iterdir()))], capture_output=True, text=True, check=True
    )
    assert [int(line.split()[0]) for line in counted.stdout.splitlines()] == [6_667, 6_667, 6_667, 20_001]
    assert len({line for content in files.contents for line in content.splitlines()}) == 20_001
