"""wxadmin export …"""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.databases import on_sqlite
from tests.factories import (
    AccountFactory,
    SegmentFactory,
    SiteFactory,
    UploadedListFactory,
    UploadedValueFactory,
    UserChannelFactory,
    UserFactory,
)
from tests.running import SiteKeys, environment
from wxadmin.database import csv_lines
from wxadmin.exporting import cutting
from wxadmin.models import AuditEntry, Export, ExportHolding, ExportPart, Site
from wxadmin.settings import Settings

ROOT = Path(__file__).parents[2]
Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]


def test_the_users_that_fit_are_written_to_a_file(
    wxadmin: Callable, site_keys: SiteKeys, store: Store, stored: Stored, tmp_path: Path
) -> None:
    wanted = store(lambda: UserFactory(nickname="小雨 🌧"))
    store(lambda: UserFactory(silent=True))
    file = tmp_path / "users.csv"

    said = wxadmin("export", "users", "--scope", "explicit", "--output", str(file))

    assert (said.code, said.out, said.err) == (0, "", "1 users\n")
    [heading, row] = csv.reader(file.read_text("utf-8-sig").splitlines())
    assert heading[:3] == ["openid", "unionid", "昵称"]
    assert row[:4] == [wanted.openid, wanted.unionid, "小雨 🌧", "静默 手动"]
    [entry] = [entry for entry in stored(AuditEntry) if entry.action == "users_exported"]
    [export] = stored(Export)
    assert (entry.actor, entry.subject) == ("command line", f"export {export.id}")
    assert json.loads(entry.details) == {"rows": 1, "filters": {"scope": "explicit"}}


@on_sqlite
def test_whoever_came_through_a_channel_within_days_is_written(
    wxadmin: Callable, site_keys: SiteKeys, store: Store, tmp_path: Path
) -> None:
    at = datetime(2026, 11, 10, 4, tzinfo=UTC)
    wanted = store(UserFactory)
    store(lambda: UserChannelFactory(user=wanted, channel="autumn", first_at=at, last_at=at))
    store(lambda: UserChannelFactory(channel="autumn", first_at=at - timedelta(days=9), last_at=at - timedelta(days=9)))
    store(lambda: UserChannelFactory(channel="menu", first_at=at, last_at=at))
    file = tmp_path / "users.csv"
    asked = {"--channel": "autumn", "--came-from": "2026-11-10", "--came-to": "2026-11-10", "--logins-max": "3"}

    said = wxadmin("export", "users", *chain.from_iterable(asked.items()), "--unionid", "known", "--output", str(file))

    assert said.err == "1 users\n"
    assert wanted.openid in file.read_text("utf-8-sig")


@on_sqlite
def test_whoever_is_not_to_be_contacted_is_left_out_and_counted(
    wxadmin: Callable, site_keys: SiteKeys, store: Store, stored: Stored
) -> None:
    wanted, blocked = store(UserFactory), store(lambda: UserFactory(blocked=True))
    of_list = store(lambda: UploadedListFactory(account_id=wanted.account_id))
    store(lambda: UploadedValueFactory(of_list=of_list, value=wanted.openid))
    plain = ("export", "users", "--format", "csv", "--columns", "openid,account")

    left_out, everybody = wxadmin(*plain), wxadmin(*plain, "--with-blocked")
    only = wxadmin(*plain, "--only", str(of_list.id))
    without = wxadmin(*plain, "--without", str(of_list.id), "--contact", "blocked")
    refused = wxadmin(*plain, "--only", "1")

    assert left_out.err == "1 users\n1 who are not to be contacted were left out\n"
    assert everybody.err == "2 users\n"
    assert wanted.openid in left_out.out
    assert blocked.openid not in left_out.out
    assert (only.err, without.err) == ("1 users\n", "1 users\n")
    assert blocked.openid in without.out
    assert (refused.code, refused.out) == (1, "")
    assert "there is no such uploaded list" in refused.err


@on_sqlite
def test_a_file_that_was_cut_short_does_not_bear_its_name(
    wxadmin: Callable, site_keys: SiteKeys, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(UserFactory)
    file = tmp_path / "users.csv"
    file.write_text("of yesterday")

    def full(*_: Any, **__: Any) -> Iterator[csv_lines.Portion]:
        yield csv_lines.Portion(b"half\r\n", 1)
        raise OSError("no space left")

    monkeypatch.setattr(csv_lines, "portions", full)

    said = wxadmin("export", "users", "--output", str(file))

    assert (said.code, said.err) == (1, "wxadmin: no space left\n")
    assert file.read_text() == "of yesterday"
    assert file.with_name("users.csv.part").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--site", "bar"), "there is no site 'bar'"),
        (("--account", "bar"), "there is no account 'bar'"),
        (("--scope", "all"), "scope is one of silent, explicit"),
        (("--token", "all"), "token is one of fresh"),
        (("--first-from", "monday"), "first_from is a day"),
        (("--came-to", "monday"), "came_to is a day"),
        (("--logins-min", "none"), "logins_min is a whole number"),
        (("--unionid", "maybe"), "unionid is one of known, unknown"),
        (("--lang", "de"), "lang is zh_CN or en"),
        (("--format", "pdf"), "choose a format"),
        (("--destination", "moon"), "choose where the file goes"),
        (("--purpose", "fun"), "choose what it is for"),
        (("--columns", "openid,token"), "choose among the columns"),
        (("--zone", "Mars/Olympus"), "is no time zone"),
        (("--output", "no/such/folder.csv"), "No such file or directory"),
    ],
)
@on_sqlite
def test_what_cannot_be_exported_is_one_line(
    wxadmin: Callable, site_keys: SiteKeys, options: tuple[str, ...], told: str
) -> None:
    said = wxadmin("export", "users", *options)

    assert said.code == 1
    assert said.out == ""
    assert said.err.startswith("wxadmin: ")
    assert told in said.err
    assert said.err.count("\n") == 1


def test_an_exported_file_is_known_again(
    wxadmin: Callable, site_keys: SiteKeys, store: Store, stored: Stored, tmp_path: Path
) -> None:
    for _ in range(4):
        store(UserFactory)
    file = tmp_path / "users.csv"
    wxadmin("export", "users", "--format", "csv", "--columns", "openid,account", "--output", str(file))

    whole = wxadmin("export", "verify", str(file))
    content = file.read_bytes()
    file.write_bytes(content.replace(b"oFactory", b"oOther00"))
    changed = wxadmin("export", "verify", str(file))
    [part] = stored(ExportPart)
    named = file.with_name(part.name)
    named.write_bytes(b"".join(content.splitlines(keepends=True)[:3]))
    shorter = wxadmin("export", "verify", str(named))

    assert (whole.code, whole.out.splitlines()[0]) == (0, "whole: to the byte what the export made")
    assert "by command line" in whole.out
    assert "4 users, " in whole.out
    assert (changed.code, changed.err) == (1, "wxadmin: no export of this installation made such a file\n")
    assert (shorter.code, shorter.out.splitlines()[-1]) == (1, "2 rows are missing")


@on_sqlite
def test_several_files_are_numbered_and_standard_output_takes_only_one(
    wxadmin: Callable, site_keys: SiteKeys, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = store(AccountFactory)
    shop = store(partial(SiteFactory, account=account))
    made = [store(partial(UserFactory, site=shop)).openid for _ in range(7)]
    monkeypatch.setattr(cutting, "even", lambda rows, _: [rows - 3, 3])
    asked = ("--destination", "mass_send", "--account", account.name)

    to_file = wxadmin("export", "users", *asked, "--output", str(tmp_path / "list.txt"))
    to_pipe = wxadmin("export", "users", *asked)

    files = [(tmp_path / f"list-{number}.txt").read_text() for number in (1, 2)]
    assert "".join(files).splitlines() == made[::-1]
    assert [len(text.splitlines()) for text in files] == [4, 3]
    assert sorted(path.name for path in tmp_path.glob("list*")) == ["list-1.txt", "list-2.txt"]
    assert "list-2.txt  3 users  sha256 " in to_file.err
    assert (to_pipe.code, "give --output" in to_pipe.err) == (1, True)


@on_sqlite
def test_a_workbook_goes_down_a_pipe(
    wxadmin: Callable, site_keys: SiteKeys, settings: Settings, store: Store, tmp_path: Path
) -> None:
    made = store(UserFactory).openid
    command = [sys.executable, "-m", "wxadmin", "export", "users", "--destination", "crm"]
    env = environment(settings) | {"PYTHONPATH": str(ROOT)}

    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, check=True)

    sheet = openpyxl.load_workbook(io.BytesIO(done.stdout)).active
    assert sheet["A2"].value == made
    assert done.stderr.decode() == "1 users\n"


def test_a_segment_is_written_and_later_what_has_changed_since(
    wxadmin: Callable, site_keys: SiteKeys, store: Store, stored: Stored, tmp_path: Path
) -> None:
    store(lambda: SegmentFactory(name="老 客", filters='{"logins_min": "2"}'))
    first, later = tmp_path / "first.csv", tmp_path / "later.csv"
    asked = ("export", "users", "--segment", "老 客", "--format", "csv", "--columns", "openid")

    told = wxadmin(*asked, "--output", str(first))
    [export] = stored(Export)
    site = stored(Site)[0]
    new = store(lambda: UserFactory(site=site))
    again = wxadmin(*asked, "--since", str(export.id), "--output", str(later))

    assert (told.code, told.err) == (0, "0 users\n")
    assert (again.code, again.err) == (0, "1 added, 0 changed, 0 gone\n")
    assert later.read_text() == f"change,openid\nadded,{new.openid}\n"
    changes = max(stored(Export), key=lambda one: one.id)
    assert (changes.segment, changes.since_id, changes.added) == ("老 客", export.id, 1)
    assert {one.export_id for one in stored(ExportHolding)} == {changes.id}


@on_sqlite
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--segment", "nobody's"), "no such segment"),
        (("--segment", "老客", "--scope", "silent"), "brings its filters"),
        (("--since", "x"), "the number of an export"),
        (("--since", "7"), "no finished export"),
    ],
    ids=["unknown", "with filters", "no number", "nothing"],
)
def test_a_segment_or_an_earlier_export_that_is_not_there_is_refused(
    options: tuple[str, ...], said: str, wxadmin: Callable, site_keys: SiteKeys, store: Store, stored: Stored
) -> None:
    store(lambda: SegmentFactory(name="老客"))

    told = wxadmin("export", "users", *options)

    assert told.code != 0
    assert said in told.err
    assert stored(Export) == []
