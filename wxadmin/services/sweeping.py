"""Attempts that will not end by themselves get their end; what has served its time is deleted."""

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, literal_column, select
from sqlalchemy.orm import Session

from wxadmin.ids import Ids, first_id_at
from wxadmin.models import Attempt, Class, CodeClaim, Event, Outcome, Stage, Ticket
from wxadmin.services import attempts, claims
from wxadmin.services.attempts import AttemptEnd
from wxadmin.services.batch import Batch
from wxadmin.services.ledger import Subject

NO_CALLBACK = "gw_no_callback"
# Equal codes hours apart have been reported, so a claim must not stand for longer than a login takes.
_CLAIM_LIFETIME = timedelta(minutes=10)
_TICKET_KEPT = timedelta(days=1)


def end_waiting(session: Session, *, ids: Ids, node: int, now: datetime, limit: int) -> int:
    """Ends up to `limit` attempts that have not come back within the state's ten minutes; returns how many."""
    lost_cookie = exists().where(
        Event.attempt_id == Attempt.id,
        Event.stage == Stage.RETURN,
        Event.code.in_([claims.COOKIE_LOST, claims.OTHER_BROWSER]),
    )
    query = (
        select(*_SUBJECT, lost_cookie.label("lost_cookie"))
        .where(
            Attempt.outcome.is_(None), Attempt.returned_at.is_(None), Attempt.started_at < now - claims.STATE_LIFETIME
        )
        .order_by(Attempt.started_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Attempt)
    )
    batch = Batch(session.connection(), ids=ids, now=now, node=node)
    rows = session.execute(query).all()
    for row in rows:
        if row.lost_cookie:
            _end(batch, row, Class.FAILURE, claims.COOKIE_LOST, Outcome.FAILED)
        else:
            _end(batch, row, Class.ABANDONED, NO_CALLBACK, Outcome.ABANDONED)
    batch.close()
    return len(rows)


def end_interrupted(session: Session, *, ids: Ids, node: int, now: datetime, limit: int) -> int:
    """Ends up to `limit` attempts whose claim's lease is over though nothing came of it: its process died."""
    query = (
        select(*_SUBJECT)
        .join(CodeClaim, CodeClaim.attempt_id == Attempt.id)
        .where(Attempt.outcome.is_(None), CodeClaim.lease_until < now)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Attempt)
    )
    batch = Batch(session.connection(), ids=ids, now=now, node=node)
    rows = {row.id: row for row in session.execute(query)}
    for row in rows.values():
        _end(batch, row, Class.FAILURE, claims.INTERRUPTED, Outcome.FAILED)
    batch.close()
    return len(rows)


def end_interrupted_again(session: Session, *, ids: Ids, node: int, now: datetime, limit: int) -> int:
    """The same for up to `limit` attempts that had failed before, and whose second code was then being exchanged: they
    stay failed, but it is the interruption that ended them, and that the visitor's reload makes good."""
    came_to_something = exists().where(
        Event.attempt_id == Attempt.id, Event.stage == Stage.EXCHANGE, Event.at >= CodeClaim.claimed_at
    )
    query = (
        select(*_SUBJECT)
        .join(CodeClaim, and_(CodeClaim.attempt_id == Attempt.id, CodeClaim.code_hash == Attempt.code_hash))
        .where(
            Attempt.outcome == Outcome.FAILED,
            # The index is partial: SQLite uses it only where the query repeats its condition to the letter.
            Attempt.outcome != literal_column("'succeeded'"),
            # A second code comes within the state's time; who began before that is not looked at.
            Attempt.id >= first_id_at(now - 2 * claims.STATE_LIFETIME),
            Attempt.ended_by != claims.INTERRUPTED,
            CodeClaim.claimed_at > Attempt.ended_at,
            CodeClaim.lease_until < now,
            ~came_to_something,
        )
        .limit(limit)
        .with_for_update(skip_locked=True, of=Attempt)
    )
    batch = Batch(session.connection(), ids=ids, now=now, node=node)
    rows = session.execute(query).all()
    for row in rows:
        _end(batch, row, Class.FAILURE, claims.INTERRUPTED, Outcome.FAILED, is_first=False)
    batch.close()
    return len(rows)


def purge(session: Session, *, now: datetime) -> int:
    """Deletes claims and tickets that have served their time; returns how many."""
    # Only by its claim is an interrupted attempt found, so the claim stays until the attempt has its end.
    is_waited_for = exists().where(Attempt.id == CodeClaim.attempt_id, Attempt.outcome.is_(None))
    spent = (
        delete(CodeClaim).where(
            CodeClaim.claimed_at < now - _CLAIM_LIFETIME, CodeClaim.lease_until < now, ~is_waited_for
        ),
        delete(Ticket).where(Ticket.expires_at < now - _TICKET_KEPT),
    )
    return sum(session.execute(statement).rowcount for statement in spent)  # type: ignore[attr-defined]


_SUBJECT = (Attempt.id, Attempt.account_id, Attempt.site_id, Attempt.scope, Attempt.browser_family)


def _end(batch: Batch, row: object, event_class: Class, code: str, outcome: Outcome, *, is_first: bool = True) -> None:
    subject = Subject(row.account_id, row.site_id, row.id, row.scope, row.browser_family)  # type: ignore[attr-defined]
    attempts.end(batch.connection, [AttemptEnd(row.id, outcome, batch.now, code)])  # type: ignore[attr-defined]
    told = outcome if is_first else None
    batch.ledger.record(subject, Stage.RETURN, event_class, at=batch.now, code=code, outcome=told)
