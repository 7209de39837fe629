"""Keys that the program makes for itself: once, for its owner only, the same for all who start at once."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from wxadmin import kept_secrets
from wxadmin.errors import SettingsRefused
from wxadmin.settings import Settings

PROGRAM = """
import sys
from pathlib import Path
from wxadmin import kept_secrets
from wxadmin.settings import Settings
sys.stdin.read()
print(kept_secrets.secret_keys(Settings(data_dir=Path(sys.argv[1])))[0])
"""


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "var")

    first, second = kept_secrets.secret_keys(settings), kept_secrets.secret_keys(settings)

    assert first == second
    assert len(first[0]) == 64
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_keys"]


def test_only_the_owner_may_read_what_is_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    kept_secrets.secret_keys(settings)
    kept_secrets.metrics_token(settings)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"secret_keys": 0o600, "metrics_token": 0o600}


@pytest.mark.parametrize("content", ["", "\n", "cut off"])
def test_a_kept_secret_that_is_no_longer_whole_is_refused(tmp_path: Path, content: str) -> None:
    for name in ("secret_keys", "metrics_token"):
        (tmp_path / name).write_text(content)
    settings = Settings(data_dir=tmp_path)

    for read in (kept_secrets.secret_keys, kept_secrets.metrics_token):
        with pytest.raises(SettingsRefused, match="is empty or cut off"):
            read(settings)


def test_processes_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]

    for process in started:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    keys = [process.communicate()[0].strip() for process in started]

    assert len(keys[0]) == 64
    assert len(set(keys)) == 1


def test_what_a_killed_process_left_half_made_is_in_nobodys_way(tmp_path: Path) -> None:
    # In a container the next process has the same number.
    (tmp_path / f"secret_keys.{os.getpid()}").write_text("half")

    [key] = kept_secrets.secret_keys(Settings(data_dir=tmp_path))

    assert len(key) == 64


def test_keys_that_are_set_win_and_nothing_is_made(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, secret_keys=["k" * 32], metrics_token="told")

    keys, token = kept_secrets.secret_keys(settings), kept_secrets.metrics_token(settings)

    assert (keys, token) == (["k" * 32], "told")
    assert not list(tmp_path.iterdir())


def test_postgresql_without_keys_is_refused_with_the_command_that_makes_one(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://127.0.0.1/wxadmin")

    with pytest.raises(SettingsRefused, match="openssl rand -hex 32"):
        kept_secrets.secret_keys(settings)

    assert not list(tmp_path.iterdir())


def test_a_lost_key_of_a_sealed_database_is_not_replaced(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    with pytest.raises(SettingsRefused, match="restore it from a backup"):
        kept_secrets.secret_keys(settings, may_make=False)

    assert list(tmp_path.iterdir()) == []
    made = kept_secrets.secret_keys(settings)
    assert kept_secrets.secret_keys(settings, may_make=False) == made
