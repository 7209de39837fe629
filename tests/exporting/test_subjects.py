"""Files of attempts, events and failures, read back: what the pages show, in words for people and as stored for
programs."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy.orm import Session

from tests.exporting.conftest import SHANGHAI
from tests.factories import AttemptFactory, EventFactory, FailureHourFactory, SiteFactory, UserFactory
from wxadmin import support_codes
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import csv_lines
from wxadmin.errors import BadValue
from wxadmin.exporting.subject import Asking
from wxadmin.exporting.subjects import SUBJECTS
from wxadmin.exporting.subjects.attempts import ATTEMPTS
from wxadmin.exporting.subjects.events import EVENTS
from wxadmin.exporting.subjects.failures import FAILURES
from wxadmin.i18n import translator
from wxadmin.ids import first_id_at
from wxadmin.models import ExportSubject, Role, Site
from wxadmin.queries import failure_groups, masking, ranges
from wxadmin.queries.failures import Span
from wxadmin.wechat import errcodes

Export = Callable[..., Any]
KINDS = ("xlsx", "csv_excel", "csv", "jsonl")
CHINESE = translator("zh_CN").gettext


@pytest.fixture(autouse=True)
def portions_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", 3)
    monkeypatch.setattr(csv_lines, "COPIED_AT_ONCE", 3)


@pytest.fixture
def shop(session: Session) -> Site:
    site: Site = SiteFactory(title="云雾,茶铺")
    return site


def rows_of(kind: str, content: bytes) -> list[list[Any]]:
    """Headings and rows, whatever the format."""
    if kind == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        return [[cell.value for cell in row] for row in sheet.iter_rows()]
    text = content.decode("utf-8-sig")
    if kind == "jsonl":
        objects = [json.loads(line) for line in text.splitlines()]
        return [list(objects[0]), *(list(one.values()) for one in objects)] if objects else [[]]
    return [[cell or None for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]


@pytest.mark.parametrize("kind", KINDS)
def test_every_attempt_is_a_row_in_words_for_people_and_as_stored_for_programs(
    export: Export, shop: Site, kind: str
) -> None:
    user = UserFactory(site=shop)
    made = [
        AttemptFactory(site=shop, failed=True),
        AttemptFactory(site=shop, snapshot=True, scope="snsapi_userinfo"),
        AttemptFactory(site=shop, refused=True),
        AttemptFactory(site=shop, waiting=True, ref="=1+1"),
        AttemptFactory(site=shop, succeeded=True, user=user),
    ][::-1]
    columns = tuple(ATTEMPTS.columns)

    files = export(subject="attempts", format=kind, columns=columns, words=CHINESE, language="zh_CN")

    _, *rows = rows_of(kind, files.contents[0])
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    assert [one["support_code"] for one in found] == [support_codes.show(one.support_code) for one in made]
    stored = ["succeeded", "waiting", "refused", "snapshot", "failed"]
    outcomes = [one["outcome"] for one in found]
    if kind in {"csv", "jsonl"}:
        assert outcomes == stored
    else:
        assert len(set(outcomes)) == len(stored)
        assert not set(outcomes) & set(stored)
    assert found[0]["openid"] == user.openid
    assert found[1]["ref"] == ("'=1+1" if kind == "csv_excel" else "=1+1")
    assert (found[-1]["code"], found[-1]["title"]) == ("40029", errcodes.find("40029", "any").title_zh)
    assert [one["title"] for one in found[:2]] == [None, None]
    assert {one["site"] for one in found} == {"云雾,茶铺"}
    assert found[1]["ended"] is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_a_row_with_its_title_by_the_step(export: Export, shop: Site, kind: str) -> None:
    attempt = AttemptFactory(site=shop, failed=True)
    EventFactory(attempt=attempt)
    EventFactory(attempt=attempt, failure=True, stage="exchange", http_status=200, duration_ms=12, errmsg='bad, "code"')
    EventFactory(attempt=attempt, failure=True, stage="refresh", code="77777", user_id=first_id_at(utcnow()))
    columns = tuple(EVENTS.columns)

    files = export(subject="events", format=kind, columns=columns, language="en")

    _, *rows = rows_of(kind, files.contents[0])
    found = [dict(zip(columns, row, strict=True)) for row in rows][::-1]
    titles = [None, errcodes.find("40029", "exchange").title_en, "Unknown code"]
    assert [one["title"] for one in found] == titles
    assert found[1]["errmsg"] == 'bad, "code"'
    assert [str(one["duration_ms"]) for one in found] == ["None", "12", "None"]
    assert [one["support_code"] for one in found] == [support_codes.show(attempt.support_code)] * 3
    assert str(found[2]["user"]).strip("'").isdigit()
    assert found[0]["stage"] == ("start" if kind in {"csv", "jsonl"} else "Started")


@pytest.mark.parametrize("kind", KINDS)
def test_failures_are_the_groups_of_the_page_in_its_order(
    session: Session, export: Export, shop: Site, kind: str
) -> None:
    now = utcnow()
    for code, stage, number in (("40029", "exchange", 5), ("40163", "exchange", 9), ("gw_timeout", "userinfo", 1)):
        hour = hour_of(now)
        FailureHourFactory(site_id=shop.id, hour=hour, code=code, stage=stage, event_class="failure", events=number)
        attempt = AttemptFactory(site=shop, started_at=now)
        EventFactory(attempt=attempt, failure=True, code=code, stage=stage, at=now, id=first_id_at(now) + number)
    columns = tuple(FAILURES.columns)

    files = export(subject="failures", format=kind, columns=columns, filters={"range": "7"}, language="en")

    _, *rows = rows_of(kind, files.contents[0])
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    span = Span(ranges.by_day(7, utcnow(), SHANGHAI))
    on_page = failure_groups.groups(session, span, now=utcnow(), looked_at=100)
    assert [(one["code"], int(one["count"])) for one in found] == [(one.kind.code, one.total) for one in on_page]
    assert [one["title"] for one in found] == [errcodes.find(one.kind.code, one.kind.stage).title_en for one in on_page]
    assert {one["site"] for one in found} == {"云雾,茶铺"}
    assert found[0]["last_seen"]


@pytest.mark.parametrize("subject", ["attempts", "events", "failures"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_fits_is_a_file_without_rows(export: Export, subject: str, kind: str) -> None:
    files = export(subject=subject, format=kind, columns=SUBJECTS[ExportSubject(subject)].usual)

    assert (files.made.rows, len(files.made.parts)) == (0, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_filters_narrow_the_file_as_they_do_the_list(export: Export, shop: Site, kind: str) -> None:
    AttemptFactory(failed=True)
    AttemptFactory(site=shop, succeeded=True)
    ours = AttemptFactory(site=shop, failed=True)
    AttemptFactory(site=shop, failed=True, started_at=utcnow() - timedelta(days=9))
    today = f"{utcnow() - timedelta(days=1):%Y-%m-%d}"

    files = export(
        subject="attempts",
        format=kind,
        columns=["support_code"],
        filters={"outcome": "failed", "site": shop.name, "from": today},
    )

    _, *rows = rows_of(kind, files.contents[0])
    assert rows == [[support_codes.show(ours.support_code)]]


def test_what_is_masked_for_the_role_is_hidden_in_files_of_attempts(export: Export, shop: Site) -> None:
    AttemptFactory(site=shop, succeeded=True, ref="VIP-0007-SECRET", ip="203.0.113.77")

    files = export(
        subject="attempts",
        format="csv",
        columns=["openid", "ref", "ip"],
        masks=masking.of_role(Role.SUPPORT),
    )

    assert b"SECRET" not in files.contents[0]
    assert b"203.0.113.77" not in files.contents[0]
    assert files.made.rows == 1


@pytest.mark.parametrize(
    ("subject", "filters"),
    [
        ("attempts", {"outcome": "lost"}),
        ("attempts", {"site": "nowhere"}),
        ("attempts", {"from": "yesterday"}),
        ("events", {"stage": "lunch"}),
        ("events", {"code": "'; DROP TABLE event; --"}),
        ("failures", {"range": "365"}),
        ("failures", {"from": "2026-01-01", "to": "2026-11-11"}),
        ("attempts", {"around": "2026-11-11T12:00", "within": "11"}),
        ("failures", {"site": "nowhere"}),
    ],
)
def test_what_no_list_can_be_asked_is_refused(session: Session, subject: str, filters: dict[str, str]) -> None:
    asking = Asking(SHANGHAI, utcnow(), masking.CLEAR)

    with pytest.raises(BadValue):
        SUBJECTS[ExportSubject(subject)].checked(session, filters, asking)
