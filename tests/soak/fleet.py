"""Several processes that serve from one database, of which one is killed now and then and started again."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import Program, environment, unused_port
from wxadmin.settings import Settings


@dataclass
class Fleet:
    """Each process has a port of its own; `wxadmin` is what Python is told to run as that."""

    settings: Settings
    folder: Path
    wxadmin: Sequence[str]
    programs: dict[int, Program] = field(default_factory=dict)
    kills: int = 0

    def start(self, *ports: int) -> None:
        """Returns when all of them answer."""
        for port in ports:
            command = (*self.wxadmin, "serve", "--port", str(port))
            self.programs[port] = Program(*command, env=environment(self.settings), folder=self.folder)
        for port in ports:
            self.programs[port].answers(f"http://127.0.0.1:{port}/healthz")

    def kill_one(self) -> None:
        """Any of them, as a power cut would; another takes its place."""
        port, program = random.choice(list(self.programs.items()))
        program.kill()
        self.kills += 1
        self.start(port)

    def rage(self, seconds: float, *, kill_every: float) -> None:
        """Goes on for so long."""
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            time.sleep(max(0.0, min(kill_every, over - time.monotonic())))
            self.kill_one()

    def terminate(self) -> list[int]:
        """Tells all of them to end; gives their exit codes."""
        return [program.terminate() for program in self.programs.values()]


@contextmanager
def serving(settings: Settings, processes: int, *, folder: Path, wxadmin: Sequence[str]) -> Iterator[Fleet]:
    """So many, killed at the end of the block where they still run."""
    fleet = Fleet(settings, folder, wxadmin)
    try:
        fleet.start(*(unused_port() for _ in range(processes)))
        yield fleet
    finally:
        for program in fleet.programs.values():
            program.kill()
