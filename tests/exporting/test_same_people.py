"""For whatever filters, all formats, the pages and the API hold the same people as the database's own shell finds."""

import csv
import io
import json
import random
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy.orm import Session

from tests import shells
from tests.crowd import crowd, drawn
from tests.exporting.conftest import SHANGHAI, Kept
from wxadmin.database import Database, csv_lines
from wxadmin.exporting.making import Progress, make
from wxadmin.exporting.plans import plan_of
from wxadmin.models import Export
from wxadmin.queries import users
from wxadmin.queries.masking import CLEAR
from wxadmin.queries.user_filters import UserFilters

Store = Callable[[Callable[[], Any]], Any]
FILTERS = 40
FORMATS = ("xlsx", "csv_excel", "csv", "jsonl", "openids")


def openids_in(kind: str, content: bytes) -> list[str]:
    if kind == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        return [cell.value for cell in sheet["A"]][1:]
    text = content.decode("utf-8-sig")
    if kind == "jsonl":
        return [json.loads(line)["openid"] for line in text.splitlines()]
    if kind == "openids":
        return text.splitlines()
    return [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]


def exported(database: Database, filters: UserFilters, kind: str) -> list[str]:
    columns = "openid" if kind == "openids" else "openid,nickname,last_login"
    export = Export(
        filters=json.dumps(filters.given),
        filter_zone=SHANGHAI.key,
        zone="UTC",
        role="admin",
        language="en",
        destination="other",
        format=kind,
        columns=columns,
    )
    kept: list[Kept] = []

    def open_part(_: int) -> Kept:
        kept.append(Kept())
        return kept[0]

    database.long_reads.read_now(make, plan_of(export), open_part, Progress())
    return openids_in(kind, kept[0].content)


def on_pages(session: Session, filters: UserFilters) -> list[str]:
    found, place = [], None
    while True:
        page = users.page(session, filters, SHANGHAI, masks=CLEAR, older_than=place, size=13)
        found += [row.openid for row in page.rows]
        if page.older is None:
            return found
        place = page.older


def question(filters: UserFilters) -> shells.Question:
    """Written by hand: what each filter of the crowd means, in SQL that is none of the program's."""
    where, moments = ["1 = 1"], {}
    if filters.account:
        where.append(f"u.account_id = (SELECT id FROM account WHERE name = '{filters.account}')")
    if filters.site or filters.channel:
        site = f"AND s.name = '{filters.site}'" if filters.site else ""
        channel = f"AND c.channel = '{filters.channel}'" if filters.channel else ""
        came = f"SELECT 1 FROM user_channel c JOIN site s ON s.id = c.site_id WHERE c.user_id = u.id {site} {channel}"
        where.append(f"EXISTS ({came})")
    if filters.scope:
        where.append("u.granted_userinfo" if filters.scope == "explicit" else "NOT u.granted_userinfo")
    if filters.token:
        where.append(TOKENS[filters.token])
    if filters.q:
        where.append(SEARCHES[filters.q])
    for name, sign, days in (
        ("first_from", ">=", 0),
        ("first_to", "<", 1),
        ("last_from", ">=", 0),
        ("last_to", "<", 1),
    ):
        if day := getattr(filters, name):
            column = "first_seen_at" if name.startswith("first") else "last_login_at"
            moments[name] = datetime.combine(day + timedelta(days=days), time(), SHANGHAI)
            where.append(f"u.{column} {sign} :{name}")
    return f'SELECT u.openid FROM "user" u WHERE {" AND ".join(where)}', moments


TOKENS = {
    "none": "NOT EXISTS (SELECT 1 FROM token t WHERE t.user_id = u.id)",
    "needs_consent": (
        "EXISTS (SELECT 1 FROM token t WHERE t.user_id = u.id AND t.state = 'needs_consent'"
        " AND t.scope = 'snsapi_userinfo')"
    ),
    "next_visit": (
        "EXISTS (SELECT 1 FROM token t WHERE t.user_id = u.id AND t.state = 'needs_consent'"
        " AND t.scope = 'snsapi_base')"
    ),
}
SEARCHES = {
    "小": "u.nickname LIKE '%小%'",
    "li_": "lower(u.nickname) LIKE '%li!_%' ESCAPE '!'",
    "0%": "u.nickname LIKE '%0!%%' ESCAPE '!'",
    "=1": "u.nickname LIKE '%=1%'",
    "M7": "EXISTS (SELECT 1 FROM user_channel c WHERE c.user_id = u.id AND c.last_ref = 'M7')",
    "oleaf-1-1": "substr(u.openid, 1, 9) = 'oleaf-1-1'",
    "oward-1-": "substr(u.openid, 1, 8) = 'oward-1-'",
    "nobody": "1 = 0",
}


def test_all_formats_hold_whom_pages_and_shell_hold(
    database: Database, database_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", 17)
    monkeypatch.setattr(csv_lines, "COPIED_AT_ONCE", 17)
    rng = random.Random(20261126)
    store(lambda: crowd(rng))
    drawn_filters = [UserFilters.read(one) for one in [{}, *(drawn(rng) for _ in range(FILTERS))]]

    by_shell = shells.answers(database_url, [question(one) for one in drawn_filters])
    sizes = []
    for filters, rows in zip(drawn_filters, by_shell, strict=True):
        expected = sorted(row[0] for row in rows)
        assert sorted(database.read_now(on_pages, filters)) == expected, filters
        for kind in FORMATS:
            assert sorted(exported(database, filters, kind)) == expected, (kind, filters)
        sizes.append(len(expected))

    assert sizes[0] == 120
    assert sum(map(bool, sizes)) > FILTERS // 2
