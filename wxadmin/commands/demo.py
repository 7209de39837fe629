"""wxadmin demo."""

import sys
from typing import Annotated

import typer

_HIGHEST_PORT = 65535 - 2


def demo(
    port: Annotated[
        int,
        typer.Option(min=1, max=_HIGHEST_PORT, help="The gateway's port; simulator and shop take the two above it."),
    ] = 8000,
    address: Annotated[
        str | None,
        typer.Option(help="Where to listen: 127.0.0.1 unless told; with --lan, one of this machine's own addresses."),
    ] = None,
    lan: Annotated[
        bool,
        typer.Option("--lan", help="Listen in the local network instead, and print a QR code that a phone opens."),
    ] = False,
    users: Annotated[
        int, typer.Option(min=0, help="How many made-up people lead up to now: none, or 100 and more.")
    ] = 1200,
) -> None:
    """Show everything at once, without a WeChat account: simulator, gateway, dashboard, and a shop with a login.

    What made-up people do leads up to the moment of the start, and is told anew where it ended more than half an hour
    before; what you do in the shop is kept. With --lan, whoever is in the same network can open all of it.
    """
    import asyncio

    from wxadmin import log
    from wxadmin.commands.console import say
    from wxadmin.demo import addresses, banner, stage

    where = (addresses.in_local_network if lan else addresses.on_this_machine)(address, port)
    chosen = stage.demo_settings(where)
    log.set_up(chosen.log_level, chosen.log_format)
    secrets = stage.prepare(chosen, where, users=users)

    async def play() -> None:
        ready = asyncio.Event()
        playing = asyncio.create_task(stage.play(chosen, where, secrets.shop_key, ready=ready))
        playing.add_done_callback(lambda _: ready.set())
        await ready.wait()
        if not playing.done():
            password, in_colour = secrets.staff_password, sys.stdout.isatty()
            say(banner.text(where, data=chosen.data_dir, password=password, in_colour=in_colour))
        await playing

    asyncio.run(play())
