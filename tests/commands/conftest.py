"""The command line as people use it: words in, text and an exit code out."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running import environment
from wxadmin.__main__ import main
from wxadmin.settings import Settings


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


class Terminal(io.StringIO):
    """Standard input where somebody sits at the keys."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def wxadmin(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`wxadmin("account", "list")`; `said` is what is piped in, None where nothing is and a person sits there."""
    monkeypatch.chdir(tmp_path)
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)

    def wxadmin(*arguments: str, said: str | None = "") -> Said:
        monkeypatch.setattr(sys, "argv", ["wxadmin", *arguments])
        monkeypatch.setattr(sys, "stdin", Terminal() if said is None else io.StringIO(said))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return wxadmin
