"""wxadmin export attempts, failures and events."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.databases import on_sqlite
from tests.factories import AttemptFactory, EventFactory, FailureHourFactory, SiteFactory
from tests.running import SiteKeys
from wxadmin import support_codes
from wxadmin.clock import hour_of, utcnow
from wxadmin.models import AuditEntry, Export
from wxadmin.wechat import errcodes

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]


@pytest.fixture
def leaf(store: Store) -> Any:
    return store(lambda: SiteFactory(name="leaf", title="茶铺"))


def test_attempts_that_fit_are_written_with_titles_in_chinese(
    wxadmin: Callable, site_keys: SiteKeys, store: Store, stored: Stored, leaf: Any, tmp_path: Path
) -> None:
    wanted = store(lambda: AttemptFactory(site=leaf, failed=True, ref="VIP-7"))
    store(lambda: AttemptFactory(site=leaf, waiting=True, ref="VIP-7"))
    file = tmp_path / "attempts.csv"

    said = wxadmin("export", "attempts", "--site", "leaf", "--code", "40029", "--ref", "VIP-7", "--output", str(file))

    assert (said.code, said.out, said.err) == (0, "", "1 attempts\n")
    [heading, row] = csv.reader(file.read_text("utf-8-sig").splitlines())
    assert heading[0] == "问题编号"
    assert row[0] == support_codes.show(wanted.support_code)
    assert errcodes.find("40029", "any").title_zh in row
    [export], [entry] = stored(Export), [one for one in stored(AuditEntry) if one.action == "rows_exported"]
    assert (export.subject, export.note, export.rows) == ("attempts", "wxadmin export attempts", 1)
    assert json.loads(entry.details)["filters"]["ref"] == "…"
    known = wxadmin("export", "verify", str(file))
    assert "1 attempts, " in known.out


def test_events_go_down_a_pipe(wxadmin: Callable, site_keys: SiteKeys, store: Store, leaf: Any) -> None:
    store(lambda: EventFactory(attempt=AttemptFactory(site=leaf, failed=True), failure=True, stage="exchange"))
    store(lambda: EventFactory(attempt=AttemptFactory(site=leaf)))

    said = wxadmin("export", "events", "--class", "failure", "--format", "jsonl", "--columns", "code,stage,site")

    assert (said.code, json.loads(said.out)) == (0, {"code": "40029", "stage": "exchange", "site": "茶铺"})


@on_sqlite
def test_failures_are_a_workbook_of_the_pages_groups(
    wxadmin: Callable, site_keys: SiteKeys, store: Store, leaf: Any, tmp_path: Path
) -> None:
    counted = {"site_id": leaf.id, "hour": hour_of(utcnow()), "stage": "exchange", "event_class": "failure"}
    store(lambda: FailureHourFactory(code="40029", events=7, **counted))
    store(lambda: EventFactory(attempt=AttemptFactory(site=leaf, failed=True), failure=True, stage="exchange"))
    file = tmp_path / "failures.xlsx"

    said = wxadmin("export", "failures", "--range", "today", "--format", "xlsx", "--lang", "en", "--output", str(file))

    assert (said.code, said.err) == (0, "1 failures\n")
    heading, row = openpyxl.load_workbook(io.BytesIO(file.read_bytes())).active.iter_rows(values_only=True)
    assert heading[:5] == ("Errcode or reason", "Called", "Step", "How it went", "Count")
    assert row[:5] == ("40029", errcodes.find("40029", "exchange").title_en, "Code exchanged", "Failed steps", 7)


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("attempts", "--outcome", "lost"), "outcome is one of"),
        (("attempts", "--site", "nowhere"), "there is no site"),
        (("attempts", "--format", "openids"), "choose a format"),
        (("events", "--columns", "nickname"), "choose among the columns at, "),
        (("events", "--from", "yesterday"), "from is a day"),
        (("failures", "--range", "365"), "range is one of"),
        (("failures", "--lang", "de"), "lang is zh_CN or en"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored, leaf: Any, arguments: tuple[str, ...], told: str
) -> None:
    said = wxadmin("export", *arguments)

    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert said.err.count("\n") == 1
    assert stored(Export) == []
