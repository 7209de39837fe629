"""Where the files of exports are kept: a folder for each, which takes its name only when all in it is whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder by what its name says: whose it is, of which attempt, and whether it was ever whole."""

    path: Path
    export_id: int
    attempt: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Storage:
    """The folder of folders; processes of several hosts have to share it. All of it does what disks do: in threads."""

    root: Path

    def begin(self, export_id: int, attempt: int) -> Path:
        """An empty folder for what is not whole yet, for its owner's eyes only. Raises OSError."""
        folder = self._folder(export_id, attempt).with_suffix(_UNFINISHED)
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder

    def settle(self, export_id: int, attempt: int) -> None:
        """All files are written: the folder takes its name. Raises OSError."""
        unfinished = self._folder(export_id, attempt).with_suffix(_UNFINISHED)
        for file in unfinished.iterdir():
            with file.open("rb") as written:
                os.fsync(written.fileno())
        unfinished.rename(self._folder(export_id, attempt))
        _sync_folder(self.root)

    def discard(self, export_id: int, attempt: int) -> None:
        """Nothing is left of it, whole or not."""
        self.discard_unfinished(export_id, attempt)
        shutil.rmtree(self._folder(export_id, attempt), ignore_errors=True)

    def discard_unfinished(self, export_id: int, attempt: int) -> None:
        shutil.rmtree(self._folder(export_id, attempt).with_suffix(_UNFINISHED), ignore_errors=True)

    def file(self, export_id: int, attempt: int, number: int) -> Path:
        return self._folder(export_id, attempt) / str(number)

    def kept(self) -> list[Kept]:
        """Every folder that is there."""
        if not self.root.is_dir():
            return []
        return [found for path in self.root.iterdir() if (found := _read(path))]

    def _folder(self, export_id: int, attempt: int) -> Path:
        return self.root / f"{export_id}-{attempt}"


def opened_in(folder: Path, number: int) -> IO[bytes]:
    """A new file for the part with this number."""
    return (folder / str(number)).open("xb")


@contextmanager
def reading(file: Path, start: int) -> Iterator[IO[bytes]]:
    """The file from that byte on. Raises OSError."""
    with file.open("rb") as opened:
        opened.seek(start)
        yield opened


def _read(path: Path) -> Kept | None:
    export_id, _, attempt = path.stem.partition("-")
    if not (export_id.isdigit() and attempt.isdigit()):
        return None
    return Kept(path, int(export_id), int(attempt), path.suffix != _UNFINISHED)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
