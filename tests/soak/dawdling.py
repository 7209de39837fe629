"""`wxadmin` whose exports take a rest after every portion: something can happen to it meanwhile."""

import time
from collections.abc import Generator
from typing import Any

from wxadmin.__main__ import main
from wxadmin.database import csv_lines
from wxadmin.database.csv_lines import Portion

_whole = csv_lines.texts


def _dawdling(*args: Any) -> Generator[Portion]:
    for portion in _whole(*args):
        yield portion
        time.sleep(0.5)


if __name__ == "__main__":
    csv_lines.AGGREGATED_AT_ONCE = csv_lines.COPIED_AT_ONCE = 5
    csv_lines.texts = _dawdling
    main()
