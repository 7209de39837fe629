"""wxadmin sample."""

from typing import Annotated

import typer

from wxadmin.commands.console import progress_line, say


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
    with progress_line() as progress:
        filled = filling.fill(url, keys, users=users, events=events, progress=progress)
    say(f"{filled.users} users, {filled.attempts} attempts, {filled.events} events, {filled.tokens} tokens")
