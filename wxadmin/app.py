"""The application: its routes, and what serve() builds, starts, drains and stops."""

import asyncio
import errno
import gc
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, url

from wxadmin import i18n, kept_secrets, log
from wxadmin.database import Database, schema
from wxadmin.errors import BadValue, DatabaseUnavailable
from wxadmin.exporting.storage import Storage
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.registry import RegistryCache
from wxadmin.handlers.admin.ahead import keep_counted
from wxadmin.handlers.admin.demo_links import DemoLinks
from wxadmin.handlers.admin.feed import Feed
from wxadmin.handlers.admin.routes import ADMIN_ROUTES
from wxadmin.handlers.api_staff.calls import STAFF_API_ROUTES
from wxadmin.handlers.front import Front
from wxadmin.handlers.gateway import Auth, Callback, OwnershipFile
from wxadmin.handlers.h5 import H5Script
from wxadmin.handlers.health import Health, Metrics, Ready
from wxadmin.handlers.notices import Notices
from wxadmin.handlers.page_codes import Exchange, GetCode, GetUserInfo
from wxadmin.handlers.site_contact import DoNotContact
from wxadmin.handlers.static import StaticFile, StaticTree, static_root
from wxadmin.handlers.tickets import TicketRedeem
from wxadmin.handlers.visitor_base import NotFound
from wxadmin.ids import Ids
from wxadmin.journal import Journal
from wxadmin.journal.writer import Writer
from wxadmin.security.keys import KeyRing
from wxadmin.services import house
from wxadmin.services.purging import Keep
from wxadmin.settings import Settings
from wxadmin.tasks import exports, purge, refresh, scrub, sweep, verify
from wxadmin.tasks.exports import Keeping
from wxadmin.tasks.runner import Runner
from wxadmin.wechat.client import WeChat

ROUTES: list[tuple[str, type[RequestHandler]]] = [
    (r"/auth", Auth),
    (r"/auth/callback", Callback),
    # As earlier programs called it: WeChat's console or a page may still name these.
    (r"/getopenid", Callback),
    (r"/getOpenId", Callback),
    (r"/getWxUserInfo", Callback),
    (r"/auth/exchange", Exchange),
    (r"/getCode", GetCode),
    (r"/getUserInfo", GetUserInfo),
    (r"/h5\.js", H5Script),
    (r"/api/v1/tickets/redeem", TicketRedeem),
    (r"/api/v1/do-not-contact", DoNotContact),
    *STAFF_API_ROUTES,
    (r"/(MP_verify_[0-9A-Za-z]{16}\.txt)", OwnershipFile),
    (r"/healthz", Health),
    (r"/readyz", Ready),
    (r"/metrics", Metrics),
    *ADMIN_ROUTES,
]

TEMPLATES = Path(__file__).parent / "templates"

# Tornado reads bodies of 100 MB by default; no request of ours is a hundredth of this.
_LARGEST_REQUEST = 64 * 1024
_IDLE_CONNECTION_S = 75
_SLOWEST_BODY_S = 30
_DRAIN_S = 20
# Objects that were made and are still there; Python's 700 are a few logins.
_GARBAGE_LOOKED_FOR_EVERY = 50_000


def make_application(front: Front, demo_links: DemoLinks | None = None) -> Application:
    """The routes under the path of PUBLIC_URL; everything else is a page that says so."""
    base = re.escape(front.base_path)
    files = {"path": str(front.static.root), "digest": front.static.digest}
    return Application(
        [
            *(url(base + pattern, handler, {"front": front}) for pattern, handler in ROUTES),
            url(rf"{base}/static/(.*)", StaticFile, files),
        ],
        default_handler_class=NotFound,
        default_handler_args={"front": front},
        log_function=log.log_request,
        template_path=str(TEMPLATES),
        picture_origin=_picture_origin(front.gateway.wechat_open_url),
        demo_links=demo_links,
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"httponly": True, "samesite": "Lax", "secure": front.is_https},
    )


def _picture_origin(wechat_open_url: str) -> str:
    """Where a simulator's people have their pictures from; empty beside WeChat itself."""
    parts = urlsplit(wechat_open_url)
    is_wechat = (parts.hostname or "").endswith(".qq.com")
    return "" if is_wechat else f"{parts.scheme}://{parts.netloc}"


@asynccontextmanager
async def make_front(settings: Settings, public_url: str) -> AsyncIterator[Front]:
    """Everything that handlers and jobs work with. Raises SchemaNotCurrent, KeyMissing, DatabaseUnavailable.

    What is open is closed in the end, after the work in flight is done.
    """
    if settings.is_default_database:
        schema.migrate(settings.database)
    database = Database(settings.database)
    try:
        schema.require_current(database.reader)
        keys = KeyRing(kept_secrets.secret_keys(settings, may_make=not database.read_now(house.is_sealed)))
        await database.write(house.require_keys, keys.ids)
        node = await database.write(house.register_node, keys.ids)
        ids = Ids(node)
        wechat = WeChat(settings.wechat_api_url, settings.wechat_timeout)
        gateway = Gateway(
            database=database,
            journal=Journal(Writer(database.writer, ids=ids, node=node, zone=settings.zone), database.journal_thread),
            wechat=wechat,
            keys=keys,
            ids=ids,
            node=node,
            registry=RegistryCache(database),
            public_url=public_url,
            wechat_open_url=settings.wechat_open_url,
            asks_outside_wechat=settings.asks_outside_wechat,
            refresh_ahead=timedelta(seconds=settings.refresh_ahead),
            refresh_concurrency=settings.refresh_concurrency,
        )
        front = Front(
            gateway=gateway,
            zone=settings.zone,
            static=StaticTree(static_root()),
            trusted_proxies=settings.trusted_proxies,
            admin_networks=settings.admin_networks,
            metrics_token=kept_secrets.metrics_token(settings),
            settings=settings,
            notices=Notices(database),
            feed=Feed(database),
            storage=Storage(settings.exports_dir),
        )
        for language in i18n.LANGUAGES:
            i18n.translator(language)
        try:
            yield front
        finally:
            await gateway.drained()
            await wechat.aclose()
            with suppress(DatabaseUnavailable):
                await database.write(house.node_ended, node)
    finally:
        database.close()


async def serve(settings: Settings, sockets: list[socket.socket], *, ready: asyncio.Event | None = None) -> None:
    """Serves on the sockets until SIGTERM or SIGINT, then drains: no new connections and passes, what is in flight
    is finished and stored."""
    stop, is_up = asyncio.Event(), ready or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settling = asyncio.create_task(_settle(is_up))
    await serve_until(stop, settings, sockets, ready=is_up)
    settling.cancel()


async def _settle(is_up: asyncio.Event) -> None:
    """Modules, mappers and statements stay for as long as the process does: looking at them again and again for
    garbage took a tenth of a login's time."""
    await is_up.wait()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_LOOKED_FOR_EVERY, *gc.get_threshold()[1:])


async def serve_until(
    stop: asyncio.Event,
    settings: Settings,
    sockets: list[socket.socket],
    *,
    ready: asyncio.Event | None = None,
    demo_links: DemoLinks | None = None,
) -> None:
    """The same until an event is set, for a program that serves more than this; a demo's is linked on every page."""
    port = sockets[0].getsockname()[1]
    async with make_front(settings, settings.public_url_for(port)) as front:
        server = HTTPServer(
            make_application(front, demo_links),
            max_header_size=_LARGEST_REQUEST,
            max_body_size=_LARGEST_REQUEST,
            idle_connection_timeout=_IDLE_CONNECTION_S,
            body_timeout=_SLOWEST_BODY_S,
        )
        server.add_sockets(sockets)
        keep = Keep(settings.keep_events_days, settings.keep_audit_days)
        days = timedelta(days=settings.keep_files_days), timedelta(days=settings.keep_audit_days)
        files = Keeping(front.storage, *days)
        jobs = [refresh.job(settings.refresh_interval), sweep.JOB, verify.JOB, scrub.JOB, purge.job(keep)]
        jobs += [exports.making_job(files), exports.clearing_job(files)]
        runner = Runner(front.gateway, jobs)
        runner.start()
        ahead = [asyncio.create_task(keep_counted(front)), asyncio.create_task(front.notices.keep_known())]
        log.logger.info("serving", url=front.gateway.public_url, node=front.gateway.node)
        if ready:
            ready.set()
        await stop.wait()
        log.logger.info("stopping")
        for looking in ahead:
            looking.cancel()
        server.stop()
        if not all(await asyncio.gather(runner.stop(_DRAIN_S), front.activity.idle(_DRAIN_S))):
            log.logger.warning("drain_cut_short", seconds=_DRAIN_S)
        await server.close_all_connections()
    log.logger.info("stopped")


def listen(address: str, port: int) -> list[socket.socket]:
    """Sockets bound to the address; port 0 takes an unused one. Raises BadValue."""
    try:
        return bind_sockets(port, address=address)
    except OSError as error:
        option = "--address" if error.errno == errno.EADDRNOTAVAIL else "--port"
        raise BadValue(f"cannot listen on {address}:{port} ({error.strerror}): choose another {option}") from None
