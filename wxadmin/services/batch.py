"""What the steps of one transaction share: connection, events, and the numbers that order changes."""

from collections.abc import Collection
from datetime import UTC, datetime, tzinfo

from sqlalchemy import Connection, bindparam, update

from wxadmin.database.sets import SetUpdate
from wxadmin.ids import Ids
from wxadmin.models import Counter, User
from wxadmin.models.house import USER_CHANGES
from wxadmin.services.ledger import Ledger


class Batch:
    """One transaction's work. `close` comes last, before the commit. A day begins at midnight in `zone`, which only
    logins ask for."""

    def __init__(self, connection: Connection, *, ids: Ids, now: datetime, node: int, zone: tzinfo = UTC) -> None:
        self.connection = connection
        self.ids = ids
        self.now = now
        self.node = node
        self.zone = zone
        self.ledger = Ledger(ids)
        self._changed_users: set[int] = set()

    def user_changed(self, user_id: int) -> None:
        self._changed_users.add(user_id)

    def close(self) -> None:
        """Writes events and counts, then numbers the changes."""
        self.ledger.write(self.connection)
        number_changes(self.connection, self._changed_users)


def number_changes(connection: Connection, user_ids: Collection[int]) -> None:
    """The last statements of a transaction that changes users. The counter's row stays locked until the commit, so the
    order of numbers is the order of commits; drawn as late as can be, so that other transactions wait for as little as
    can be."""
    if not user_ids:
        return
    last = connection.execute(_DRAW, {"numbers": len(user_ids)}).scalar_one()
    numbers = range(last - len(user_ids) + 1, last + 1)
    rows = [{"id": user, "change_no": no} for user, no in zip(sorted(user_ids), numbers, strict=True)]
    _NUMBERS.execute(connection, rows)


_DRAW = (
    update(Counter)
    .where(Counter.name == USER_CHANGES)
    .values(value=Counter.value + bindparam("numbers"))
    .returning(Counter.value)
)
_NUMBERS = SetUpdate(User, ["change_no"], key=["id"])
