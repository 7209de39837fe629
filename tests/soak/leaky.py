"""`wxadmin …` that keeps something of every set of steps it stores: `leaky.py BYTES …`, so many for each step. The
proof that the storms of memory would notice."""

import sys
from collections.abc import Sequence
from typing import Any

from wxadmin.__main__ import main
from wxadmin.journal.writer import Writer

_write = Writer.write
_kept: list[bytearray] = []


def keep(size: int) -> None:
    def write(self: Writer, steps: Sequence[Any]) -> list[Any]:
        # Filled, since memory that nobody wrote to is none.
        _kept.extend(bytearray(b"x" * size) for _ in steps)
        return _write(self, steps)

    Writer.write = write  # type: ignore[method-assign]


if __name__ == "__main__":
    name, size, *command = sys.argv
    keep(int(size))
    sys.argv = [name, *command]
    main()
