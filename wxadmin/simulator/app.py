"""The simulator's routes."""

from pathlib import Path

import tornado.web

from .consent import AuthorizeHandler
from .endpoints import AuthHandler, ExchangeHandler, RefreshHandler, UnknownCall, UserinfoHandler
from .world import World


def make_app(world: World) -> tornado.web.Application:
    """WeChat's authorize page and /sns calls for this world, and the controls under /_sim/."""
    known = {"world": world}
    return tornado.web.Application(
        [
            (r"/connect/oauth2/authorize", AuthorizeHandler, known),
            (r"/sns/oauth2/access_token", ExchangeHandler, known),
            (r"/sns/oauth2/refresh_token", RefreshHandler, known),
            (r"/sns/userinfo", UserinfoHandler, known),
            (r"/sns/auth", AuthHandler, known),
            (r"/sns/.*", UnknownCall, known),
        ],
        log_function=_no_log,
        template_path=str(Path(__file__).with_name("templates")),
    )


def _no_log(handler: tornado.web.RequestHandler) -> None:
    """The log of calls is kept in the world; a line for each would only slow the simulator."""
