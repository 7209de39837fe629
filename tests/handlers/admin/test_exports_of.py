"""Attempts and failures leave the house as files from their own pages, with the filters of the page."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.databases import on_sqlite
from tests.factories import AttemptFactory, EventFactory, FailureHourFactory, SiteFactory
from tests.handlers.admin import exported
from wxadmin import support_codes
from wxadmin.clock import hour_of, utcnow
from wxadmin.models import AuditEntry, Export

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]
Staff = Callable[..., Any]
ASKED = {"purpose": "customer", "format": "csv", "zone": "Asia/Shanghai", "note": ""}


async def made(visitor: Any, path: str, **fields: Any) -> str:
    return await exported.made(visitor, path, ASKED | fields)


async def test_attempts_are_exported_as_their_list_shows_them(store: Store, staff: Staff, stored: Stored) -> None:
    shop = store(lambda: SiteFactory(name="leaf"))
    ours = store(lambda: AttemptFactory(site=shop, failed=True, ref="VIP-7"))
    store(lambda: AttemptFactory(site=shop, waiting=True))
    ada = staff("admin")
    query = "?outcome=failed&site=leaf&ref=VIP-7"

    listed = await ada.get(f"/admin/attempts{query}")
    dialog = await ada.get(f"/admin/exports/new/attempts{query}")
    address = await made(ada, f"/admin/exports/new/attempts{query}", columns=["support_code", "code", "outcome"])
    page = await ada.get(address)
    file = await ada.get(f"{address}/file")

    assert f"/admin/exports/new/attempts?{query[1:].replace('&', '&amp;')}" in listed.text
    assert "1 attempt" in dialog.text
    assert "VIP-7" in dialog.text
    code = support_codes.show(ours.support_code)
    assert list(csv.reader(io.StringIO(file.text))) == [
        ["support_code", "outcome", "code"],
        [code, "failed", "40029"],
    ]
    assert 'filename="attempts-' in file.headers["Content-Disposition"]
    assert "Attempts" in page.text
    assert "VIP-7" not in page.text
    receipt = (await ada.get(f"{address}/receipt.json")).json()
    assert (receipt["subject"], receipt["filters"]["ref"]) == ("attempts", "…")
    asked = [json.loads(entry.details) for entry in stored(AuditEntry) if entry.action == "export_asked"]
    assert [(one["subject"], one["filters"]["ref"]) for one in asked] == [("attempts", "…")]


async def test_failures_are_exported_as_their_page_groups_them(store: Store, staff: Staff) -> None:
    shop = store(lambda: SiteFactory(name="leaf"))
    for code, number in (("40029", 3), ("40163", 8)):
        store(lambda code=code, number=number: _met(shop, code, number))
    ada = staff("operator")

    listed = await ada.get("/admin/failures?range=30")
    dialog = await ada.get("/admin/exports/new/failures?range=30")
    address = await made(ada, "/admin/exports/new/failures?range=30", columns=["code", "count"])
    file = await ada.get(f"{address}/file")

    assert "/admin/exports/new/failures?range=30" in listed.text
    assert "2 rows" in dialog.text
    assert list(csv.reader(io.StringIO(file.text))) == [["code", "count"], ["40163", "8"], ["40029", "3"]]


def _met(shop: Any, code: str, number: int) -> Any:
    EventFactory(attempt=AttemptFactory(site=shop, failed=True), failure=True, code=code, stage="exchange")
    return FailureHourFactory(
        site_id=shop.id, hour=hour_of(utcnow()), code=code, stage="exchange", event_class="failure", events=number
    )


@on_sqlite
@pytest.mark.parametrize("what", ["attempts", "failures"])
async def test_only_those_who_export_see_the_way_to_it(staff: Staff, what: str) -> None:
    seen = {role: (await staff(role).get(f"/admin/{what}")).text for role in ("operator", "support")}

    assert f"/admin/exports/new/{what}" in seen["operator"]
    assert f"/admin/exports/new/{what}" not in seen["support"]


@on_sqlite
async def test_a_marketer_sees_the_receipt_of_attempts_and_not_the_file(store: Store, staff: Staff) -> None:
    store(lambda: AttemptFactory(failed=True))
    address = await made(staff("admin"), "/admin/exports/new/attempts", columns=["code"])

    page, file = [await staff("marketer").get(address + path) for path in ("", "/file")]

    assert file.status_code == 403
    assert "Only whoever sees such rows" in page.text
    assert f"{address}/file" not in page.text


@on_sqlite
@pytest.mark.parametrize(
    ("path", "fields", "told"),
    [
        ("attempts?outcome=lost", {}, None),
        ("attempts?site=nowhere", {}, None),
        ("failures?range=365", {}, None),
        ("attempts", {"columns": ["nickname"]}, "choose among the columns"),
        ("attempts", {"format": "openids"}, "choose a format"),
        ("failures", {"purpose": "fun"}, "choose what it is for"),
    ],
)
async def test_what_cannot_be_exported_is_refused(
    staff: Staff, stored: Stored, path: str, fields: dict[str, Any], told: str | None
) -> None:
    answer = await staff("admin").post(f"/admin/exports/new/{path}", ASKED | {"columns": ["code"]} | fields)

    assert answer.status_code == 400
    assert told is None or told in answer.text
    assert stored(Export) == []
