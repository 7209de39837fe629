"""Two sides measured in turn, in short rounds: whatever else the machine does meanwhile meets both.

The CPU that each program took is told too, so that one sees whether it was the measured one that was busy.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.browsing import Browser
from tests.benchmarks.report import Report
from tests.running import Program

AT_ONCE = 64
ROUNDS = 5
SECONDS = 3.0
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Side:
    """What a visitor does again and again, and the programs that are asked for it, the measured one first. `before`
    comes ahead of each round, unmeasured, and tells how many times the visitors may then do it; None is no limit."""

    name: str
    visit: Callable[[Browser], Awaitable[None]]
    programs: Mapping[str, Program]
    before: Callable[[], int | None] = lambda: None


@dataclass(frozen=True, slots=True)
class Pace:
    """Visits a second, and how many cores each program, and the load itself, kept busy for them."""

    a_second: float
    busy: Mapping[str, float]

    @property
    def shown(self) -> str:
        each = {name: 1_000 * cores / self.a_second for name, cores in self.busy.items()}
        return ", ".join(f"{name} {cores:.2f} ({each[name]:.2f} ms each)" for name, cores in self.busy.items())


def compare(report: Report, ours: Side, other: Side, *, goal: float, at_once: int = AT_ONCE) -> None:
    """Of each side's rounds the fastest counts: whatever disturbs one only makes it slower."""
    paces = [[_round(side, at_once) for side in (ours, other)] for _ in range(ROUNDS)]
    best = [max(of_side, key=lambda pace: pace.a_second) for of_side in zip(*paces, strict=True)]
    name = f"{ours.name}, {at_once} at once, best of {ROUNDS} rounds"
    report.compare(name, best[0].a_second, other.name, best[1].a_second, goal=goal)
    for side in best:
        report.note(f"  cores busy: {side.shown}")


def _round(side: Side, at_once: int) -> Pace:
    visits = side.before()
    before, began = _cpu_seconds(side.programs), time.perf_counter()
    done = asyncio.run(_visited(side, at_once, visits))
    took = time.perf_counter() - began
    after = _cpu_seconds(side.programs)
    return Pace(done / took, {name: (after[name] - before[name]) / took for name in after})


async def _visited(side: Side, at_once: int, visits: int | None) -> int:
    """How many visits were made until the time or their number was over."""
    begun, end = 0, time.perf_counter() + SECONDS

    async def visitor() -> None:
        nonlocal begun
        browser = Browser()
        while time.perf_counter() < end and begun != visits:
            begun += 1
            await side.visit(browser)
        browser.close()

    async with asyncio.TaskGroup() as visitors:
        for _ in range(at_once):
            visitors.create_task(visitor())
    return begun


def _cpu_seconds(programs: Mapping[str, Program]) -> dict[str, float]:
    """What the programs with their children, and this process, have used so far."""
    used = {name: sum(map(_cpu_of, (one.pid, *one.children))) for name, one in programs.items()}
    return used | {"load": time.process_time()}


def _cpu_of(pid: int) -> float:
    # After the name in brackets, which may hold anything: fields 14 and 15 of proc(5), user and system time.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND
