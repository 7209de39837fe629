"""Steps applied to a session that is rolled back, as the journal applies them to a transaction that commits."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.ids import Ids
from wxadmin.models import Attempt, Event, LoginHour
from wxadmin.services.batch import Batch

Apply = Callable[..., list[Any]]


@pytest.fixture
def apply(session: Session, ids: Ids) -> Apply:
    """`apply(step, …)` writes steps of one kind as one batch and gives their results."""

    def apply(*steps: Any, now: datetime | None = None) -> list[Any]:
        session.flush()
        batch = Batch(session.connection(), ids=ids, now=now or utcnow(), node=1)
        results = list(type(steps[0]).apply(batch, steps))
        batch.close()
        session.expire_all()
        return results

    return apply


def events_of(session: Session, attempt_id: int) -> list[Event]:
    """The attempt's events, in order."""
    return list(session.scalars(select(Event).where(Event.attempt_id == attempt_id).order_by(Event.id)))


def told(session: Session, attempt_id: int) -> list[tuple[str, str, str, str | None]]:
    """Stage, class, code and outcome of the attempt's events, in order."""
    events = events_of(session, attempt_id)
    return [(event.stage, event.event_class, event.code, event.outcome) for event in events]


def counts_of(session: Session, attempt: Attempt) -> dict[str, int]:
    """What the site's hours of logins add up to, zeros left out."""
    columns = [column for column in LoginHour.__table__.c if not column.primary_key]
    rows = session.execute(select(*columns).where(LoginHour.site_id == attempt.site_id)).all()
    sums = {column.name: sum(row._mapping[column.name] for row in rows) for column in columns}
    return {name: number for name, number in sums.items() if number}
