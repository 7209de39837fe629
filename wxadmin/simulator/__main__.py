"""`python -m wxadmin.simulator`: the simulator alone, for trials."""

import argparse
import asyncio
import signal

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from . import DEFAULT_APPID, World, make_app, secret_for
from .settings import ANSWERS


async def serve(world: World, address: str, port: int) -> None:
    """Listen until SIGTERM or SIGINT. Port 0 takes an unused one."""
    sockets = bind_sockets(port, address)
    server = HTTPServer(make_app(world))
    server.add_sockets(sockets)
    host, bound = sockets[0].getsockname()[:2]
    print(f"WeChat simulator: http://{host}:{bound}/_sim/", flush=True)  # noqa: T201 - this is the command's output
    print(f"appid {DEFAULT_APPID}, secret {secret_for(DEFAULT_APPID)} (made up)", flush=True)  # noqa: T201
    stopped = asyncio.Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(told, stopped.set)
    await stopped.wait()
    server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m wxadmin.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--answer", choices=ANSWERS, default="ask", help="what people do at the consent")
    parser.add_argument("--lan-hosts", action="store_true", help="also return to private addresses, for phones at hand")
    options = parser.parse_args()
    world = World(answer=options.answer, lan_hosts=options.lan_hosts)
    asyncio.run(serve(world, options.address, options.port))


if __name__ == "__main__":
    main()
