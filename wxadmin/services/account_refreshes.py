"""How refreshing stands at an account: held and released by what WeChat answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.database.clocks import shared_now
from wxadmin.database.sets import SetInsert
from wxadmin.models import AccountRefresh, Hold
from wxadmin.refreshing import budgets, moods


def locked(session: Session, account_id: int) -> AccountRefresh:
    """The account's row, made where there is none, and locked until the transaction ends: whoever leases, pauses or
    resumes waits for whoever does so already."""
    _NEW.execute(session.connection(), [{"account_id": account_id, "window_calls": 0, "window_failures": 0}])
    # Refreshed, since another process may have changed it since this session saw it last.
    query = select(AccountRefresh).where(AccountRefresh.account_id == account_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


_NEW = SetInsert(AccountRefresh, ["account_id", "window_calls", "window_failures"], key=["account_id"], ignore=True)


def permitted(standing: AccountRefresh, quota: int | None, now: datetime, limit: int) -> int:
    """How many tokens may be leased now, up to `limit`; `quota` is in calls a minute, None for WeChat's own."""
    if standing.hold is not None:
        return int(standing.probe_at is not None and standing.probe_at <= now)
    return min(limit, budgets.allowance(quota or budgets.WECHATS_QUOTA, standing.budget_until, now))


def wait_for(standing: AccountRefresh, quota: int | None, now: datetime, calls: int) -> timedelta:
    """How long until so many tokens may be leased, or as many as go into a second."""
    quota = quota or budgets.WECHATS_QUOTA
    return budgets.wait_for(quota, standing.budget_until, now, min(calls, max(1, quota // 60)))


def note_calls(standing: AccountRefresh, quota: int | None, now: datetime, calls: int) -> None:
    """Takes the calls of a lease out of the account's budget, and counts them into its window."""
    standing.budget_until = budgets.taken(quota or budgets.WECHATS_QUOTA, standing.budget_until, now, calls)
    if standing.window_began_at is None or now - standing.window_began_at >= moods.WINDOW:
        standing.window_began_at, standing.window_calls, standing.window_failures = now, 0, 0
    standing.window_calls += calls
    if standing.probe_at is not None and standing.hold is not None and calls:
        # Its process may die: whoever looks next then makes another.
        standing.probe_at = moods.next_probe_at(Hold(standing.hold), None, now)


@dataclass(frozen=True, slots=True)
class Answers:
    """What calls for tokens of one account ended with: how many by errcode or reason. `probed` is what the one call
    ended with that was made in spite of a hold; empty where it renewed, None where there was none."""

    failures: Mapping[str, int]
    probed: str | None = None


def note(session: Session, account_id: int, answers: Answers) -> Hold | None:
    """Holds or releases the account by what WeChat answered; returns why it is held now."""
    standing, now = locked(session, account_id), shared_now(session)
    standing.window_failures += sum(n for code, n in answers.failures.items() if moods.counts_against_wechat(code))
    if standing.hold == Hold.STAFF:
        return Hold.STAFF
    if answers.probed is not None and moods.is_mended(answers.probed):
        release(standing)
    for code in sorted(answers.failures):
        why = moods.hold_for(code)
        if why is not None:
            hold(standing, why, code=code, at=now)
    worst = max(filter(moods.counts_against_wechat, answers.failures), key=answers.failures.__getitem__, default=None)
    if worst and standing.hold is None and moods.is_tripped(standing.window_calls, standing.window_failures):
        hold(standing, Hold.BREAKER, code=worst, at=now)
    return Hold(standing.hold) if standing.hold else None


def hold(
    standing: AccountRefresh, why: Hold, *, code: str | None = None, actor: str | None = None, at: datetime
) -> None:
    """Lets no token through but a probe now and then, or none where staff will have it so."""
    if standing.hold != why:
        standing.held_at = at
    standing.hold, standing.hold_code, standing.hold_by = why.value, code, actor
    standing.probe_at = None if why is Hold.STAFF else moods.next_probe_at(why, code, at)


def release(standing: AccountRefresh) -> None:
    """Lets all tokens through, with nothing held against WeChat."""
    standing.hold = standing.hold_code = standing.hold_by = standing.held_at = standing.probe_at = None
    standing.window_began_at, standing.window_calls, standing.window_failures = None, 0, 0
