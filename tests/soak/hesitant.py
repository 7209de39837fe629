"""`wxadmin …` whose rotation of keys takes its time between reading rows and storing them: `hesitant.py SECONDS ROWS
…`, so many rows at a time."""

import sys
import time
from collections.abc import Iterator

from wxadmin.__main__ import main
from wxadmin.models.sealed import SealedKind
from wxadmin.queries.keys import SealedRow
from wxadmin.security.keys import KeyRing
from wxadmin.services.keys import Resealed
from wxadmin.tasks import keys

_seal = keys._resealed


def hesitate(seconds: float, rows: int) -> None:
    def slowly(ring: KeyRing, kind: SealedKind, found: list[SealedRow]) -> Iterator[Resealed]:
        yield from _seal(ring, kind, found)
        # No transaction is open here: whoever writes meanwhile is not kept waiting.
        time.sleep(seconds if found else 0)

    keys._resealed = slowly
    keys._AT_A_TIME = rows


def run() -> None:
    """Takes its own two arguments, and leaves the command's."""
    name, seconds, rows, *command = sys.argv
    hesitate(float(seconds), int(rows))
    sys.argv = [name, *command]
    main()


if __name__ == "__main__":
    run()
