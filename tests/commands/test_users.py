"""wxadmin user …"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests import remains
from tests.databases import on_sqlite
from tests.factories import TokenFactory, UserFactory
from tests.running import SiteKeys
from wxadmin.database import Database
from wxadmin.models import AuditEntry, Erasure, Site, Token, User

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]


@pytest.fixture
def person(store: Store, site_keys: SiteKeys, database: Database) -> User:
    shop = database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "shop")).one())
    made: User = store(
        lambda: UserFactory(site=shop, account_id=shop.account_id, openid="oCommand-openid-1", nickname="小雨点")
    )
    store(lambda: TokenFactory(user=made))
    return made


def test_a_person_is_forgotten_after_a_yes_and_the_files_are_clean(
    wxadmin: Callable, person: User, stored: Stored, database_url: str
) -> None:
    said = wxadmin("user", "forget", person.openid, "--account", "tea", said="y\n")

    [receipt] = stored(Erasure)
    assert said.code == 0, said.err
    assert f"receipt {receipt.id}" in said.out
    assert "the database's files are clean: rewritten" in said.out
    assert "tea: oCommand-openid-1 小雨点" in said.err
    assert (receipt.actor, receipt.reason, receipt.cleaned_how) == ("command line", "person_asks", "rewritten")
    assert stored(Token) == []
    assert remains.found(database_url, [person.openid, "小雨点"]) == []


@on_sqlite
def test_without_a_yes_nothing_is_deleted(wxadmin: Callable, person: User, stored: Stored) -> None:
    said = wxadmin("user", "forget", person.openid, "--account", "tea", said="\n")

    assert said.code == 1
    assert stored(Erasure) == []


@on_sqlite
def test_openids_at_other_accounts_go_too_unless_they_are_left_out(
    wxadmin: Callable, person: User, store: Store, stored: Stored
) -> None:
    store(lambda: UserFactory(unionid=person.unionid))
    second = store(lambda: UserFactory(account_id=person.account_id))
    third = store(lambda: UserFactory(unionid=second.unionid))

    wxadmin("user", "forget", person.openid, "--account", "tea", "--yes")
    wxadmin("user", "forget", second.openid, "--account", "tea", "--only-this", "--yes")

    kept = [user.id for user in stored(User) if user.forgotten_at is None]
    assert kept == [third.id]


def test_what_is_kept_of_a_person_is_written_to_a_file_for_them(
    wxadmin: Callable, person: User, stored: Stored, tmp_path: Path
) -> None:
    file = tmp_path / "person.json"

    said = wxadmin("user", "data", person.openid, "--account", "tea", "--output", str(file))
    shown = wxadmin("user", "data", person.openid, "--account", "tea")

    document = json.loads(file.read_text("utf-8"))
    assert (said.code, said.out) == (0, "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert document["identities"][0]["profile"]["nickname"] == "小雨点"
    assert json.loads(shown.out)["identities"] == document["identities"]
    noted = [entry for entry in stored(AuditEntry) if entry.action == "personal_data_copied"]
    assert [(entry.actor, entry.subject) for entry in noted] == [("command line", f"user {person.id}")] * 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("data", "oNobody", "--account", "tea"), "there is no such user, or their data were deleted"),
        (("forget", "oNobody", "--account", "tea", "--yes"), "there is no such user, or their data were deleted"),
        (("forget", "oCommand-openid-1", "--account", "bar", "--yes"), "there is no account 'bar'"),
        (("forget", "oCommand-openid-1", "--account", "tea", "--reason", "whim", "--yes"), "choose a reason"),
        (("forget", "oCommand-openid-1", "--account", "tea", "--note", "小雨点", "--yes"), "must not name the person"),
    ],
)
@on_sqlite
def test_what_cannot_be_done_is_said_in_a_line(
    wxadmin: Callable, person: User, stored: Stored, words: tuple[str, ...], told: str
) -> None:
    said = wxadmin("user", *words)

    assert said.code == 1
    assert told in said.err
    assert stored(Erasure) == []
