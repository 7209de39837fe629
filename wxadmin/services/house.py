"""What the installation writes about itself: its processes, the version of its settings, the runs of its jobs."""

import os
import socket
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.database.sets import SetInsert
from wxadmin.errors import KeyMissing
from wxadmin.models import Counter, JobRun, KeyInUse, Node

REGISTRY_VERSION = "registry"
_NODES = "nodes"
_NODES_KEPT = timedelta(days=7)


def register_node(session: Session, key_ids: Iterable[str] = ()) -> int:
    """Writes down that this process serves, with which keys, and returns its number."""
    now = utcnow()
    draw = update(Counter).where(Counter.name == _NODES).values(value=Counter.value + 1).returning(Counter.value)
    number = session.execute(draw).scalar_one()
    node = Node(id=number, host=socket.gethostname(), pid=os.getpid(), started_at=now, seen_at=now, batch=0)
    node.key_ids = ",".join(key_ids) or None
    session.add(node)
    session.execute(delete(Node).where(Node.seen_at < now - _NODES_KEPT))
    return number


def node_ended(session: Session, node: int) -> None:
    """Writes down that the process serves no longer. Whoever asks for the keys of those that serve is not kept waiting
    until it has been silent for long."""
    session.execute(update(Node).where(Node.id == node).values(ended_at=utcnow()))


def is_sealed(session: Session) -> bool:
    """Whether anything may have been sealed in this database."""
    return session.execute(select(KeyInUse.key_id).limit(1)).first() is not None


def require_keys(session: Session, key_ids: Iterable[str]) -> None:
    """Raises KeyMissing where something may be sealed under a key that is not among those of this node. Writes down the
    first of them, under which everything is sealed from now on."""
    present = list(key_ids)
    used = set(session.scalars(select(KeyInUse.key_id)))
    if missing := used - set(present):
        raise KeyMissing(
            f"the database is sealed under key {', '.join(sorted(missing))}, which WXADMIN_SECRET_KEYS does not have: "
            "add the key that this installation was set up with; if it is lost for good, `wxadmin keys forget` gives "
            "up what only it opens"
        )
    keep_keys(session.connection(), {present[0]})


def keep_keys(connection: Connection, key_ids: Collection[str]) -> None:
    """Belongs into every transaction that stores something sealed under these keys, before it does: they are on the
    list of keys in use when it commits, and nobody takes one off it meanwhile."""
    if not key_ids:
        return
    kept = connection.scalars(_KEPT, {"key_ids": sorted(key_ids)}).all()
    _KEYS.execute(
        connection,
        [{"key_id": key, "first_used_at": utcnow(), "leaving_by": None} for key in sorted(set(key_ids) - set(kept))],
    )


# The lock is one that many may hold at once, but not while somebody marks a key as leaving: whoever does that waits for
# the transactions which count on the key, and those that come later see the mark, and take it away.
_KEPT = (
    select(KeyInUse.key_id)
    .where(KeyInUse.key_id.in_(bindparam("key_ids", expanding=True)), KeyInUse.leaving_by.is_(None))
    .order_by(KeyInUse.key_id)
    .with_for_update(read=True, key_share=True)
)
_KEYS = SetInsert(KeyInUse, key=["key_id"], changes=lambda _, proposed: {"leaving_by": proposed.leaving_by})


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
