"""`wxadmin` whose exports of a few thousand rows take seconds: small portions, and a rest after each."""

import time
from collections.abc import Callable, Generator
from typing import Any

from wxadmin.__main__ import main
from wxadmin.database import csv_lines
from wxadmin.database.csv_lines import Portion

_ROWS = 100
_REST_S = 0.1


def _wading(whole: Callable[..., Generator[Portion]]) -> Callable[..., Generator[Portion]]:
    def slow(*args: Any, **kwargs: Any) -> Generator[Portion]:
        for portion in whole(*args, **kwargs):
            yield portion
            time.sleep(_REST_S)

    return slow


if __name__ == "__main__":
    csv_lines.AGGREGATED_AT_ONCE = csv_lines.COPIED_AT_ONCE = _ROWS
    csv_lines.texts = _wading(csv_lines.texts)
    csv_lines.portions = _wading(csv_lines.portions)
    main()
