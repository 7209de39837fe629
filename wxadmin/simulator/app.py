"""The simulator's routes."""

from pathlib import Path

import tornado.web

from .consent import AuthorizeHandler, ChoiceHandler, SomeoneElseHandler
from .control import (
    AccountsHandler,
    CallsHandler,
    ClearHandler,
    FaultsHandler,
    PageHandler,
    SettingsHandler,
    StatsHandler,
)
from .endpoints import AuthHandler, ExchangeHandler, RefreshHandler, UnknownCall, UserinfoHandler
from .pictures import AvatarHandler, FileHandler
from .world import World


def make_app(world: World) -> tornado.web.Application:
    """WeChat's authorize page and /sns calls for this world, and the controls under /_sim/."""
    known = {"world": world}
    return tornado.web.Application(
        [
            (r"/connect/oauth2/authorize", AuthorizeHandler, known),
            (r"/connect/oauth2/consent/(allow|deny|ask|snapshot|browse)", ChoiceHandler, known),
            (r"/connect/oauth2/consent/as/(any|\d{1,18})", SomeoneElseHandler, known),
            (r"/sns/oauth2/access_token", ExchangeHandler, known),
            (r"/sns/oauth2/refresh_token", RefreshHandler, known),
            (r"/sns/userinfo", UserinfoHandler, known),
            (r"/sns/auth", AuthHandler, known),
            (r"/sns/.*", UnknownCall, known),
            (r"/mmopen/vi_32/(\d{1,18})/(\d{1,3})", AvatarHandler, known),
            (r"/_sim/", PageHandler, known),
            (r"/_sim/settings", SettingsHandler, known),
            (r"/_sim/accounts", AccountsHandler, known),
            (r"/_sim/faults", FaultsHandler, known),
            (r"/_sim/calls", CallsHandler, known),
            (r"/_sim/stats", StatsHandler, known),
            (r"/_sim/(faults|calls)/clear", ClearHandler, known),
            (r"/_sim/(simulator\.css|icon\.svg)", FileHandler, known),
            (r"/(?:_sim)?", tornado.web.RedirectHandler, {"url": "/_sim/", "permanent": False}),
        ],
        xsrf_cookies=True,
        log_function=_no_log,
        template_path=str(Path(__file__).with_name("templates")),
    )


def _no_log(handler: tornado.web.RequestHandler) -> None:
    """The log of calls is kept in the world; a line for each would only slow the simulator."""
