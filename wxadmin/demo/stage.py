"""The demo: simulator, gateway and shop in one process, on one SQLite file."""

import asyncio
import signal
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session
from tornado.httpserver import HTTPServer

from wxadmin import app, kept_secrets, settings
from wxadmin.database import Database, schema
from wxadmin.demo.shop import make_shop
from wxadmin.models import Account, Site
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts, house, sites
from wxadmin.services.sites import SiteForm
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID, World, make_app, secret_for

ACCOUNT = "demo"
SITE = "shop"
_ACTOR = "demo"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Who listens where. Ports do not separate cookies, so the shop lives on `localhost` and the gateway on
    `127.0.0.1`, as two companies' hosts would be apart."""

    address: str
    port: int

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def simulator(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def shop(self) -> str:
        return f"http://localhost:{self.port + 2}"


def demo_settings(where: Addresses) -> Settings:
    """The settings of the environment, with WeChat replaced by the simulator and a data directory of its own."""
    loaded = settings.load()
    return settings.load(
        data_dir=loaded.data_dir / "demo",
        database_url=None,
        public_url=where.gateway,
        wechat_open_url=where.simulator,
        wechat_api_url=where.simulator,
    )


def prepare(chosen: Settings, where: Addresses) -> str:
    """Makes the database with the demo's account and site where they are missing; returns the shop's API key."""
    schema.migrate(chosen.database)
    database = Database(chosen.database)
    try:
        keys = KeyRing(kept_secrets.secret_keys(chosen))
        database.write_now(house.require_keys, keys.ids)
        return database.write_now(_furnish, keys, shop_url=where.shop)
    finally:
        database.close()


def _furnish(session: Session, keys: KeyRing, *, shop_url: str) -> str:
    if session.query(Account).filter_by(name=ACCOUNT).first() is None:
        accounts.add(
            session,
            keys,
            name=ACCOUNT,
            appid=DEFAULT_APPID,
            secret=secret_for(DEFAULT_APPID),
            title="云雾茶铺",
            actor=_ACTOR,
        )
    form = SiteForm(return_urls=[f"{shop_url}/back"], dev=True, title="云雾茶铺", contact="demo@example.com")
    if session.query(Site).filter_by(name=SITE).first() is None:
        return sites.add(session, account=ACCOUNT, name=SITE, form=form, actor=_ACTOR)
    sites.change(session, SITE, form, actor=_ACTOR)
    return sites.rotate_key(session, SITE, timedelta(0), actor=_ACTOR)


async def play(chosen: Settings, where: Addresses, shop_key: str, *, ready: asyncio.Event) -> None:
    """Serves all three until SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    shop = make_shop(where.gateway, shop_key, where.shop, picture_origins=(where.simulator,))
    extras = []
    for offset, application in ((1, make_app(World())), (2, shop)):
        server = HTTPServer(application)
        server.add_sockets(app.listen(where.address, where.port + offset))
        extras.append(server)
    try:
        await app.serve_until(stop, chosen, app.listen(where.address, where.port), ready=ready)
    finally:
        for server in extras:
            server.stop()
            await server.close_all_connections()
