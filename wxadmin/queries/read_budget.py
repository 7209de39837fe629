"""How long a page may look through rows that its filters pass over, so that a search for something rare ends."""

import time
from collections.abc import Callable, Iterator

PAGE_S = 0.08
_FIRST_WINDOW = 500
_GROWS_BY = 2
# Rows that lie further away take longer than those before them did.
_LIKELY = 0.7


class ReadBudget:
    """Begins when it is made. What a page reads one after the other shares one."""

    def __init__(self, seconds: float = PAGE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends_at = clock() + seconds

    def windows(self, most: int) -> Iterator[int]:
        """How many rows to look through next: few at first, which fill most pages, and more each time while the budget
        lasts, but `most` in all. The first window is always granted: a page that looked at nothing would never end.
        The last one is cut to what is left: were it doubled or not begun, of two like pages one would take twice as
        long as the other."""
        window, looked, is_last = min(_FIRST_WINDOW, most), 0, False
        while window > 0:
            began = self._clock()
            yield window
            if is_last:
                return
            now, looked = self._clock(), looked + window
            grown = min(_GROWS_BY * window, most - looked)
            window = min(grown, self._affordable(window, now - began, now))
            is_last = window < grown

    def _affordable(self, window: int, took: float, now: float) -> int:
        """How many rows what is left of the budget is likely to last for; none where they would be hardly any."""
        if took <= 0:
            return _GROWS_BY * window
        rows = int(_LIKELY * (self._ends_at - now) / took * window)
        return rows if rows >= _FIRST_WINDOW else 0
