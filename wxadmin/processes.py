"""Several processes behind one address: a parent that binds, starts children, keeps them alive and takes them along.

The parent opens no database and no thread. Children are told by a pipe that it has died, whatever it died of.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from prometheus_client import multiprocess

from wxadmin.log import logger

# A child that dies at once would else be started again in a loop.
_PAUSE_BEFORE_RESTART_S = 1.0
_FAILED_AT_START = 3
_STABLE_AFTER_S = 10.0


class Children:
    """The processes that serve; `run` returns the exit code for the parent."""

    def __init__(self, count: int, sockets: Sequence[socket.socket]) -> None:
        self._count = count
        self._sockets = sockets
        self._processes: dict[int, tuple[subprocess.Popen[bytes], float]] = {}
        self._stopping = False
        self._failed = False
        self._early_deaths = 0
        # Nothing is ever written: the children read its end when the last writer, this process, is gone.
        self._parent_alive, self._keep_open = os.pipe()
        self._metrics_folder = tempfile.mkdtemp(prefix="wxadmin-metrics-")

    def run(self) -> int:
        """Returns when all children have ended: 0 after SIGTERM or SIGINT, 1 when they cannot be started."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            for place in range(self._count):
                self._start(place)
            while self._processes:
                self._wait_for_one()
        finally:
            shutil.rmtree(self._metrics_folder, ignore_errors=True)
        return 1 if self._failed else 0

    def _start(self, place: int) -> None:
        fds = [listening.fileno() for listening in self._sockets]
        command = [sys.executable, "-m", "wxadmin", "serve", "--child", ",".join(map(str, [self._parent_alive, *fds]))]
        process = subprocess.Popen(  # noqa: S603, our own program
            command,
            pass_fds=[self._parent_alive, *fds],
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": self._metrics_folder},
        )
        self._processes[place] = (process, time.monotonic())
        if self._stopping:
            # The signal came before this child was among those that it is passed on to.
            process.send_signal(signal.SIGTERM)

    def _wait_for_one(self) -> None:
        pid = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT).si_pid  # type: ignore[union-attr]
        place = next((place for place, (process, _) in self._processes.items() if process.pid == pid), None)
        if place is None:
            # As the first process of a container, this one inherits the orphans of others.
            os.waitpid(pid, 0)
            return
        process, started = self._processes.pop(place)
        process.wait()
        # Its counts stay in the sums; what it was in the middle of does not.
        multiprocess.mark_process_dead(process.pid, self._metrics_folder)  # type: ignore[no-untyped-call]
        self._replace(place, lived=time.monotonic() - started)

    def _replace(self, place: int, *, lived: float) -> None:
        if self._stopping:
            return
        self._early_deaths = self._early_deaths + 1 if lived < _STABLE_AFTER_S else 0
        if self._early_deaths >= _FAILED_AT_START * self._count:
            logger.error("processes_do_not_start")
            self._failed = True
            self._stop(signal.SIGTERM, None)
            return
        logger.warning("process_restarted", place=place, lived_s=round(lived, 1))
        time.sleep(_PAUSE_BEFORE_RESTART_S)
        if not self._stopping:
            self._start(place)

    def _stop(self, number: int, frame: object) -> None:
        self._stopping = True
        for process, _ in self._processes.values():
            # Not by Popen, which would take note of a child that has ended just now, and leave nothing to wait for.
            os.kill(process.pid, signal.SIGTERM)


def when_parent_dies(pipe: int) -> None:
    """Asks this process to stop, as if by SIGTERM, as soon as the pipe says that its parent is gone."""
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)
