"""Where the files of a command's export go: to standard output, or under names that they take when all are whole."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from wxadmin.errors import BadValue


class Output:
    """Opens one file after the other; nobody knows beforehand how many they will be."""

    def __init__(self, output: Path | None) -> None:
        self._output = output
        self._unfinished: list[Path] = []
        self.names: list[Path] = []

    def open_part(self, number: int) -> IO[bytes]:
        """Raises BadValue where one more file has no name, OSError."""
        if self._output is None:
            if number > 1:
                raise BadValue("these are several files: give --output, and they are named after it")
            return cast("IO[bytes]", _StandardOutput())
        suffix = "" if number == 1 else f"-{number}"
        part = self._output.with_name(f"{self._output.name}{suffix}.part")
        self._unfinished.append(part)
        return part.open("wb")

    def settle(self) -> None:
        """All are whole."""
        if self._output is None:
            return
        several = len(self._unfinished) > 1
        for number, part in enumerate(self._unfinished, start=1):
            end = f"-{number}" if several else ""
            name = self._output.with_name(f"{self._output.stem}{end}{self._output.suffix}")
            part.replace(name)
            self.names.append(name)


class _StandardOutput:
    def write(self, data: bytes) -> Any:
        return sys.stdout.buffer.write(data)

    def close(self) -> None:
        """It stays open for whoever reads."""
        sys.stdout.buffer.flush()


@contextmanager
def settled(output: Path | None) -> Iterator[Output]:
    """Files take their names at the end of the block, unless it fails."""
    opened = Output(output)
    yield opened
    opened.settle()
