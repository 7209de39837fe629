"""LibreOffice opens the file of users: what it makes of each cell, by its own word."""

import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from tests.databases import on_sqlite
from tests.factories import SiteFactory, UserFactory
from tests.whole_lists import written
from wxadmin.exporting.making import Progress, make
from wxadmin.exporting.plans import plan_of
from wxadmin.exporting.subjects.users import COLUMNS
from wxadmin.models import Export

_PATIENCE_S = 120
# Commas, double quotes, UTF-8: what its dialog proposes for a file with a byte order mark. Without the dialog it does
# not look for one.
_AS_UTF_8 = "CSV:44,34,76"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"

NICKNAMES = {
    "小雨 🌧": "小雨 🌧",
    "👨\u200d👩\u200d👧": "👨\u200d👩\u200d👧",
    "龘靐𠮷": "龘靐𠮷",
    'a,"b"': 'a,"b"',
    "两\n行": "两\n行",
    "=1+1": "'=1+1",
    "＝1+1": "'＝1+1",
    "+86": "'+86",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t=1",
    "007": "'007",
    "123456789012345678": "'123456789012345678",
    "'x": "''x",
}
"""What people call themselves, and what the cell shows."""


@on_sqlite
def test_chinese_emoji_and_long_ids_are_text_and_nothing_is_calculated(
    session: Session, require: Callable[[str], str], tmp_path: Path
) -> None:
    soffice = require("soffice")
    shop = SiteFactory(title="云雾茶铺")
    openids = [f"o{number:02}-_aZ90123456789012345678"[:28] for number in range(len(NICKNAMES))]
    for openid, nickname in zip(openids, NICKNAMES, strict=True):
        UserFactory(site=shop, openid=openid, unionid=f"{openid[::-1]}", nickname=nickname, last_ref="0086")
    (tmp_path / "users.csv").write_bytes(written(session, ZoneInfo("Asia/Shanghai")))

    heading, *rows = _opened(soffice, tmp_path / "users.csv")

    assert [value for _, value in heading][:3] == ["openid", "unionid", "Nickname"]
    assert [row[0] for row in rows[::-1]] == [("string", openid) for openid in openids]
    assert [row[1][0] for row in rows] == ["string"] * len(rows)
    assert [row[2] for row in rows[::-1]] == [("string", shown) for shown in NICKNAMES.values()]
    assert {row[4] for row in rows} == {("string", "云雾茶铺")}
    assert {row[6] for row in rows} == {("string", "'0086")}
    assert {kind for row in rows for kind, _ in row[7:9]} == {"date"}


@on_sqlite
def test_a_workbook_shows_ids_as_text_dates_as_dates_and_every_nickname_as_it_is(
    session: Session, require: Callable[[str], str], tmp_path: Path
) -> None:
    soffice = require("soffice")
    shop = SiteFactory(title="云雾茶铺")
    nicknames = [*NICKNAMES, "a\rb", "_x0041_", "<b>&amp;"]
    for number, nickname in enumerate(nicknames):
        UserFactory(site=shop, openid=f"{number:028}", nickname=nickname, last_ref="0086", logins=number)
    export = Export(
        subject="users", destination="crm", format="xlsx", columns=",".join(COLUMNS), filters="{}", role="admin"
    )
    export.filter_zone = export.zone = "Asia/Shanghai"
    export.language = "zh_CN"

    make(session, plan_of(export), lambda _: (tmp_path / "users.xlsx").open("wb"), Progress())
    heading, *rows = _opened(soffice, tmp_path / "users.xlsx", infilter=None)

    assert [value for _, value in heading][:4] == ["openid", "unionid", "昵称", "已授权范围"]
    assert [row[0] for row in rows[::-1]] == [("string", f"{number:028}") for number in range(len(nicknames))]
    shown = [row[2] for row in rows[::-1]]
    assert {kind for kind, _ in shown} == {"string"}
    as_written = [text.replace("\r", "\n") for _, text in shown]
    assert as_written == [nickname.replace("\r", "\n") for nickname in nicknames]
    assert {row[7] for row in rows} == {("string", "0086")}
    assert {kind for row in rows for kind, _ in row[8:10]} == {"date"}
    assert [row[10] for row in rows[::-1]] == [("float", str(number)) for number in range(len(nicknames))]


def _opened(soffice: str, file: Path, *, infilter: str | None = _AS_UTF_8) -> list[list[tuple[str, str]]]:
    """Rows of cells, each by its kind and what is shown in it; a formula is of the kind `formula`."""
    folder = file.parent
    subprocess.run(
        [
            soffice,
            f"-env:UserInstallation=file://{folder / 'profile'}",
            "--headless",
            *([f"--infilter={infilter}"] if infilter else []),
            "--convert-to",
            "fods",
            "--outdir",
            str(folder),
            str(file),
        ],
        check=True,
        capture_output=True,
        timeout=_PATIENCE_S,
    )
    tree = ET.parse(file.with_suffix(".fods"))
    return [
        list(_cells(row)) for row in tree.iter(f"{_TABLE}table-row") if row.find(f"*[@{_OFFICE}value-type]") is not None
    ]


def _cells(row: ET.Element) -> Iterator[tuple[str, str]]:
    for cell in row:
        kind = "formula" if f"{_TABLE}formula" in cell.attrib else cell.get(f"{_OFFICE}value-type", "empty")
        shown = "\n".join(_shown(paragraph) for paragraph in cell.findall(f"{_TEXT}p"))
        for _ in range(int(cell.get(f"{_TABLE}number-columns-repeated", "1"))):
            yield kind, shown


def _shown(paragraph: ET.Element) -> str:
    text = paragraph.text or ""
    for part in paragraph:
        text += "\t" if part.tag == f"{_TEXT}tab" else " " * int(part.get(f"{_TEXT}c", "1"))
        text += part.tail or ""
    return text
