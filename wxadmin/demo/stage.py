"""The demo: simulator, gateway and shop in one process, on one SQLite file."""

import asyncio
import signal
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session
from tornado.httpserver import HTTPServer

from wxadmin import app, kept_secrets, settings
from wxadmin.clock import utcnow
from wxadmin.database import Database, schema
from wxadmin.demo import people
from wxadmin.demo.addresses import Addresses
from wxadmin.demo.shop import make_shop
from wxadmin.handlers.admin.demo_links import DemoLinks
from wxadmin.models import Account, Site
from wxadmin.sample import clear, fill, told_until
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts, house, sites
from wxadmin.services.sites import SiteForm
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID, SimulatedAccount, World, make_app, secret_for

ACCOUNT = "demo"
SITE = "shop"
TITLE = "山间茶铺"
_ACTOR = "demo"
# The sample's, so that the developer has something to look at before the first visit to the shop.
_BUSY_SITE = "sample-shop"
_EVENTS_A_USER = 30
# What the sample tells of as happening right now is over by then.
_FRESH = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the shop says to the gateway, and what the staff say to the dashboard."""

    shop_key: str
    staff_password: str


def demo_settings(where: Addresses) -> Settings:
    """The settings of the environment, with WeChat replaced by the simulator and a data directory of its own. Unless
    told otherwise it logs what goes wrong alone, or the sign-ins on the terminal would soon be out of sight."""
    loaded = settings.load()
    return settings.load(
        log_level=loaded.log_level if "log_level" in loaded.model_fields_set else "warning",
        data_dir=loaded.data_dir / "demo",
        database_url=None,
        public_url=where.gateway,
        wechat_open_url=where.simulator,
        wechat_api_url=where.simulator,
        outside_wechat=None,
    )


def prepare(chosen: Settings, where: Addresses, *, users: int) -> Secrets:
    """Makes the database with the demo's account, site and staff where they are missing, and has `users` made-up
    people lead up to this moment."""
    schema.migrate(chosen.database)
    database = Database(chosen.database)
    try:
        keys = KeyRing(kept_secrets.secret_keys(chosen, may_make=not database.read_now(house.is_sealed)))
        database.write_now(house.require_keys, keys.ids)
        shop_key = database.write_now(_furnish, keys, shop_url=where.shop)
        staff_password = people.kept_password(chosen.data_dir)
        if users and not _is_fresh(database):
            # Told anew rather than continued: what is shown as days ago has to be days ago. What visitors have done
            # in the shop belongs to another account, and stays.
            database.write_now(clear)
            fill(chosen.database, keys, users=users, events=users * _EVENTS_A_USER, for_demo=True)
        database.write_now(people.let_in, staff_password, sites=(SITE, _BUSY_SITE))
    finally:
        database.close()
    return Secrets(shop_key, staff_password)


def _is_fresh(database: Database) -> bool:
    """Whether there is a sample, and it ends about now."""
    until = database.read_now(told_until)
    return until is not None and utcnow() - until < _FRESH


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
    form = SiteForm(
        return_urls=[f"{shop_url}/back", f"{shop_url}/h5"], dev=True, title=TITLE, contact="demo@example.com"
    )
    if session.query(Site).filter_by(name=SITE).first() is None:
        return sites.add(session, keys, account=ACCOUNT, name=SITE, form=form, actor=_ACTOR).api_key
    sites.change(session, keys, SITE, form, actor=_ACTOR)
    return sites.rotate_key(session, SITE, timedelta(0), actor=_ACTOR)


async def play(chosen: Settings, where: Addresses, shop_key: str, *, ready: asyncio.Event) -> None:
    """Serves all three until SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    shop = make_shop(where.gateway, shop_key, where.shop, picture_origins=(where.simulator,))
    world = World([SimulatedAccount(DEFAULT_APPID, title=TITLE)], lan_hosts=where.is_lan)
    extras = []
    for offset, application in ((1, make_app(world)), (2, shop)):
        server = HTTPServer(application)
        server.add_sockets(app.listen(where.listen, where.port + offset))
        extras.append(server)
    links = DemoLinks(shop=f"{where.shop}/", simulator=where.switches)
    try:
        await app.serve_until(stop, chosen, app.listen(where.listen, where.port), ready=ready, demo_links=links)
    finally:
        for server in extras:
            server.stop()
            await server.close_all_connections()
