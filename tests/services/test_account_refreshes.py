"""Accounts are held and released by what WeChat answers, and by staff."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import AccountFactory, AccountRefreshFactory
from wxadmin.clock import utcnow
from wxadmin.errors import NoSuchAccount
from wxadmin.models import Account, AccountRefresh, AuditEntry, Hold
from wxadmin.services import account_refreshes, pauses
from wxadmin.services.account_refreshes import Answers

MINUTE = timedelta(minutes=1)


@pytest.fixture
def account(session: Session) -> Account:
    made: Account = AccountFactory(name="tea")
    return made


def standing(session: Session, account: Account, **calls: int) -> AccountRefresh:
    """The account's row, after so many calls of the minute that runs."""
    row = account_refreshes.locked(session, account.id)
    account_refreshes.note_calls(row, None, utcnow(), calls.get("calls", 0))
    return row


def note(session: Session, account: Account, probed: str | None = None, **failures: int) -> Hold | None:
    codes = {code.lstrip("_").replace("minus", "-"): times for code, times in failures.items()}
    return account_refreshes.note(session, account.id, Answers(codes, probed))


def test_the_row_of_an_account_is_made_once(session: Session, account: Account) -> None:
    first, second = (account_refreshes.locked(session, account.id) for _ in range(2))

    assert first is second
    assert (first.hold, first.window_calls, first.budget_until, first.waking_after) == (None, 0, None, None)


def test_a_fault_of_the_configuration_holds_the_account_and_is_named(session: Session, account: Account) -> None:
    before = utcnow()

    hold = note(session, account, _40164=3, _42002=5)

    row = standing(session, account)
    assert hold is Hold.CONFIG
    assert (row.hold, row.hold_code, row.hold_by) == ("config", "40164", None)
    assert before <= row.held_at <= utcnow()  # type: ignore[operator]
    assert row.probe_at > before + 2 * MINUTE  # type: ignore[operator]


def test_failures_that_concern_one_token_alone_hold_nothing(session: Session, account: Account) -> None:
    standing(session, account, calls=100)

    hold = note(session, account, _42002=90, _40030=10)

    assert hold is None


def test_the_quota_of_the_day_holds_the_account_until_the_next_one(session: Session, account: Account) -> None:
    hold = note(session, account, _45009=1)

    probe_at = standing(session, account).probe_at
    assert hold is Hold.QUOTA
    assert probe_at is not None
    assert utcnow() < probe_at <= utcnow() + timedelta(days=1)
    # Midnight in Beijing.
    assert f"{probe_at:%H:%M:%S}" == "16:00:00"


def test_the_breaker_opens_when_half_of_the_calls_fail_over_all_processes(session: Session, account: Account) -> None:
    standing(session, account, calls=60)
    standing(session, account, calls=40)

    first = note(session, account, gw_timeout=30)
    second = note(session, account, gw_timeout=9, minus1=11)

    row = standing(session, account)
    assert (first, second) == (None, Hold.BREAKER)
    assert (row.hold, row.hold_code) == ("breaker", "-1")


def test_failures_of_a_minute_ago_are_forgotten(session: Session, account: Account) -> None:
    row = standing(session, account, calls=40)
    note(session, account, gw_timeout=19)
    row.window_began_at = utcnow() - MINUTE

    standing(session, account, calls=40)
    hold = note(session, account, gw_timeout=19)

    assert hold is None


@pytest.mark.parametrize("probed", ["", "42002", "40030"])
def test_a_probe_that_wechat_answers_for_its_token_releases_the_account(
    session: Session, account: Account, probed: str
) -> None:
    AccountRefreshFactory(account=account, misconfigured=True, window_calls=90, window_failures=90)

    hold = account_refreshes.note(session, account.id, Answers({probed: 1} if probed else {}, probed))

    row = standing(session, account)
    assert hold is None
    assert (row.hold, row.hold_code, row.held_at, row.probe_at, row.window_failures) == (None, None, None, None, 0)


@pytest.mark.parametrize("probed", ["40164", "gw_timeout", "-1", "99999", "gw_key_missing"])
def test_a_probe_that_fails_leaves_the_account_held_since_when_it_was(
    session: Session, account: Account, probed: str
) -> None:
    since = AccountRefreshFactory(account=account, misconfigured=True).held_at

    hold = account_refreshes.note(session, account.id, Answers({probed: 1}, probed))

    assert hold is Hold.CONFIG
    assert standing(session, account).held_at == since


def test_a_probe_that_meets_another_fault_names_that_one(session: Session, account: Account) -> None:
    AccountRefreshFactory(account=account, hold="breaker", hold_code="-1", held_at=utcnow(), probe_at=utcnow())

    hold = account_refreshes.note(session, account.id, Answers({"40013": 1}, "40013"))

    assert hold is Hold.CONFIG
    assert standing(session, account).hold_code == "40013"


def test_a_call_that_was_begun_before_the_hold_does_not_release_it(session: Session, account: Account) -> None:
    note(session, account, _40013=1)

    hold = note(session, account, _42002=1)

    assert hold is Hold.CONFIG


def test_staff_pause_an_account_and_nothing_but_staff_resumes_it(session: Session, account: Account) -> None:
    pauses.pause(session, "tea", actor="ada")
    after_a_failure = note(session, account, _40013=1)
    after_a_probe = note(session, account, probed="")
    row = standing(session, account)
    paused = (row.hold, row.hold_by, row.hold_code, row.probe_at)

    pauses.resume(session, "tea", actor="bob")

    assert (after_a_failure, after_a_probe) == (Hold.STAFF, Hold.STAFF)
    assert paused == ("staff", "ada", None, None)
    assert standing(session, account).hold is None


def test_staff_resume_what_wechat_held(session: Session, account: Account) -> None:
    note(session, account, _40013=1)

    pauses.resume(session, "tea", actor="bob")

    assert standing(session, account).hold is None


def test_who_paused_and_resumed_is_written_down_once(session: Session, account: Account) -> None:
    for _ in range(2):
        pauses.pause(session, "tea", actor="ada")
    for _ in range(2):
        pauses.resume(session, "tea", actor="bob")

    entries = session.scalars(select(AuditEntry).where(AuditEntry.subject == "tea").order_by(AuditEntry.id))
    assert [(entry.actor, entry.action) for entry in entries] == [("ada", "refresh_paused"), ("bob", "refresh_resumed")]


def test_an_account_that_is_not_there_is_neither_paused_nor_resumed(session: Session) -> None:
    for act in (pauses.pause, pauses.resume):
        with pytest.raises(NoSuchAccount):
            act(session, "coffee", actor="ada")
