"""wxadmin simulator."""

from typing import Annotated

import typer


def simulator(
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 9000,
    address: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
) -> None:
    """Run the strict simulator of WeChat (模拟微信授权) alone, until SIGTERM or Ctrl-C. Its page is at /_sim/."""
    import asyncio

    from wxadmin.simulator import World
    from wxadmin.simulator.__main__ import serve

    asyncio.run(serve(World(), address, port))
