"""Where the tests get their databases from: found, made for the run, swept after a run that was killed."""

import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests import machine, postgresql_server
from tests.databases import PREFIX, PostgreSQLBed, SQLiteBed
from tests.machine import Missing

_KILLED = """
import os, sys
from tests.databases import PostgreSQLBed
print(PostgreSQLBed(sys.argv[1]).copy(), flush=True)
os._exit(9)
"""


def names(server: str) -> set[str]:
    with psycopg.connect(server) as connection:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        return {row[0] for row in connection.execute(query, [PREFIX])}


def test_what_a_killed_run_left_is_swept_and_what_another_uses_is_not(postgresql_bed: PostgreSQLBed) -> None:
    in_use, server = postgresql_bed.copy(), postgresql_bed.server
    killed = subprocess.run([sys.executable, "-c", _KILLED, server], stdout=subprocess.PIPE, text=True, check=False)

    PostgreSQLBed(server).close()

    left = killed.stdout.strip().rpartition("/")[2]
    assert left.startswith(PREFIX)
    assert left not in names(server)
    assert in_use.rpartition("/")[2] in names(server)
    postgresql_bed.drop(in_use)


def test_a_copy_is_a_database_of_its_own(sqlite_bed: SQLiteBed) -> None:
    first, second = sqlite_bed.copy(), sqlite_bed.copy()

    sqlite_bed.drop(first)

    assert not Path(first.removeprefix("sqlite:///")).exists()
    assert Path(second.removeprefix("sqlite:///")).exists()
    sqlite_bed.drop(second)


def test_a_server_that_is_named_is_the_one_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(postgresql_server.NAMED, "postgresql://db.example/postgres")

    with postgresql_server.found() as url:
        assert url == "postgresql://db.example/postgres"


def clusters() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("wxadmin-test-cluster-*"))


def test_a_throw_away_cluster_serves_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgresql_server.NAMED, raising=False)
    monkeypatch.setattr(postgresql_server, "_RUNNING_HERE", ())
    before = clusters()

    try:
        with postgresql_server.found() as url, psycopg.connect(url) as connection:
            [user] = connection.execute("SELECT current_user").fetchone() or ()
    except Missing as missing:
        machine.skip_or_fail(missing)

    assert user == "wxadmin"
    assert clusters() == before


def test_a_machine_without_postgresql_is_told_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgresql_server.NAMED, raising=False)
    monkeypatch.setattr(postgresql_server, "_RUNNING_HERE", ("postgresql://127.0.0.1:1/postgres",))
    monkeypatch.setattr(postgresql_server, "_INSTALLED", Path("/nowhere"))
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(Missing, match=r"WXADMIN_TEST_POSTGRES.*install postgresql"), postgresql_server.found():
        pass


@pytest.mark.parametrize(("required", "outcome"), [("all", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_what_is_missing_skips_or_fails_where_everything_is_required(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, required: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv(machine.REQUIRE, required)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(outcome, match="no Chromium"):
        machine.require("chromium")


def test_a_program_in_the_path_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = machine.require("chromium")

    assert found == str(program)
