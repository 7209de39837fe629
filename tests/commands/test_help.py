"""Every command teaches its own use, and tells bad use from failure."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from tests.databases import on_sqlite
from wxadmin import __version__
from wxadmin.__main__ import cli


def commands(group: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """The words of every command and group."""
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, *path, name)


ALL = list(commands(typer.main.get_command(cli)))


@on_sqlite
@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_explains_itself(wxadmin: Callable, path: tuple[str, ...]) -> None:
    said = wxadmin(*path, "--help")

    usage, sentence = [line.strip(" │") for line in said.out.splitlines() if line.strip(" │╭╮╰╯─")][:2]

    assert said.code == 0
    assert usage.startswith("Usage: ")
    assert len(sentence.split()) >= 3


def test_the_commands_of_the_contract_are_there() -> None:
    assert {" ".join(path) for path in ALL} >= {
        *("serve", "demo", "simulator", "migrate", "refresh", "doctor"),
        *(f"account {verb}" for verb in ("add", "list", "check", "set", "secret", "disable")),
        *(f"site {verb}" for verb in ("add", "list", "set", "rotate-key", "disable")),
        *(f"staff {verb}" for verb in ("add", "list", "disable", "reset")),
    }


@on_sqlite
def test_the_version_can_be_asked_for(wxadmin: Callable) -> None:
    said = wxadmin("--version")

    assert (said.code, said.out.strip()) == (0, __version__)


@on_sqlite
@pytest.mark.parametrize(
    "arguments",
    [
        ("brew",),
        ("account", "add"),
        ("account", "add", "--name", "tea", "--appid", "wx1", "--secret", "s3cret"),
        ("serve", "--port", "many"),
        ("serve", "--processes", "0"),
    ],
)
def test_bad_use_ends_with_2(wxadmin: Callable, arguments: tuple[str, ...]) -> None:
    said = wxadmin(*arguments)

    assert (said.code, said.out) == (2, "")
    assert re.fullmatch(r"wxadmin: .+; `wxadmin[a-z ]* --help` shows what can be said\n", said.err)


@on_sqlite
@pytest.mark.parametrize(("path", "command"), [((), "serve"), (("account",), "secret")], ids=["wxadmin", "account"])
def test_a_group_alone_shows_its_commands(wxadmin: Callable, path: tuple[str, ...], command: str) -> None:
    said = wxadmin(*path)

    assert said.code == 2
    assert f"Usage: {' '.join(('wxadmin', *path))} " in said.out
    assert f" {command} " in said.out


@on_sqlite
def test_a_refresh_that_is_not_once_says_what_serves(wxadmin: Callable) -> None:
    said = wxadmin("refresh")

    assert said.code == 1
    assert said.err.startswith("wxadmin: say `wxadmin refresh --once`")
