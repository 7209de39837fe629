"""`wxadmin …` whose waits are so many times shorter: `brisk.py LEASES MOODS GUARD …`. LEASES divides how much longer a
lease is than a call, MOODS the pauses after failures and between probes; WeChat's next day comes like any other probe.
GUARD is one of those that can be switched off (`unguarded.py`), or `-`."""

import sys
from datetime import datetime

from tests.soak.unguarded import GUARDS
from wxadmin.__main__ import main
from wxadmin.flows import renewing
from wxadmin.models import Hold
from wxadmin.refreshing import moods


def shorten_leases(times: float) -> None:
    renewing._SPARE /= times
    renewing._TO_STORE /= times


def shorten_moods(times: float) -> None:
    moods._FIRST_PAUSE /= times
    moods._LONGEST_PAUSE /= times
    moods._PROBE_EVERY = {hold: every / times for hold, every in moods._PROBE_EVERY.items()}
    moods.next_probe_at = _soon


def _soon(hold: Hold, code: str | None, at: datetime) -> datetime:
    return at + moods._PROBE_EVERY[hold]


if __name__ == "__main__":
    name, leases, of_moods, guard, *command = sys.argv
    shorten_leases(float(leases))
    shorten_moods(float(of_moods))
    if guard in GUARDS:
        GUARDS[guard]()
    sys.argv = [name, *command]
    main()
