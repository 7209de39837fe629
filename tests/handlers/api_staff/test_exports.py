"""A script starts an export, asks how far it has come, and takes the file: as much as its owner may see."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from tests.databases import on_sqlite
from tests.factories import AttemptFactory, EventFactory, SegmentFactory, UserFactory
from tests.handlers.api_staff.conftest import Script, Scripts
from wxadmin import support_codes
from wxadmin.database import Database
from wxadmin.models import AuditEntry, Export, Site
from wxadmin.services.batch import number_changes
from wxadmin.tasks import exports as tasks

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]
ASKED = {"destination": "other", "purpose": "crm", "format": "jsonl", "columns": ["openid", "ref"]}


@pytest.fixture(autouse=True)
def jobs_look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_LOOKS_EVERY_S", 0.05)
    monkeypatch.setattr(tasks, "_TELLS_EVERY_S", 0.05)


async def made(asker: Script, **asked: Any) -> dict[str, Any]:
    """What is told of an export that has ended."""
    begun = await asker.post("/exports", ASKED | asked)
    assert begun.status_code == 202, begun.text
    told: dict[str, Any] = begun.json()
    while told["state"] in {"waiting", "running"}:
        await asyncio.sleep(0.05)
        told = (await asker.get(f"/exports/{told['id']}")).json()
    return told


async def test_a_script_takes_what_it_asked_for(script: Scripts, store: Store, shop: Site, stored: Stored) -> None:
    person = store(lambda: UserFactory(site=shop, account_id=shop.account_id, last_ref="VIP-000777"))
    store(lambda: UserFactory(site=shop, account_id=shop.account_id, silent=True))
    lin = script("marketer")

    told = await made(lin, filters={"scope": "explicit"}, note="每日")
    file = await lin.get(f"/exports/{told['id']}/file")
    rest = await lin.get(f"/exports/{told['id']}/file?part=1", Range="bytes=5-")

    [kept] = told["files"]
    assert (told["state"], told["rows"], told["expected"], told["masks"]) == ("done", 1, 1, "marketer")
    assert told["filters"] == {"account": "tea", "scope": "explicit"}
    assert json.loads(file.content) == {"openid": person.openid, "ref": "…77"}
    assert (kept["sha256"], kept["bytes"]) == (hashlib.sha256(file.content).hexdigest(), len(file.content))
    assert (rest.status_code, rest.content) == (206, file.content[5:])
    assert [entry.actor for entry in stored(AuditEntry) if entry.action == "export_downloaded"] == [lin.name] * 2


@on_sqlite
async def test_whoever_is_not_to_be_contacted_is_left_out_unless_asked_for(
    script: Scripts, store: Store, shop: Site
) -> None:
    of_shop = {"site": shop, "account_id": shop.account_id}
    people = [store(partial(UserFactory, blocked=blocked, **of_shop)) for blocked in (False, True)]
    lin, openids = script("marketer"), {"format": "openids", "filters": {"account": "tea"}}

    users = (await lin.get("/users?contact=blocked")).json()["items"]
    left_out, included = await made(lin, **openids), await made(lin, with_blocked=True, **openids)

    assert [(one["openid"], one["blocked"]) for one in users] == [(people[1].openid, True)]
    assert (await lin.get(f"/users/{people[1].id}")).json()["blocked_by"] == "lin"
    assert [(one["rows"], one["with_blocked"], one["left_out"]) for one in (left_out, included)] == [
        (1, False, 1),
        (2, True, None),
    ]


@on_sqlite
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"purpose": "fun"}, "purpose: "),
        ({"purpose": "other"}, "say in the note what it is for"),
        ({"format": None}, "choose a format"),
        ({"columns": ["token"]}, "choose among the columns"),
        ({"filters": {"site": "bar"}}, "there is no site"),
        ({"filters": {"colour": "red"}}, "filters.colour: "),
        ({"filters": {"contact": "perhaps"}}, "filters.contact: "),
        ({"filters": {"only": "everybody"}}, "filters.only: "),
        ({"filters": {"without": "1"}}, "there is no such uploaded list"),
        ({"zone": "Mars/Olympus"}, "is no time zone"),
        ({"subject": "moods"}, "subject: "),
        ({"subject": "attempts", "filters": {"token": "late"}}, "filters.token: "),
        ({"subject": "events", "columns": ["ref"]}, "choose among the columns at, "),
        ({"subject": "events", "columns": ["at"], "destination": "crm"}, "only lists of users"),
        ({"subject": "attempts", "format": "openids"}, "choose a format"),
    ],
)
async def test_what_cannot_be_exported_is_a_problem_that_says_what_to_change(
    script: Scripts, stored: Stored, asked: dict[str, Any], told: str
) -> None:
    answer = await script("operator").post("/exports", ASKED | asked)

    assert answer.status_code == 400
    assert told in answer.json()["detail"]
    assert stored(Export) == []


@on_sqlite
async def test_what_is_not_there_or_not_for_the_role_is_refused(script: Scripts, store: Store, shop: Site) -> None:
    store(lambda: UserFactory(site=shop, account_id=shop.account_id))
    ada, lin = script("admin"), script("marketer")
    told = await made(ada)

    answers = [
        await ada.get("/exports/1"),
        await ada.get("/exports/x/file"),
        await ada.get(f"/exports/{told['id']}/file?part=2"),
        await lin.get(f"/exports/{told['id']}/file"),
        await script("support").post("/exports", ASKED),
        await ada.get("/exports"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 403, 403, 405]
    assert answers[-1].headers["Allow"] == "POST"


async def test_attempts_events_and_failures_are_taken_by_whoever_sees_them(
    script: Scripts, store: Store, shop: Site
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True))
    store(lambda: AttemptFactory(site=shop, account_id=shop.account_id, waiting=True))
    store(lambda: EventFactory(attempt=AttemptFactory(site=shop, failed=True), failure=True, stage="exchange"))
    lin = script("operator")

    attempts = await made(
        lin, subject="attempts", columns=["support_code"], filters={"site": shop.name, "code": "40029"}
    )
    events = await made(lin, subject="events", columns=["code", "title"], filters={"class": "failure"})
    failures = await made(lin, subject="failures", columns=["code", "count"], filters={"range": "30"})
    of_a_day = await made(lin, subject="failures", columns=["code"], filters={"to": "2026-11-11"})

    file = await lin.get(f"/exports/{attempts['id']}/file")
    listed = (await lin.get(f"/attempts?site={shop.name}&code=40029")).json()["items"]
    assert [json.loads(line)["support_code"] for line in file.text.splitlines()] == [
        one["support_code"] for one in listed
    ]
    assert support_codes.show(attempt.support_code) in file.text
    assert attempts["files"][0]["name"].startswith("attempts-")
    assert (attempts["subject"], events["rows"], failures["subject"]) == ("attempts", 1, "failures")
    assert of_a_day["filters"] == {"to": "2026-11-11"}
    theirs = [await script("marketer").get(f"/exports/{one['id']}/file") for one in (attempts, events, failures)]
    assert [answer.status_code for answer in theirs] == [403] * 3


@on_sqlite
@pytest.mark.parametrize("subject", ["attempts", "events", "failures"])
async def test_nobody_exports_what_they_see_on_no_page(script: Scripts, stored: Stored, subject: str) -> None:
    answer = await script("marketer").post("/exports", ASKED | {"subject": subject, "columns": ["code"]})

    assert answer.status_code == 403
    assert stored(Export) == []


async def test_a_script_exports_a_segment_and_later_what_has_changed(
    script: Scripts, store: Store, shop: Site, database: Database
) -> None:
    person = store(lambda: UserFactory(site=shop, account_id=shop.account_id, change_no=0))
    segment = store(SegmentFactory)
    lin = script("marketer")

    listed = (await lin.get("/segments")).json()
    first = await made(lin, segment=segment.name, columns=["openid"])
    database.write_now(lambda session: number_changes(session.connection(), [person.id]))
    later = await made(lin, segment=segment.name, columns=["openid"], since=first["id"])

    [told] = listed["items"]
    assert (told["id"], told["name"], told["filters"]) == (str(segment.id), segment.name, {"scope": "explicit"})
    assert (told["users"], told["users_is_all"], listed["next"]) == (1, True, None)
    assert (first["segment"], first["changes"], first["filters"]["scope"]) == (segment.name, None, "explicit")
    assert later["changes"] == {"since": first["id"], "added": 0, "changed": 1, "gone": 0, "forgotten": 0}
    file = await lin.get(f"/exports/{later['id']}/file")
    assert json.loads(file.content) == {"change": "changed", "openid": person.openid}
    assert [one["change"] for one in later["files"]] == [None]


@on_sqlite
@pytest.mark.parametrize(
    "asked",
    [{"segment": "nobody's"}, {"segment": "八月会员", "filters": {"scope": "silent"}}, {"since": "1"}, {"since": "x"}],
    ids=["unknown", "with filters", "since nothing", "no number"],
)
async def test_a_segment_or_an_earlier_export_that_is_not_there_is_refused(
    asked: dict[str, Any], script: Scripts, store: Store, stored: Stored
) -> None:
    store(lambda: SegmentFactory(name="八月会员"))

    refused = await script("marketer").post("/exports", ASKED | {"columns": ["openid", "account"]} | asked)

    assert refused.status_code == 400
    assert stored(Export) == []


@on_sqlite
async def test_whom_an_export_of_attempts_was_narrowed_to_is_told_nowhere(script: Scripts, stored: Stored) -> None:
    asked = {"subject": "attempts", "columns": ["code"], "filters": {"ref": "VIP-000777", "ip": "203.0.113.7"}}

    told = await made(script("operator"), **asked)

    assert told["filters"] == {"ref": "…", "ip": "…"}
    [export] = stored(Export)
    assert "VIP-000777" not in export.filters
    assert "203.0.113.7" not in export.filters
    assert all("VIP-000777" not in (entry.details or "") for entry in stored(AuditEntry))


@on_sqlite
async def test_developers_see_no_segments(script: Scripts, store: Store) -> None:
    store(SegmentFactory)

    answers = [await script(role).get("/segments") for role in ("developer", "support")]

    assert [answer.status_code for answer in answers] == [403, 200]
