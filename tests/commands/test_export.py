"""wxadmin export …"""

import csv
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.databases import on_sqlite
from tests.factories import UserChannelFactory, UserFactory
from tests.running import SiteKeys
from wxadmin.database import csv_lines
from wxadmin.models import AuditEntry

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
    assert entry.actor == "command line"
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
def test_a_file_that_was_cut_short_does_not_bear_its_name(
    wxadmin: Callable, site_keys: SiteKeys, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(UserFactory)
    file = tmp_path / "users.csv"
    file.write_text("of yesterday")

    def full(*_: Any, **__: Any) -> None:
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
