"""Reading from and writing to the terminal."""

import sys
from collections.abc import Sequence
from unicodedata import east_asian_width

import typer

from wxadmin.errors import BadValue


def say(text: str = "") -> None:
    """A line of the command's result, on standard output."""
    typer.echo(text)


def note(text: str) -> None:
    """A line for the person at the terminal, on standard error, out of the way of pipes."""
    typer.echo(text, err=True)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their widest cell."""
    cells = [[str(cell) for cell in row] for row in [headers, *rows]]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(headers))]
    for row in cells:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        say("  ".join(padded).rstrip())


def _width(text: str) -> int:
    """How many places of a terminal the text takes: Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def read_secret(what: str) -> str:
    """A secret from standard input, asked for without showing it where that is a terminal. Raises BadValue."""
    secret: str = typer.prompt(what, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    secret = secret.strip()
    if not secret:
        raise BadValue(f"no {what} came on standard input: pipe it in, or type it when asked")
    return secret
