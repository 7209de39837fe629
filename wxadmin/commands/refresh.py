"""wxadmin refresh --once."""

from typing import Annotated

import typer

from wxadmin.commands.console import say


def refresh(
    once: Annotated[bool, typer.Option("--once", help="One pass over the tokens that are due now.")] = False,
) -> None:
    """Refresh the access tokens that are due, and say what was done. `serve` does this by itself all the time."""
    import asyncio

    from wxadmin import app, log, settings
    from wxadmin.errors import BadValue
    from wxadmin.flows.refresh import PassReport, refresh_pass

    if not once:
        raise BadValue("say `wxadmin refresh --once`; `wxadmin serve` refreshes by itself all the time")
    loaded = settings.load()
    log.set_up(loaded.log_level, loaded.log_format)

    async def one_pass() -> PassReport:
        async with app.make_front(loaded, loaded.public_url_for(8000)) as front:
            return await refresh_pass(front.gateway)

    report = asyncio.run(one_pass())
    say(f"due {report.leased}, renewed {report.renewed}, overtaken by a login {report.overtaken}")
    for code, times in report.failed.most_common():
        say(f"failed with {code}: {times}")
