"""Where something can still be read in a database: in its files, byte by byte, and in a dump."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests import machine


def found(database_url: str, values: Iterable[str]) -> list[str]:
    """Which of the values stand where. Of PostgreSQL's files none of this database's own is left out, its catalogues
    included; the test is skipped where they cannot be read."""
    url = make_url(database_url)
    files = _sqlite_files(Path(url.database or "")) if url.drivername == "sqlite" else _postgresql_files(database_url)
    texts = {str(file): file.read_bytes() for file in files}
    if url.drivername != "sqlite":
        texts["dump"] = _dump(database_url)
    return [f"{value} in {place}" for value in values for place, text in texts.items() if value.encode() in text]


def _sqlite_files(file: Path) -> list[Path]:
    return sorted(file.parent.glob(f"{file.name}*"))


def _postgresql_files(database_url: str) -> list[Path]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        row = connection.execute(
            "SELECT current_setting('data_directory'), pg_relation_filepath('\"user\"')"
        ).fetchone()
    assert row is not None
    folder = (Path(row[0]) / row[1]).parent
    try:
        return sorted(folder.iterdir())
    except OSError:
        # Another user's, or another host's.
        pytest.skip(f"PostgreSQL's files, in {folder}, cannot be read")


def _dump(database_url: str) -> bytes:
    dump = [machine.require("pg_dump"), "--dbname", database_url]
    return subprocess.run(dump, capture_output=True, check=True, timeout=60).stdout
