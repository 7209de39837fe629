"""Reading from and writing to the terminal."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unicodedata import east_asian_width

import typer

from wxadmin.errors import BadValue

_SHOWN_EVERY_S = 0.2


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


def is_agreed(question: str) -> bool:
    """Whether a person, or what is piped in, says yes."""
    typer.echo(f"{question} [y/N] ", err=True, nl=False)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def read_secret(what: str, *, at_terminal: str = "type it when asked") -> str:
    """A secret from standard input, asked for without showing it where that is a terminal; `at_terminal` is what would
    happen there. Raises BadValue."""
    secret: str = typer.prompt(what, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    secret = secret.strip()
    if not secret:
        raise BadValue(f"no {what} came on standard input: pipe it in, or {at_terminal}")
    return secret


@contextmanager
def progress_line(*, if_stopped: str | None = None) -> Iterator[Callable[[str, float], None]]:
    """Shows what is being worked on and the share of it that is done, from 0 to 1; `if_stopped` is said at Ctrl-C."""
    line = _ProgressLine()
    try:
        yield line.show
    except KeyboardInterrupt:
        if if_stopped is None:
            raise
        line.end()
        note(if_stopped)
        raise typer.Exit(1) from None
    finally:
        line.end()


class _ProgressLine:
    """One line on standard error: rewritten in place on a terminal, else one for each part of the work."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown_at = float("-inf")
        self._what: str | None = None

    def show(self, what: str, share: float) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and (now - self._shown_at >= _SHOWN_EVERY_S or what != self._what):
            typer.echo(f"\r{what:<14}{share:4.0%}  {now - self._started:4.0f} s", err=True, nl=False)
            self._shown_at = now
        elif not sys.stderr.isatty() and what != self._what:
            note(f"{what} …")
        self._what = what

    def end(self) -> None:
        if self._what and sys.stderr.isatty():
            note("")
        self._what = None
