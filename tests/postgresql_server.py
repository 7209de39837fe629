"""A PostgreSQL server for the tests: the one that is named, else one that runs here, else one made for this run."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.machine import Missing

NAMED = "WXADMIN_TEST_POSTGRES"
_RUNNING_HERE = ("postgresql://127.0.0.1:5432/postgres", "postgresql://postgres@127.0.0.1:5432/postgres")
_INSTALLED = Path("/usr/lib/postgresql")
_FOLDER_PREFIX = "wxadmin-test-cluster-"
# PostgreSQL refuses to run as root.
_OTHER_USERS = ("postgres", "nobody")


@contextmanager
def found() -> Iterator[str]:
    """The URL of a server on which databases may be made. Raises Missing."""
    if named := os.environ.get(NAMED):
        yield named
    elif running := next(filter(_may_make_databases, _RUNNING_HERE), None):
        yield running
    else:
        with throwaway() as url:
            yield url


@contextmanager
def throwaway() -> Iterator[str]:
    """A cluster that is made for this run and gone after it. Raises Missing where PostgreSQL is not installed."""
    programs = _programs()
    user = _user_other_than_root()
    _sweep(programs)
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-"))
    if user:
        os.chown(folder, user["user"], user["group"])
    data, port = folder / "data", _unused_port()
    options = f"-p {port} -h 127.0.0.1 -k '' -c fsync=off"
    try:
        _run(programs / "initdb", "-D", data, "-U", "wxadmin", "-A", "trust", "-E", "UTF8", "--no-locale", **user)
        _run(programs / "pg_ctl", "start", "-w", "-D", data, "-l", folder / "log", "-o", options, **user)
        yield f"postgresql://wxadmin@127.0.0.1:{port}/postgres"
    finally:
        _remove(programs, folder)


def _may_make_databases(url: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2) as connection:
        may = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        return bool(may and may[0])
    return False


def _programs() -> Path:
    newest_first = sorted(_INSTALLED.glob("*/bin/initdb"), key=lambda path: -int(path.parts[-3]))
    if newest_first:
        return newest_first[0].parent
    if in_path := shutil.which("initdb"):
        return Path(in_path).parent
    raise Missing(f"no PostgreSQL: name a server in {NAMED}, start one on 127.0.0.1:5432, or install postgresql")


def _user_other_than_root() -> dict[str, Any]:
    """Arguments for subprocess that give up root's rights; none where there are none to give up."""
    if os.getuid() != 0:
        return {}
    for name in _OTHER_USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise Missing("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(*command: object, **options: Any) -> None:
    # The server inherits these streams, so a pipe would never end.
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([str(part) for part in command], check=True, cwd="/", timeout=120, **quiet, **options)


def _sweep(programs: Path) -> None:
    """Ends the clusters of runs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*"):
        owner = folder.name.removeprefix(_FOLDER_PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            _remove(programs, folder)


def _remove(programs: Path, folder: Path) -> None:
    if (folder / "data" / "postmaster.pid").exists():
        stop = (programs / "pg_ctl", "stop", "-m", "immediate", "-D", folder / "data")
        # A server that was killed leaves its file behind and cannot be stopped again.
        with suppress(subprocess.CalledProcessError):
            _run(*stop, **_user_other_than_root())
    shutil.rmtree(folder)
