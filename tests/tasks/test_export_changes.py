"""What has changed since an earlier export: exactly who was added, changed or is gone, told as each format can."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from tests.factories import ExportFactory, UserFactory
from tests.running import SiteKeys
from wxadmin import app
from wxadmin.clock import utcnow
from wxadmin.database import Database, csv_lines, id_portions
from wxadmin.exporting import changes, taking
from wxadmin.exporting.id_sets import unpacked
from wxadmin.exporting.storage import Storage
from wxadmin.flows.gateway import Gateway
from wxadmin.ids import first_id_at
from wxadmin.models import Export, ExportHolding, ExportPart, ExportState, User
from wxadmin.services import forgetting
from wxadmin.services.batch import number_changes
from wxadmin.settings import Settings
from wxadmin.tasks import exports
from wxadmin.tasks.exports import Keeping

Stored = Callable[[type], Sequence[Any]]
Store = Callable[[Callable[[], Any]], Any]


@pytest.fixture
async def flow(settings: Settings, site_keys: SiteKeys, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    """Portions are so small that every few people are several of them."""
    monkeypatch.setattr(csv_lines, "AGGREGATED_AT_ONCE", 2)
    monkeypatch.setattr(id_portions, "STRETCH", 3)
    monkeypatch.setattr(changes, "AT_ONCE", 2)
    monkeypatch.setattr(taking, "AT_ONCE", 2)
    async with app.make_front(settings, "http://127.0.0.1") as front:
        yield front.gateway


class Exporter:
    """Makes exports as the job does, and reads what they keep."""

    def __init__(self, flow: Gateway, keeping: Keeping, store: Store, stored: Stored) -> None:
        self.keeping = keeping
        self._flow, self._store, self._stored = flow, store, stored

    async def made(self, **asked: Any) -> Export:
        asked = {"format": "csv", "columns": "openid"} | asked
        export_id = self._store(lambda: ExportFactory(**asked)).id
        await exports.run(self._flow, self.keeping)
        return next(one for one in self._stored(Export) if one.id == export_id)

    def parts(self, export: Export) -> list[ExportPart]:
        return sorted((one for one in self._stored(ExportPart) if one.export_id == export.id), key=lambda it: it.number)

    def content(self, export: Export, number: int = 1) -> bytes:
        return self.keeping.storage.file(export.id, export.attempt, number).read_bytes()

    def told(self, export: Export) -> set[tuple[str, ...]]:
        lines = self.content(export).decode().splitlines()
        return {tuple(row) for row in csv.reader(lines[1:])}

    def held(self, export: Export, kind: str = "fitted") -> list[int]:
        found = [one for one in self._stored(ExportHolding) if (one.export_id, one.kind) == (export.id, kind)]
        assert {one.attempt for one in found} <= {export.attempt}
        assert all((one.first_id, one.last_id, one.people) == _ends(one) for one in found)
        return sorted(user_id for one in found for user_id in unpacked(one.ids))


def _ends(one: ExportHolding) -> tuple[int, int, int]:
    ids = unpacked(one.ids)
    return ids[0], ids[-1], len(ids)


@pytest.fixture
def keeping(settings: Settings) -> Keeping:
    return Keeping(Storage(settings.exports_dir), timedelta(days=7), timedelta(days=1_095))


@pytest.fixture
def exporter(flow: Gateway, keeping: Keeping, store: Store, stored: Stored) -> Exporter:
    return Exporter(flow, keeping, store, stored)


@pytest.fixture
def people(store: Store, database: Database) -> list[User]:
    found: list[User] = store(lambda: [UserFactory() for _ in range(9)])
    database.write_now(_numbered, [user.id for user in found])
    return found


def _numbered(session: Session, user_ids: Sequence[int], **values: Any) -> None:
    """Changes them as a login does."""
    if values:
        session.execute(update(User).where(User.id.in_(user_ids)).values(values))
    number_changes(session.connection(), user_ids)


async def test_an_export_keeps_whom_it_held_and_which_changes_it_saw(
    exporter: Exporter, people: list[User], database: Database
) -> None:
    database.write_now(_numbered, [people[0].id], granted_userinfo=False)

    export = await exporter.made(filters='{"scope": "explicit"}')

    assert export.change_no == 10
    assert exporter.held(export) == sorted(user.id for user in people[1:])
    assert export.rows == 8
    assert (export.since_id, export.added, exporter.held(export, "written")) == (None, None, [])


async def test_who_was_added_changed_or_is_gone_is_told_in_the_first_column(
    exporter: Exporter, people: list[User], database: Database, store: Store
) -> None:
    explicit = '{"scope": "explicit"}'
    database.write_now(_numbered, [people[0].id, people[1].id], granted_userinfo=False)
    earlier = await exporter.made(filters=explicit)

    new = store(UserFactory)
    database.write_now(_numbered, [new.id, people[0].id], granted_userinfo=True)
    database.write_now(_numbered, [people[2].id, people[8].id], granted_userinfo=False)
    database.write_now(_numbered, [people[1].id, people[5].id])
    later = await exporter.made(filters=explicit, since_id=earlier.id)

    assert exporter.content(later).startswith(b"change,openid\n")
    assert exporter.told(later) == {
        ("added", new.openid),
        ("added", people[0].openid),
        ("changed", people[5].openid),
        ("gone", people[2].openid),
        ("gone", people[8].openid),
    }
    assert (later.added, later.changed, later.gone, later.forgotten, later.rows) == (2, 1, 2, 0, 5)
    named = [new, people[0], people[5], people[2], people[8]]
    assert exporter.held(later, "written") == sorted(user.id for user in named)
    assert exporter.held(later) == sorted(user.id for user in (people[0], *people[3:8], new))
    [part] = exporter.parts(later)
    assert part.name.startswith("users-changes-")


async def test_one_of_changes_is_compared_with_in_its_turn(
    exporter: Exporter, people: list[User], database: Database
) -> None:
    first = await exporter.made()
    database.write_now(_numbered, [people[3].id])
    second = await exporter.made(since_id=first.id)
    database.write_now(_numbered, [people[4].id])

    third = await exporter.made(since_id=second.id)
    fourth = await exporter.made(since_id=third.id)

    assert exporter.told(second) == {("changed", people[3].openid)}
    assert exporter.told(third) == {("changed", people[4].openid)}
    assert (fourth.rows, exporter.told(fourth)) == (0, set())


async def test_lists_of_openids_have_a_file_of_those_added_and_one_of_those_gone(
    exporter: Exporter, people: list[User], database: Database, store: Store
) -> None:
    openids = {"format": "openids", "filters": '{"scope": "explicit"}'}
    earlier = await exporter.made(**openids)
    new = store(lambda: [UserFactory(), UserFactory()])
    database.write_now(_numbered, [user.id for user in new])
    database.write_now(_numbered, [people[2].id], granted_userinfo=False)
    database.write_now(_numbered, [people[3].id])

    later = await exporter.made(**openids, since_id=earlier.id, destination="tagging")

    added, gone = exporter.parts(later)
    assert (added.change, added.rows, gone.change, gone.rows) == ("added", 2, "gone", 1)
    assert set(exporter.content(later, 1).decode().strip().split(",")) == {user.openid for user in new}
    assert exporter.content(later, 2).decode() == people[2].openid + "\n"
    assert added.name.startswith("tagging-added-")
    assert gone.name.startswith("tagging-gone-")
    assert (later.changed, later.rows) == (1, 3)


async def test_people_read_the_change_in_their_language(
    exporter: Exporter, people: list[User], database: Database
) -> None:
    earlier = await exporter.made()
    database.write_now(_numbered, [people[0].id], nickname="=1+1")

    sheet = await exporter.made(since_id=earlier.id, format="xlsx", columns="openid,nickname", language="zh_CN")
    table = await exporter.made(since_id=earlier.id, format="csv_excel", language="en")
    lines = await exporter.made(since_id=earlier.id, format="jsonl", columns="openid,nickname")

    rows = list(openpyxl.load_workbook(io.BytesIO(exporter.content(sheet))).active.iter_rows(values_only=True))
    assert rows == [("变化", "openid", "昵称"), ("有变化", people[0].openid, "=1+1")]
    assert exporter.content(table).decode("utf-8-sig") == f"What changed,openid\r\nChanged,{people[0].openid}\r\n"
    assert json.loads(exporter.content(lines)) == {"change": "changed", "openid": people[0].openid, "nickname": "=1+1"}


async def test_of_forgotten_people_only_the_number_is_told(
    exporter: Exporter, people: list[User], database: Database
) -> None:
    earlier = await exporter.made()
    for user in people[:2]:
        database.write_now(forgetting.forget, user.id, reason="person_asks", actor="ada")

    later = await exporter.made(since_id=earlier.id)

    assert (later.gone, later.forgotten, later.rows) == (0, 2, 0)
    assert exporter.content(later) == b"change,openid\n"
    assert exporter.held(later, "written") == []


async def test_an_erasure_names_and_withdraws_the_exports_that_held_the_person_and_no_others(
    exporter: Exporter, people: list[User], database: Database, stored: Stored
) -> None:
    someone = people[4]
    whole = await exporter.made()
    database.write_now(_numbered, [someone.id], granted_userinfo=False)
    without = await exporter.made(filters='{"scope": "explicit"}')
    naming = await exporter.made(filters='{"scope": "explicit"}', since_id=whole.id)
    silent_about = await exporter.made(filters='{"scope": "explicit"}', since_id=naming.id)
    unknown = await exporter.made()
    database.write_now(_not_known, unknown.id)

    receipt = database.write_now(forgetting.forget, someone.id, reason="person_asks", actor="ada")

    assert {one["number"] for one in receipt.exports} == {whole.id, naming.id, unknown.id}
    withdrawn = {one.id for one in stored(Export) if one.withdrawn_at}
    assert withdrawn == {whole.id, naming.id, unknown.id}
    assert not {without.id, silent_about.id} & withdrawn


def _not_known(session: Session, export_id: int) -> None:
    """As of an export from before that was kept."""
    session.execute(delete(ExportHolding).where(ExportHolding.export_id == export_id))
    session.execute(update(Export).where(Export.id == export_id).values(change_no=None))


async def test_one_whose_earlier_export_is_gone_fails_and_says_so(
    exporter: Exporter, people: list[User], database: Database
) -> None:
    earlier = await exporter.made()
    database.write_now(_not_known, earlier.id)

    later = await exporter.made(since_id=earlier.id)
    never = await exporter.made(since_id=1)

    assert (later.state, later.failure, never.failure) == ("failed", "earlier_gone", "earlier_gone")
    assert exporter.held(later) == []


async def test_an_export_that_fails_or_is_taken_over_leaves_nobody_held(
    exporter: Exporter, people: list[User], database: Database, stored: Stored
) -> None:
    export = await exporter.made()
    database.write_now(_left, export.id)

    again = await exporter.made()
    [first] = [one for one in stored(Export) if one.id == export.id]
    database.write_now(lambda session: session.execute(delete(Export).where(Export.id == again.id)))

    assert (first.state, first.attempt) == ("done", 2)
    assert exporter.held(first) == sorted(user.id for user in people)
    assert {one.export_id for one in stored(ExportHolding)} == {first.id}


def _left(session: Session, export_id: int) -> None:
    """As by a process that was killed after it had stored whom it holds."""
    session.execute(delete(ExportPart).where(ExportPart.export_id == export_id))
    lost = {"state": ExportState.RUNNING, "lease_until": utcnow(), "change_no": None}
    session.execute(update(Export).where(Export.id == export_id).values(lost))


async def test_whom_an_export_held_goes_with_its_receipt(
    exporter: Exporter, flow: Gateway, people: list[User], store: Store, stored: Stored, database: Database
) -> None:
    old_id = first_id_at(utcnow() - timedelta(days=2))
    await exporter.made()
    old = await exporter.made(id=old_id)
    deleted = {"kept_until": None, "deleted_at": utcnow()}
    database.write_now(lambda session: session.execute(update(Export).where(Export.id == old.id).values(deleted)))

    await exports.clear(flow, replace(exporter.keeping, receipts=timedelta(days=1)))

    assert old.id not in {one.id for one in stored(Export)}
    assert {one.export_id for one in stored(ExportHolding)} == {one.id for one in stored(Export)}


async def test_a_message_to_many_is_not_sent_to_the_only_one_who_was_added(
    exporter: Exporter, people: list[User], database: Database, store: Store
) -> None:
    sending = {"format": "openids", "destination": "mass_send"}
    earlier = await exporter.made(**sending)
    database.write_now(_numbered, [store(UserFactory).id])

    later = await exporter.made(**sending, since_id=earlier.id)

    assert (later.state, later.failure) == ("failed", "one_person")
