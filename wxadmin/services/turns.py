"""Whose turn it is at a job that one process does for all."""

from datetime import timedelta

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from wxadmin.database.clocks import shared_now
from wxadmin.database.sets import SetInsert
from wxadmin.models import JobTurn


def take(session: Session, name: str, *, node: int, lasting: timedelta) -> bool:
    """Whether it is this node's turn, from now on for so long: nobody has it, or the node has it already. That of a
    process that died is over when its time is."""
    now = shared_now(session)
    _TURNS.execute(session.connection(), [{"name": name, "node": None, "until": now}])
    free = update(JobTurn).where(JobTurn.name == name, or_(JobTurn.node == node, JobTurn.until <= now))
    return session.execute(free.values(node=node, until=now + lasting)).rowcount == 1  # type: ignore[attr-defined,no-any-return]


def rest(session: Session, name: str, *, node: int, lasting: timedelta) -> None:
    """The node is done: nobody has a turn for so long. Nothing happens where it is another's turn by now."""
    own = update(JobTurn).where(JobTurn.name == name, JobTurn.node == node)
    session.execute(own.values(node=None, until=shared_now(session) + lasting))


_TURNS = SetInsert(JobTurn, key=["name"], ignore=True)
