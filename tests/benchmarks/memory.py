"""Full logins a second stored, against the same gateway with dictionaries behind its journal: what storing costs."""

import asyncio

from tests.benchmarks import visits
from tests.benchmarks.logins import logins_at
from tests.benchmarks.report import Report
from tests.benchmarks.rounds import compare
from tests.benchmarks.servers import RIVALS, gateway, places

GOAL = 0.70


def run(report: Report) -> None:
    for place in places(report, "memory"):
        with gateway(place) as storing, gateway(place, str(RIVALS / "in_memory.py")) as remembering:
            for serving in (storing, remembering):
                asyncio.run(visits.prove(serving, place.site_key))
            stored = logins_at(storing, place, f"full logins/s, {place.store}")
            compare(report, stored, logins_at(remembering, place, "in dictionaries, logins/s"), goal=GOAL)
