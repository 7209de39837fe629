"""The demo: simulator, gateway and shop in one process, on one SQLite file."""

import asyncio
import signal
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from tornado.httpserver import HTTPServer

from wxadmin import app, kept_secrets, settings
from wxadmin.database import Database, schema
from wxadmin.demo import people
from wxadmin.demo.shop import make_shop
from wxadmin.errors import BadValue
from wxadmin.models import Account, Site, User
from wxadmin.sample import fill
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts, house, sites
from wxadmin.services.sites import SiteForm
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID, SimulatedAccount, World, make_app, secret_for

ACCOUNT = "demo"
SITE = "shop"
TITLE = "山间茶铺"
_ACTOR = "demo"
_EVENTS_A_USER = 10


_OWN_ADDRESSES = ("127.0.0.1", "0.0.0.0")  # noqa: S104, what is listened on is the user's choice


@dataclass(frozen=True, slots=True)
class Addresses:
    """Who listens where. Ports do not separate cookies, so the shop lives on `localhost` and the gateway on
    `127.0.0.1`, as two companies' hosts would be apart."""

    address: str
    port: int

    def __post_init__(self) -> None:
        if self.address not in _OWN_ADDRESSES:
            raise BadValue(f"the demo's links lead to this machine: --address is one of {', '.join(_OWN_ADDRESSES)}")

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def dashboard(self) -> str:
        return f"{self.gateway}/admin/"

    @property
    def simulator(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def shop(self) -> str:
        return f"http://localhost:{self.port + 2}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the shop says to the gateway, and what the staff say to the dashboard."""

    shop_key: str
    staff_password: str


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


def prepare(chosen: Settings, where: Addresses, *, users: int) -> Secrets:
    """Makes the database with the demo's account, site and staff where they are missing, and `users` made-up people in
    an empty one."""
    schema.migrate(chosen.database)
    database = Database(chosen.database)
    try:
        keys = KeyRing(kept_secrets.secret_keys(chosen))
        database.write_now(house.require_keys, keys.ids)
        is_empty = database.read_now(lambda session: session.scalar(select(User.id).limit(1))) is None
        shop_key = database.write_now(_furnish, keys, shop_url=where.shop)
        staff_password = people.kept_password(chosen.data_dir)
        database.write_now(people.let_in, staff_password, site=SITE)
    finally:
        database.close()
    if users and is_empty:
        fill(chosen.database, keys, users=users, events=users * _EVENTS_A_USER)
    return Secrets(shop_key, staff_password)


def _furnish(session: Session, keys: KeyRing, *, shop_url: str) -> str:
    if session.query(Account).filter_by(name=ACCOUNT).first() is None:
        accounts.add(
            session,
            keys,
            name=ACCOUNT,
            appid=DEFAULT_APPID,
            secret=secret_for(DEFAULT_APPID),
            title=TITLE,
            actor=_ACTOR,
        )
    form = SiteForm(return_urls=[f"{shop_url}/back"], dev=True, title=TITLE, contact="demo@example.com")
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
    world = World([SimulatedAccount(DEFAULT_APPID, title=TITLE)])
    extras = []
    for offset, application in ((1, make_app(world)), (2, shop)):
        server = HTTPServer(application)
        server.add_sockets(app.listen(where.address, where.port + offset))
        extras.append(server)
    try:
        await app.serve_until(stop, chosen, app.listen(where.address, where.port), ready=ready)
    finally:
        for server in extras:
            server.stop()
            await server.close_all_connections()
