"""What the installation can be asked about itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import case, func, select, text
from sqlalchemy.orm import Session

from wxadmin.database.clocks import shared_now
from wxadmin.models import Account, Attempt, JobRun, Node, Token, TokenState
from wxadmin.queries import account_refreshes
from wxadmin.queries.token_states import IS_REFRESHED


@dataclass(frozen=True, slots=True)
class Reading:
    """What a gauge of the whole installation shows; those of one name have labels of the same names."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run of a background job; `process` is None where that is no longer known."""

    name: str
    started_at: datetime
    ended_at: datetime
    rows: int
    error: str | None
    process: str | None


def last_runs(session: Session) -> Mapping[str, LastRun]:
    """By the job's name; those that never ran are left out."""
    query = select(JobRun, Node.host, Node.pid).outerjoin(Node, Node.id == JobRun.node)
    return {
        run.name: LastRun(
            run.name, run.started_at, run.ended_at, run.rows, run.error, f"{host}:{pid}" if host else None
        )
        for run, host, pid in session.execute(query)
    }


def schema_revision(session: Session) -> str | None:
    """The revision that the database is at."""
    revision: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def readings(session: Session) -> Sequence[Reading]:
    """Numbers of the whole installation."""
    waiting = session.scalar(select(func.count()).select_from(Attempt).where(Attempt.outcome.is_(None)))
    return [
        *_of_refreshing(session),
        Reading(
            "wxadmin_attempts_waiting", "Attempts that have neither come back nor been given up", float(waiting or 0)
        ),
    ]


def _of_refreshing(session: Session) -> Iterator[Reading]:
    now = shared_now(session)
    expired = func.count(case((Token.expires_at <= now, 1)))
    query = (
        select(func.min(Token.next_refresh_at), func.count(), expired)
        .join(Account, Account.id == Token.account_id)
        .where(IS_REFRESHED, Token.state == TokenState.ACTIVE, Token.next_refresh_at <= now)
    )
    oldest, due, late = session.execute(query).one()
    lag = (now - oldest).total_seconds() if oldest else 0.0
    yield Reading("wxadmin_refresh_lag_seconds", "Seconds since the longest overdue token was due for its refresh", lag)
    yield Reading("wxadmin_refresh_due", "Tokens whose refresh is due and has not been made", float(due))
    yield Reading("wxadmin_refresh_late", "Those of them that have expired meanwhile", float(late))
    for held in account_refreshes.held(session):
        labels = {"account": held.name, "hold": held.hold.value, "code": held.code or ""}
        since = (now - held.since).total_seconds()
        yield Reading("wxadmin_refresh_held_seconds", "Since when an account's refreshing is held", since, labels)
