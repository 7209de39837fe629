"""A Tornado that redirects and does nothing else: `bare.py PORT`."""

import asyncio
import sys

from tornado.web import Application, RequestHandler


class Go(RequestHandler):
    def get(self) -> None:
        self.redirect("https://shop.example.com/back?ticket=none")


async def main() -> None:
    Application([("/auth", Go)], log_function=lambda handler: None).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
