"""`wxadmin sample`: what it says, and where."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.sample.trial import rows
from wxadmin.commands.sample import sample


@pytest.fixture
def command() -> typer.Typer:
    made = typer.Typer()
    made.command()(sample)
    return made


def test_a_new_installation_is_filled_and_told_of(
    command: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WXADMIN_DATABASE_URL", raising=False)

    result = CliRunner().invoke(command, ["--users", "120", "--events", "700"])

    assert result.exit_code == 0
    assert result.stdout.startswith("120 users, ")
    assert "700 events" in result.stdout
    assert result.stderr.splitlines()[0] == "visits …"
    assert rows(f"sqlite:///{tmp_path}/var/wxadmin.sqlite3", "SELECT count(*) FROM event") == [(700,)]


@pytest.mark.parametrize("wrong", [["--users", "99", "--events", "1"], ["--users", "100", "--events", "-1"], []])
def test_sizes_that_make_no_sample_are_a_wrong_call(command: typer.Typer, wrong: list[str]) -> None:
    result = CliRunner().invoke(command, wrong)

    assert result.exit_code == 2
