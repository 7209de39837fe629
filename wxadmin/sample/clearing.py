"""Taking a sample out of a database again: people, attempts, events and counts of the sample's accounts."""

from datetime import datetime

from sqlalchemy import Delete, delete, func, select
from sqlalchemy.orm import Session

from wxadmin.models import (
    Account,
    Attempt,
    CodeClaim,
    Erasure,
    Event,
    FailureHour,
    LoginHour,
    StepHour,
    Ticket,
    Token,
    User,
    UserChannel,
)
from wxadmin.models.account import SAMPLE_APPID_PREFIX

_ACCOUNTS = select(Account.id).where(Account.appid.startswith(SAMPLE_APPID_PREFIX))


def told_until(session: Session) -> datetime | None:
    """When the newest attempt of a sample began; None where there is no sample."""
    return session.scalar(select(func.max(Attempt.started_at)).where(Attempt.account_id.in_(_ACCOUNTS)))


def clear(session: Session) -> None:
    """Deletes what the sample's accounts have gathered; the accounts and sites stay, and everything of others."""
    for statement in _deletes():
        session.execute(statement)


def _deletes() -> list[Delete]:
    users = select(User.id).where(User.account_id.in_(_ACCOUNTS))
    attempts = select(Attempt.id).where(Attempt.account_id.in_(_ACCOUNTS))
    # What refers to others goes before them.
    return [
        delete(Ticket).where(Ticket.attempt_id.in_(attempts)),
        delete(UserChannel).where(UserChannel.user_id.in_(users)),
        delete(Token).where(Token.account_id.in_(_ACCOUNTS)),
        *(
            delete(table).where(table.account_id.in_(_ACCOUNTS))
            for table in (CodeClaim, Erasure, Event, Attempt, User, LoginHour, FailureHour, StepHour)
        ),
    ]
