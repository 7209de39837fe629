"""wxadmin sample."""

import sys
import time
from typing import Annotated

import typer

from wxadmin.commands.console import note, say

_SHOWN_EVERY_S = 0.2


def sample(
    users: Annotated[int, typer.Option(min=100, help="How many made-up people to add.")],
    events: Annotated[int, typer.Option(min=0, help="How many events their logins and refreshes have.")],
) -> None:
    """Fill the database with made-up people and ninety days of their logins, for trials and benchmarks.

    Adds accounts named sample-… that never refresh and are never sent to WeChat, and more people on every further
    call. It is one transaction: stopped halfway, it leaves nothing behind, and on SQLite nobody else can write
    meanwhile. A million users with five million events take some minutes and, for a while, twice their room on disk.
    """
    from wxadmin import sample as filling
    from wxadmin.commands.house import opened

    with opened() as house:
        url, keys = house.settings.database, house.keys
    progress = _ProgressLine()
    try:
        filled = filling.fill(url, keys, users=users, events=events, progress=progress.show)
    finally:
        progress.end()
    say(f"{filled.users} users, {filled.attempts} attempts, {filled.events} events, {filled.tokens} tokens")


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
