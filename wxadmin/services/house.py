"""What the installation writes about itself: its processes, the version of its settings, the runs of its jobs."""

import os
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.database.sets import SetInsert
from wxadmin.errors import KeyMissing
from wxadmin.models import Counter, JobRun, KeyInUse, Node

REGISTRY_VERSION = "registry"
_NODES = "nodes"
_NODES_KEPT = timedelta(days=7)


def register_node(session: Session) -> int:
    """Writes down that this process serves, and returns its number."""
    now = utcnow()
    draw = update(Counter).where(Counter.name == _NODES).values(value=Counter.value + 1).returning(Counter.value)
    number = session.execute(draw).scalar_one()
    session.add(Node(id=number, host=socket.gethostname(), pid=os.getpid(), started_at=now, seen_at=now, batch=0))
    session.execute(delete(Node).where(Node.seen_at < now - _NODES_KEPT))
    return number


def require_keys(session: Session, key_ids: Iterable[str]) -> None:
    """Raises KeyMissing where something was sealed under a key that is not among those of this node. Writes down the
    first of them, under which everything is sealed from now on."""
    present = list(key_ids)
    used = set(session.scalars(select(KeyInUse.key_id)))
    if missing := used - set(present):
        raise KeyMissing(
            f"the database is sealed under key {', '.join(sorted(missing))}, which WXADMIN_SECRET_KEYS does not have: "
            "add the key that this installation was set up with"
        )
    if present[0] not in used:
        _KEYS.execute(session.connection(), [{"key_id": present[0], "first_used_at": utcnow()}])


# Processes that start at once write the same key down.
_KEYS = SetInsert(KeyInUse, key=["key_id"], ignore=True)


def settings_changed(session: Session) -> None:
    """Tells every process that accounts or sites are no longer what they were."""
    session.execute(update(Counter).where(Counter.name == REGISTRY_VERSION).values(value=Counter.value + 1))


def note_run(session: Session, name: str, *, node: int, started_at: datetime, rows: int, error: str | None) -> None:
    """Keeps the last run of a job, which also shows that the process is alive."""
    session.execute(update(Node).where(Node.id == node).values(seen_at=utcnow()))
    run = {"name": name, "node": node, "started_at": started_at, "ended_at": utcnow(), "rows": rows, "error": error}
    _RUNS.execute(session.connection(), [run])


_RUNS = SetInsert(
    JobRun,
    key=["name"],
    changes=lambda _, proposed: {column.name: column for column in proposed if column.name != "name"},
)
