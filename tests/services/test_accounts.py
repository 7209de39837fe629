"""Accounts: what can be added and changed, what is refused, and that every process is told."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import AccountFactory
from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchAccount, Taken
from wxadmin.models import Account, AccountRefresh, AuditEntry
from wxadmin.models.sealed import secret_bound_to
from wxadmin.queries import registry
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts
from wxadmin.services.accounts import RefreshForm

KEYS = KeyRing(["k" * 32])
SECRET = "fedcba98765432100f1e2d3c4b5a6978"
VERIFY = "MP_verify_0aB1cD2eF3gH4iJ5.txt"


def add(session: Session, **changes: Any) -> Account:
    given = {"name": "tea", "appid": "wx0123456789abcdef", "secret": SECRET, "title": "清茶", "actor": "ada"}
    account = accounts.add(session, KEYS, **given | changes)
    session.flush()
    return account


def entries(session: Session) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_an_account_is_added_with_its_secret_sealed(session: Session) -> None:
    before = registry.version(session)

    account = add(session)

    assert (account.name, account.title, account.refresh_policy) == ("tea", "清茶", "all")
    assert SECRET.encode() not in account.secret_sealed
    assert KEYS.open(account.secret_sealed, secret_bound_to(account.appid)) == SECRET
    assert registry.version(session) == before + 1
    assert [known.name for known in registry.load(session).accounts if known.id == account.id] == ["tea"]


def test_what_was_done_is_in_the_audit_without_the_secret(session: Session) -> None:
    add(session)
    accounts.replace_secret(session, KEYS, "tea", SECRET[::-1], actor="ada")
    accounts.disable(session, "tea", actor="bob")
    accounts.enable(session, "tea", actor="eve")

    told = [(entry.actor, entry.action, entry.subject) for entry in entries(session)]

    assert told == [
        ("ada", "account_added", "tea"),
        ("ada", "account_secret_replaced", "tea"),
        ("bob", "account_disabled", "tea"),
        ("eve", "account_enabled", "tea"),
    ]
    details = " ".join(entry.details or "" for entry in entries(session))
    assert SECRET not in details
    assert SECRET[::-1] not in details


@pytest.mark.parametrize(
    "changes",
    [
        {"appid": ""},
        {"appid": "wx"},
        {"appid": "wx01234567 89abcdef"},
        {"appid": " wx0123456789abcdef"},
        {"appid": "gh_0123456789ab"},
        {"appid": "wx" + "0" * 31},
        {"name": ""},
        {"name": "Tea"},
        {"name": "-tea"},
        {"name": "te a"},
        {"name": "清茶"},
        {"name": "t" * 64},
        {"name": "tea\n"},
        {"secret": ""},
        {"secret": "short"},
        {"secret": SECRET + "\n"},
        {"secret": SECRET[:16] + " " + SECRET[16:]},
        {"secret": "秘" * 16},
        {"title": "茶" * 129},
        {"title": "清\n茶"},
        {"title": "清\x00茶"},
    ],
)
def test_what_cannot_be_an_account_is_refused_with_what_to_type(session: Session, changes: dict[str, str]) -> None:
    with pytest.raises(BadValue) as refused:
        add(session, **changes)

    assert "\n" not in str(refused.value)
    assert SECRET not in str(refused.value)
    assert session.scalars(select(Account).where(Account.name == "tea")).all() == []


@pytest.mark.parametrize("taken", [{"name": "tea"}, {"appid": "wx0123456789abcdef"}])
def test_a_name_or_appid_in_use_is_refused(session: Session, taken: dict[str, str]) -> None:
    AccountFactory(**taken)

    with pytest.raises(Taken, match=next(iter(taken.values()))):
        add(session)


def test_only_what_is_given_is_changed(session: Session) -> None:
    account = add(session)
    before = registry.version(session)

    accounts.change(session, "tea", title="新茶", refresh=RefreshForm(policy="userinfo"), actor="ada")
    accounts.change(session, "tea", verify_file=(f"/home/ada/{VERIFY}", "0aB1cD2eF3gH4iJ5"), actor="ada")

    assert (account.title, account.refresh_policy) == ("新茶", "userinfo")
    assert (account.verify_name, account.verify_body) == (VERIFY, "0aB1cD2eF3gH4iJ5")
    assert registry.version(session) == before + 2


@pytest.mark.parametrize(
    "change",
    [
        {"title": "茶" * 129},
        {"refresh": RefreshForm(policy="some")},
        {"refresh": RefreshForm(active_days=0)},
        {"refresh": RefreshForm(active_days=31)},
        {"refresh": RefreshForm(quota=-1)},
        {"refresh": RefreshForm(quota=1_000_001)},
        {"verify_file": ("MP_verify_short.txt", "x")},
        {"verify_file": ("../secret_keys", "x")},
        {"verify_file": (VERIFY, "")},
        {"verify_file": (VERIFY, "two\nlines")},
        {"verify_file": (VERIFY, "x" * 257)},
        {"verified_until": "31.5.2027"},
        {"verified_until": "2027-02-30"},
        {"verified_until": "2062-05-31"},
    ],
)
def test_a_bad_change_is_refused(session: Session, change: dict[str, Any]) -> None:
    account = add(session)

    with pytest.raises(BadValue):
        accounts.change(session, "tea", **change, actor="ada")

    assert (account.refresh_policy, account.verify_name, account.verified_until) == ("all", None, None)
    assert (account.refresh_active_days, account.refresh_quota) == (7, None)


def test_the_day_of_verification_is_kept_until_it_is_taken_away(session: Session) -> None:
    account = add(session)
    day = utcnow().date() + timedelta(days=365)
    before = registry.version(session)

    accounts.change(session, "tea", verified_until=str(day), actor="ada")
    accounts.change(session, "tea", title="新茶", actor="ada")
    kept = account.verified_until
    accounts.change(session, "tea", verified_until="", actor="ada")

    assert (kept, account.verified_until) == (day, None)
    assert registry.version(session) == before + 3
    assert f'"verified_until": "{day}"' in (entries(session)[-3].details or "")


def test_a_quota_of_nothing_is_wechats_own(session: Session) -> None:
    account = add(session)

    for quota in (300, 0):
        accounts.change(session, "tea", refresh=RefreshForm(quota=quota), actor="ada")

    assert account.refresh_quota is None


@pytest.mark.parametrize("form", [RefreshForm(policy="all"), RefreshForm(policy="active", active_days=3)])
def test_a_change_of_policy_has_resting_tokens_looked_at_anew(session: Session, form: RefreshForm) -> None:
    account = add(session)

    accounts.change(session, "tea", refresh=form, actor="ada")

    assert session.get_one(AccountRefresh, account.id).waking_after == 0


def test_a_new_secret_replaces_the_old_one(session: Session) -> None:
    account = add(session)

    accounts.replace_secret(session, KEYS, "tea", SECRET[::-1], actor="ada")

    assert KEYS.open(account.secret_sealed, secret_bound_to(account.appid)) == SECRET[::-1]


def test_a_disabled_account_is_no_longer_known_but_kept(session: Session) -> None:
    account = add(session)

    accounts.disable(session, "tea", actor="ada")

    assert registry.load(session).account_named("tea") is None
    assert accounts.find(session, "tea") is account


def test_an_account_that_is_switched_on_again_is_known_at_once(session: Session) -> None:
    account = add(session)
    accounts.disable(session, "tea", actor="ada")
    before = registry.version(session)

    accounts.enable(session, "tea", actor="ada")

    known = registry.load(session).account_named("tea")
    assert known is not None
    assert known.id == account.id
    assert registry.version(session) > before


def test_an_account_that_is_not_there_is_named_with_what_shows_the_others(session: Session) -> None:
    with pytest.raises(NoSuchAccount, match=r"'coffee'.*wxadmin account list"):
        accounts.disable(session, "coffee", actor="ada")
