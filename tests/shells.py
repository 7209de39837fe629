"""The databases' own shells, sqlite3 and psql, as programs that know nothing of ours."""

import csv
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import make_url

from tests import machine

_MARK = "##"
_NULL = "NULL"
_PATIENCE_S = 120

Rows = list[tuple[str, ...]]
Question = tuple[str, Mapping[str, datetime]]
"""SQL, and the moments for the names with a colon in it."""


def answers(database_url: str, questions: Sequence[Question]) -> list[Rows]:
    """What the shell prints to each question, all of one snapshot; every value is text. The test is skipped where the
    shell is missing."""
    url = make_url(database_url)
    if url.drivername == "sqlite":
        command = [machine.require("sqlite3"), "-batch", "-bail", "-csv", url.database or ""]
        script = _sqlite_script(questions)
    else:
        command = [machine.require("psql"), "-X", "-q", "-A", "-t", "--csv", "-v", "ON_ERROR_STOP=1", database_url]
        script = _psql_script(questions)
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    # The sqlite3 shell ends with 0 although a statement of its input has failed.
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return _read(done.stdout, len(questions))


def _sqlite_script(questions: Sequence[Question]) -> str:
    lines = [".timeout 10000", f".nullvalue {_NULL}", ".parameter init", "BEGIN;"]
    for sql, moments in questions:
        lines += [f".parameter set :{name} \"'{_text(at)}'\"" for name, at in moments.items()]
        lines += [f".print {_MARK}", f"{sql};"]
    return "\n".join([*lines, "COMMIT;", ""])


def _psql_script(questions: Sequence[Question]) -> str:
    lines = [f"\\pset null {_NULL}", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"]
    for sql, moments in questions:
        lines += [f"\\set {name} '\\'{_text(at)}+00\\''" for name, at in moments.items()]
        lines += [f"\\echo '{_MARK}'", f"{sql};"]
    return "\n".join([*lines, "COMMIT;", ""])


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _read(output: str, questions: int) -> list[Rows]:
    _, *parts = output.replace("\r\n", "\n").split(_MARK)
    assert len(parts) == questions, output
    return [[_row(row) for row in csv.reader(part.strip().splitlines())] for part in parts]


def _row(values: Sequence[str]) -> tuple[str, ...]:
    return tuple("" if value == _NULL else value for value in values)
