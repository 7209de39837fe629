"""The writer's side of the journal, in its thread: one transaction a batch, and what to do when one fails."""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.exc import DBAPIError, IntegrityError, NoResultFound

from wxadmin.clock import utcnow
from wxadmin.database.failures import is_unavailable, should_try_again, unavailable
from wxadmin.database.sets import SetUpdate
from wxadmin.errors import Taken
from wxadmin.ids import Ids
from wxadmin.models import Node
from wxadmin.services.batch import Batch
from wxadmin.services.steps import Step

Steps = Sequence[Step[Any]]
_TRIES = 3


class CommitUnknown(Exception):
    """The connection was lost during COMMIT: the batch may or may not be stored."""


class Writer:
    """Writes batches and returns a result or an exception for each step, in order. Never raises for a step's sake."""

    def __init__(self, engine: Engine, *, ids: Ids, node: int, zone: tzinfo = UTC) -> None:
        self._engine = engine
        self._ids = ids
        self._node = node
        self._zone = zone
        self._batch_no = 0

    def write(self, steps: Steps) -> list[Any]:
        """A step that cannot be stored fails alone; a database that cannot be used fails them all."""
        try:
            return self._try_again(steps)
        except Exception as error:
            if is_unavailable(error) or isinstance(error, CommitUnknown):
                told = unavailable(error)
                told.__cause__ = error
                return [told] * len(steps)
            if len(steps) == 1:
                return [_told(error)]
            # One row is bad: halve until it stands alone. The transaction as a whole was rolled back.
            middle = len(steps) // 2
            return self.write(steps[:middle]) + self.write(steps[middle:])

    def _try_again(self, steps: Steps) -> list[Any]:
        for tries_left in reversed(range(_TRIES)):
            try:
                return self._transaction(steps)
            except Exception as error:
                if not tries_left or not should_try_again(error):
                    raise
        raise AssertionError("unreachable")

    def _transaction(self, steps: Steps) -> list[Any]:
        self._batch_no += 1
        with self._engine.connect() as connection:
            transaction = connection.begin()
            try:
                results = self._apply(connection, steps)
            except BaseException:
                transaction.rollback()
                raise
            try:
                transaction.commit()
            except DBAPIError as error:
                if not error.connection_invalidated and not is_unavailable(error):
                    raise
                connection.invalidate()
                if not self._was_committed(error):
                    raise
        return results

    def _apply(self, connection: Connection, steps: Steps) -> list[Any]:
        # First of all, so that the node's row stays locked: whoever asks later whether this batch was committed
        # waits until the database knows.
        now = utcnow()
        _MARK.execute(connection, [{"id": self._node, "batch": self._batch_no, "seen_at": now}])
        batch = Batch(connection, ids=self._ids, now=now, node=self._node, zone=self._zone)
        kinds: dict[type[Step[Any]], list[int]] = {}
        for place, step in enumerate(steps):
            kinds.setdefault(type(step), []).append(place)
        results: list[Any] = [None] * len(steps)
        # Always in the same order, so that two processes lock tables in the same order.
        for kind in sorted(kinds, key=lambda kind: kind.__name__):
            places = kinds[kind]
            for place, result in zip(places, kind.apply(batch, [steps[place] for place in places]), strict=True):
                results[place] = result
        batch.close()
        return results

    def _was_committed(self, error: DBAPIError) -> bool:
        """After a COMMIT without an answer: whether the node's row carries this batch's number."""
        try:
            with self._engine.begin() as connection:
                return connection.execute(_LAST, {"node": self._node}).scalar_one() == self._batch_no
        except (DBAPIError, NoResultFound):
            # The database is gone, or has forgotten a process that was idle for so long.
            raise CommitUnknown("the connection was lost during COMMIT") from error


def _told(error: Exception) -> Exception:
    if not isinstance(error, IntegrityError):
        return error
    taken = Taken("a value that must be unique is in use")
    taken.__cause__ = error
    return taken


_MARK = SetUpdate(Node, ["batch", "seen_at"], key=["id"])
_LAST = select(Node.batch).where(Node.id == bindparam("node")).with_for_update()
