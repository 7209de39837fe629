"""The same, storing without comparing what the rows hold by then: the proof that the storm of keys would notice."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from tests.soak.hesitant import run
from wxadmin.models.sealed import SealedKind
from wxadmin.services import keys
from wxadmin.services.keys import Resealed


def overwrite(session: Session, kind: SealedKind, changed: Sequence[Resealed]) -> int:
    names = [value.key for value in kind.values]
    rows = [{kind.id.key: one.row.id, **dict(zip(names, one.values, strict=True))} for one in changed]
    keys._RESEALED[kind].execute(session.connection(), rows)
    return len(rows)


if __name__ == "__main__":
    keys.store = overwrite
    run()
