"""For whatever filters, all formats, the pages and the API hold the same people as the database's own shell finds."""

import csv
import io
import json
import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
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
        subject="users",
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
        page = users.page(session, filters, SHANGHAI, masks=CLEAR, after=place, size=13)
        found += [row.openid for row in page.rows]
        if page.after is None:
            return found
        place = page.after


def question(filters: UserFilters) -> shells.Question:
    """Written by hand: what each filter of the crowd means, in SQL that is none of the program's."""
    given, moments = filters.given, {}
    where = ["1 = 1"]
    if "account" in given:
        where.append(f"u.account_id = (SELECT id FROM account WHERE name = '{given['account']}')")
    if {"site", "channel", "came_from", "came_to"} & given.keys():
        came = ["c.user_id = u.id"]
        came += [f"s.name = '{given['site']}'"] if "site" in given else []
        came += [f"c.channel = '{given['channel']}'"] if "channel" in given else []
        came += ["c.last_at >= :came_from"] if "came_from" in given else []
        came += ["c.first_at < :came_to"] if "came_to" in given else []
        # Nobody of the crowd has attempts, by which a login between the first and the last would be known.
        came += (
            ["(c.first_at >= :came_from OR c.last_at < :came_to)"] if {"came_from", "came_to"} <= given.keys() else []
        )
        where.append(
            f"EXISTS (SELECT 1 FROM user_channel c JOIN site s ON s.id = c.site_id WHERE {' AND '.join(came)})"
        )
    where += [SCOPES[given["scope"]]] if "scope" in given else []
    where += [TOKENS[given["token"]]] if "token" in given else []
    where += [SEARCHES[given["q"]]] if "q" in given else []
    if {"consent_from", "consent_to"} & given.keys():
        consent = ["t.user_id = u.id", "t.state = 'active'", "t.scope LIKE '%snsapi_userinfo%'"]
        consent += ["t.refresh_expires_at >= :consent_from"] if "consent_from" in given else []
        consent += ["t.refresh_expires_at < :consent_to"] if "consent_to" in given else []
        where.append(f"EXISTS (SELECT 1 FROM token t WHERE {' AND '.join(consent)})")
    where += [f"u.logins >= {given['logins_min']}"] if "logins_min" in given else []
    where += [f"u.logins <= {given['logins_max']}"] if "logins_max" in given else []
    where += [UNIONIDS[given["unionid"]]] if "unionid" in given else []
    for name, condition in DAYS.items():
        if name in given:
            where += [condition] if condition else []
            day = date.fromisoformat(given[name]) + timedelta(days=name.endswith("_to"))
            moments[name] = datetime.combine(day, time(), SHANGHAI)
    return f'SELECT u.openid FROM "user" u WHERE {" AND ".join(where)}', moments


DAYS = {
    "first_from": "u.first_seen_at >= :first_from",
    "first_to": "u.first_seen_at < :first_to",
    "last_from": "u.last_login_at >= :last_from",
    "last_to": "u.last_login_at < :last_to",
    "came_from": "",
    "came_to": "",
    "consent_from": "",
    "consent_to": "",
}
SCOPES = {"explicit": "u.granted_userinfo", "silent": "NOT u.granted_userinfo"}
UNIONIDS = {"known": "u.unionid IS NOT NULL", "unknown": "u.unionid IS NULL"}
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
