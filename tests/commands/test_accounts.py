"""wxadmin account …"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests import running
from tests.databases import on_sqlite
from wxadmin.clock import utcnow
from wxadmin.models import Account, AuditEntry
from wxadmin.models.sealed import secret_bound_to
from wxadmin.simulator import DEFAULT_APPID, World, secret_for

Stored = Callable[[type], Sequence]
SECRET = secret_for(DEFAULT_APPID)
ADD = ("account", "add", "--name", "tea", "--appid", DEFAULT_APPID)


def secret_of(stored: Stored) -> str:
    [account] = stored(Account)
    return running.keys().open(account.secret_sealed, secret_bound_to(account.appid))


def test_an_account_is_added_with_the_secret_from_standard_input(wxadmin: Callable, stored: Stored) -> None:
    said = wxadmin(*ADD, "--title", "云雾茶铺", said=f"{SECRET}\n")

    [account], [entry] = stored(Account), stored(AuditEntry)

    assert (said.code, said.out) == (0, "account tea added\n")
    assert (account.name, account.title, account.appid) == ("tea", "云雾茶铺", DEFAULT_APPID)
    assert secret_of(stored) == SECRET
    assert (entry.actor, entry.action, entry.subject) == ("command line", "account_added", "tea")
    assert SECRET not in said.out + said.err + (entry.details or "")


@on_sqlite
def test_the_secret_may_come_from_the_environment(
    wxadmin: Callable, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXADMIN_APPSECRET", SECRET)

    said = wxadmin(*ADD)

    assert said.code == 0
    assert secret_of(stored) == SECRET


@on_sqlite
def test_the_domain_to_enter_at_wechat_is_named(wxadmin: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXADMIN_PUBLIC_URL", "https://m.example.com/wx")

    said = wxadmin(*ADD, said=SECRET)

    assert said.out.splitlines() == ["account tea added", "m.example.com"]
    assert "网页授权域名" in said.err


@pytest.mark.parametrize(
    ("arguments", "piped", "told"),
    [
        (ADD, "", "no AppSecret came on standard input"),
        (ADD, "two words\n", "the AppSecret"),
        (("account", "add", "--name", "Tea House", "--appid", DEFAULT_APPID), SECRET, "'Tea House' cannot be a name"),
        (("account", "add", "--name", "tea", "--appid", "gh_1234"), SECRET, "'gh_1234' is no AppID"),
        (("account", "check", "coffee"), "", "there is no account 'coffee'"),
        (("account", "set", "coffee", "--title", "x"), "", "there is no account 'coffee'"),
        (("account", "secret", "coffee"), SECRET, "there is no account 'coffee'"),
        (("account", "disable", "coffee"), "", "there is no account 'coffee'"),
    ],
)
@on_sqlite
def test_what_cannot_be_done_is_one_line_with_what_to_do(
    wxadmin: Callable, stored: Stored, *, arguments: tuple[str, ...], piped: str, told: str
) -> None:
    said = wxadmin(*arguments, said=piped)

    assert said.code == 1
    assert said.err.startswith(f"wxadmin: {told}")
    assert len(said.err.splitlines()) == 1
    assert stored(Account) == []


def test_a_name_or_an_appid_is_taken_once(wxadmin: Callable, stored: Stored) -> None:
    wxadmin(*ADD, said=SECRET)

    by_name = wxadmin("account", "add", "--name", "tea", "--appid", "wx0000000000000001", said=SECRET)
    by_appid = wxadmin("account", "add", "--name", "coffee", "--appid", DEFAULT_APPID, said=SECRET)

    assert (by_name.code, by_appid.code) == (1, 1)
    assert "'tea'" in by_name.err
    assert DEFAULT_APPID in by_appid.err
    assert len(stored(Account)) == 1


@on_sqlite
def test_wechat_is_asked_whether_the_pair_is_right(wxadmin: Callable, world: World) -> None:
    wxadmin(*ADD, said=SECRET)

    right = wxadmin("account", "check", "tea")
    world.accounts[DEFAULT_APPID].secret = "rotated-in-the-console"
    wrong = wxadmin("account", "check", "tea")
    del world.accounts[DEFAULT_APPID]
    unknown = wxadmin("account", "check", "tea")

    assert (right.code, right.out) == (0, "account tea: AppID and AppSecret are right\n")
    assert (wrong.code, unknown.code) == (1, 1)
    assert wrong.err.startswith("wxadmin: WeChat answers 40125: ")
    assert unknown.err.startswith("wxadmin: WeChat answers 40013: ")


def test_a_new_secret_replaces_the_old_when_wechat_takes_it(wxadmin: Callable, stored: Stored, world: World) -> None:
    wxadmin(*ADD, said=SECRET)

    mistyped = wxadmin("account", "secret", "tea", said="n0t-the-new-secret\n")
    kept = secret_of(stored)
    world.accounts[DEFAULT_APPID].secret = "the-new-secret-of-tea"
    taken = wxadmin("account", "secret", "tea", said="the-new-secret-of-tea\n")

    assert (mistyped.code, kept) == (1, SECRET)
    assert "40125" in mistyped.err
    assert taken.code == 0
    assert secret_of(stored) == "the-new-secret-of-tea"


@on_sqlite
def test_a_wechat_that_does_not_answer_is_no_verdict(wxadmin: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    wxadmin(*ADD, said=SECRET)
    monkeypatch.setenv("WXADMIN_WECHAT_API_URL", f"http://127.0.0.1:{running.unused_port()}")

    said = wxadmin("account", "check", "tea")

    assert said.code == 1
    assert "gw_connect" in said.err
    assert SECRET not in said.err


@on_sqlite
def test_an_account_can_be_changed_listed_and_switched_off(wxadmin: Callable, tmp_path: Path, stored: Stored) -> None:
    wxadmin(*ADD, said=SECRET)
    proof = tmp_path / "MP_verify_a1B2c3D4e5F6g7H8.txt"
    proof.write_text("a1B2c3D4e5F6g7H8\n")

    changed = wxadmin("account", "set", "tea", "--verify-file", str(proof), "--refresh", "userinfo", "--title", "茶")
    disabled = wxadmin("account", "disable", "tea")
    listed = wxadmin("account", "list")
    enabled = wxadmin("account", "enable", "tea")
    [account] = stored(Account)

    assert (changed.code, disabled.code, enabled.code) == (0, 0, 0)
    assert account.disabled_at is None
    assert (account.verify_name, account.verify_body) == (proof.name, "a1B2c3D4e5F6g7H8")
    assert listed.out.splitlines()[1].split() == ["tea", DEFAULT_APPID, "茶", "userinfo", "off"]


def test_the_day_of_verification_is_entered_and_refused_where_it_is_none(wxadmin: Callable, stored: Stored) -> None:
    wxadmin(*ADD, said=SECRET)
    day = str(utcnow().date() + timedelta(days=90))

    entered = wxadmin("account", "set", "tea", "--verified-until", day)
    refused = wxadmin("account", "set", "tea", "--verified-until", "soon")
    [account] = stored(Account)

    assert (entered.code, entered.out) == (0, "account tea changed\n")
    assert (refused.code, refused.err) == (1, "wxadmin: 'soon' is no day such as 2027-05-31\n")
    assert str(account.verified_until) == day


@pytest.mark.parametrize(
    ("name", "content"),
    [("proof.txt", "abc"), ("MP_verify_a1B2c3D4e5F6g7H8.txt", ""), ("MP_verify_a1B2c3D4e5F6g7H8.txt", "a\nb")],
)
@on_sqlite
def test_another_file_is_no_ownership_file(wxadmin: Callable, tmp_path: Path, name: str, content: str) -> None:
    wxadmin(*ADD, said=SECRET)
    (tmp_path / name).write_text(content)

    said = wxadmin("account", "set", "tea", "--verify-file", str(tmp_path / name))

    assert said.code == 1
    assert "ownership file" in said.err


@on_sqlite
def test_a_file_that_is_not_there_is_named(wxadmin: Callable) -> None:
    wxadmin(*ADD, said=SECRET)

    said = wxadmin("account", "set", "tea", "--verify-file", "missing.txt")

    assert said.code in {1, 2}
    assert "missing.txt" in said.err
    assert "Traceback" not in said.err


@on_sqlite
def test_an_ownership_file_that_is_no_text_is_refused(wxadmin: Callable, tmp_path: Path) -> None:
    wxadmin(*ADD, said=SECRET)
    proof = tmp_path / "MP_verify_a1B2c3D4e5F6g7H8.txt"
    proof.write_bytes(b"\xff\xfe")

    said = wxadmin("account", "set", "tea", "--verify-file", str(proof))

    assert (said.code, said.err) == (1, f"wxadmin: {proof} is no text: download it again from WeChat's console\n")


@on_sqlite
def test_a_database_that_cannot_be_used_is_told_in_its_own_words(
    wxadmin: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXADMIN_DATABASE_URL", f"postgresql://root:hunter2@127.0.0.1:{running.unused_port()}/wx")

    said = wxadmin("account", "list")

    assert said.code == 1
    assert said.err.startswith("wxadmin: the database cannot be used now: connection failed")
    assert "hunter2" not in said.err
