"""The ledger of passes: written as they go, so that one that is killed has left what it did so far."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from wxadmin.database.sets import SetInsert
from wxadmin.ids import Ids, first_id_at
from wxadmin.models import RefreshPass, Trigger
from wxadmin.services import leases
from wxadmin.services.leases import Lease

# As long as the processes that it names are kept.
_KEPT = timedelta(days=7)


@dataclass(slots=True)
class PassReport:
    """What a pass did so far; `failed` counts by errcode or reason. The columns of RefreshPass say what the rest is."""

    leased: int = 0
    renewed: int = 0
    overtaken: int = 0
    given_back: int = 0
    put_aside: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    def count(self, code: str, *, is_stored: bool) -> None:
        """Counts a call that ended with this errcode or reason; empty where it renewed the token."""
        if not is_stored:
            self.overtaken += 1
        elif code:
            self.failed[code] += 1
        else:
            self.renewed += 1


@dataclass(frozen=True, slots=True)
class Pass:
    """Who makes a pass, and what comes of it."""

    id: int
    node: int
    trigger: Trigger
    started_at: datetime
    actor: str | None = None
    report: PassReport = field(default_factory=PassReport)


def lease(session: Session, made: Pass, account_id: int, *, ids: Ids, lasting: timedelta, limit: int) -> Lease:
    """Leases tokens of the account for the pass, and writes down that it has them."""
    taken = leases.lease_due(session, account_id, ids=ids, node=made.node, lease=lasting, limit=limit)
    if taken.tokens or taken.put_aside:
        report = made.report
        sums = report.leased + len(taken.tokens), report.put_aside + taken.put_aside
        note(session, replace(made, report=replace(report, leased=sums[0], put_aside=sums[1])))
    return taken


def note(session: Session, made: Pass, *, ended_at: datetime | None = None) -> None:
    """Writes down how far the pass has come."""
    report = made.report
    _PASSES.execute(
        session.connection(),
        [
            {
                "id": made.id,
                "node": made.node,
                "trigger": made.trigger.value,
                "actor": made.actor,
                "started_at": made.started_at,
                "ended_at": ended_at,
                "leased": report.leased,
                "renewed": report.renewed,
                "overtaken": report.overtaken,
                "given_back": report.given_back,
                "put_aside": report.put_aside,
                "failures": dict(report.failed),
            }
        ],
    )


_PASSES = SetInsert(
    RefreshPass,
    key=["id"],
    changes=lambda _, proposed: {column.name: column for column in proposed if column.name != "id"},
)


def purge(session: Session, *, now: datetime) -> int:
    """Deletes passes that have been kept long enough; returns how many."""
    old = delete(RefreshPass).where(RefreshPass.id < first_id_at(now - _KEPT))
    return session.execute(old).rowcount  # type: ignore[attr-defined,no-any-return]
