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
from wxadmin.handlers.admin.accounts import (
    AccountAdd,
    AccountCheck,
    AccountDisable,
    AccountEnable,
    AccountList,
    AccountSecret,
    AccountShow,
)
from wxadmin.handlers.admin.ahead import keep_counted
from wxadmin.handlers.admin.attempt_page import AttemptNoteAdd, AttemptShow
from wxadmin.handlers.admin.attempts import AttemptList
from wxadmin.handlers.admin.audit import AuditList
from wxadmin.handlers.admin.definitions import Definitions
from wxadmin.handlers.admin.demo_links import DemoLinks
from wxadmin.handlers.admin.doctor import Doctor
from wxadmin.handlers.admin.export_new import ExportNew
from wxadmin.handlers.admin.export_verify import ExportVerify
from wxadmin.handlers.admin.exports import (
    ExportCancel,
    ExportFile,
    ExportList,
    ExportProgress,
    ExportReceipt,
    ExportShow,
)
from wxadmin.handlers.admin.failures import FailureList, FailureShow
from wxadmin.handlers.admin.feed import Feed
from wxadmin.handlers.admin.live import LiveEvents, LivePage
from wxadmin.handlers.admin.me import Me, MyKeyAdd, MyKeyRevoke, MySessionEnd, MySessionsEndOthers
from wxadmin.handlers.admin.no_such_page import NoSuchPage
from wxadmin.handlers.admin.notice import NoticeEnd, NoticePage
from wxadmin.handlers.admin.overview import Overview
from wxadmin.handlers.admin.people import (
    StaffAdd,
    StaffDisable,
    StaffKeyRevoke,
    StaffList,
    StaffReset,
    StaffShow,
)
from wxadmin.handlers.admin.preferences import Preferences
from wxadmin.handlers.admin.reveals import AttemptReveal, UserReveal
from wxadmin.handlers.admin.scopes import Scopes
from wxadmin.handlers.admin.search import Search
from wxadmin.handlers.admin.sign_in import SignIn, SignInCode, SignOut
from wxadmin.handlers.admin.sites import (
    SiteAdd,
    SiteChange,
    SiteDisable,
    SiteEnable,
    SiteList,
    SiteRotateHandoffKey,
    SiteRotateKey,
    SiteShow,
)
from wxadmin.handlers.admin.token_passes import TokenPasses
from wxadmin.handlers.admin.token_pauses import TokenPause, TokenResume
from wxadmin.handlers.admin.tokens import Tokens
from wxadmin.handlers.admin.two_step import TwoStep, TwoStepOff
from wxadmin.handlers.admin.user_copy import UserCopy
from wxadmin.handlers.admin.user_file import UserFile
from wxadmin.handlers.admin.user_forget import UserForget
from wxadmin.handlers.admin.user_list import UserList
from wxadmin.handlers.admin.user_tokens import UserCheck, UserRefresh
from wxadmin.handlers.admin.users import UserShow
from wxadmin.handlers.api_staff.calls import STAFF_API_ROUTES
from wxadmin.handlers.front import Front
from wxadmin.handlers.gateway import Auth, Callback, OwnershipFile
from wxadmin.handlers.h5 import H5Script
from wxadmin.handlers.health import Health, Metrics, Ready
from wxadmin.handlers.notices import Notices
from wxadmin.handlers.page_codes import Exchange, GetCode, GetUserInfo
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

# What a name in an address may be (services/names.py).
_NAME = "[a-z0-9][a-z0-9-]*"

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
    *STAFF_API_ROUTES,
    (r"/(MP_verify_[0-9A-Za-z]{16}\.txt)", OwnershipFile),
    (r"/healthz", Health),
    (r"/readyz", Ready),
    (r"/metrics", Metrics),
    (r"/admin/?", Overview),
    (r"/admin/search", Search),
    (r"/admin/scopes", Scopes),
    (r"/admin/doctor", Doctor),
    (r"/admin/tokens", Tokens),
    (r"/admin/tokens/passes", TokenPasses),
    (rf"/admin/tokens/({_NAME})/pause", TokenPause),
    (rf"/admin/tokens/({_NAME})/resume", TokenResume),
    (r"/admin/definitions", Definitions),
    (r"/admin/users", UserList),
    (r"/admin/users\.csv", UserFile),
    (r"/admin/users/([0-9]{1,19})", UserShow),
    (r"/admin/users/([0-9]{1,19})/refresh", UserRefresh),
    (r"/admin/users/([0-9]{1,19})/check", UserCheck),
    (r"/admin/users/([0-9]{1,19})/reveal", UserReveal),
    (r"/admin/users/([0-9]{1,19})/data\.json", UserCopy),
    (r"/admin/users/([0-9]{1,19})/forget", UserForget),
    (r"/admin/exports", ExportList),
    (r"/admin/exports/new", ExportNew),
    (r"/admin/exports/verify", ExportVerify),
    (r"/admin/exports/([0-9]{1,19})", ExportShow),
    (r"/admin/exports/([0-9]{1,19})/progress\.json", ExportProgress),
    (r"/admin/exports/([0-9]{1,19})/receipt\.json", ExportReceipt),
    (r"/admin/exports/([0-9]{1,19})/cancel", ExportCancel),
    (r"/admin/exports/([0-9]{1,19})/file", ExportFile),
    (r"/admin/exports/([0-9]{1,19})/file/([0-9]{1,6})", ExportFile),
    (r"/admin/attempts", AttemptList),
    (r"/admin/attempts/([^/]{1,64})", AttemptShow),
    (r"/admin/attempts/([^/]{1,64})/notes", AttemptNoteAdd),
    (r"/admin/attempts/([^/]{1,64})/reveal", AttemptReveal),
    (r"/admin/live", LivePage),
    (r"/admin/live/events", LiveEvents),
    (r"/admin/failures", FailureList),
    (r"/admin/failures/([^/]{1,64})", FailureShow),
    (r"/admin/sign-in", SignIn),
    (r"/admin/sign-in/code", SignInCode),
    (r"/admin/sign-out", SignOut),
    (r"/admin/preferences", Preferences),
    (r"/admin/me", Me),
    (r"/admin/me/new-key", MyKeyAdd),
    (r"/admin/me/keys/([0-9]{1,18})/revoke", MyKeyRevoke),
    (r"/admin/me/sessions/([0-9a-f]{1,16})/end", MySessionEnd),
    (r"/admin/me/sessions/end-others", MySessionsEndOthers),
    (r"/admin/me/two-step", TwoStep),
    (r"/admin/me/two-step/off", TwoStepOff),
    (r"/admin/accounts", AccountList),
    (r"/admin/new/account", AccountAdd),
    (rf"/admin/accounts/({_NAME})", AccountShow),
    (rf"/admin/accounts/({_NAME})/secret", AccountSecret),
    (rf"/admin/accounts/({_NAME})/check", AccountCheck),
    (rf"/admin/accounts/({_NAME})/disable", AccountDisable),
    (rf"/admin/accounts/({_NAME})/enable", AccountEnable),
    (r"/admin/sites", SiteList),
    (r"/admin/new/site", SiteAdd),
    (rf"/admin/sites/({_NAME})", SiteShow),
    (rf"/admin/sites/({_NAME})/change", SiteChange),
    (rf"/admin/sites/({_NAME})/key", SiteRotateKey),
    (rf"/admin/sites/({_NAME})/handoff-key", SiteRotateHandoffKey),
    (rf"/admin/sites/({_NAME})/disable", SiteDisable),
    (rf"/admin/sites/({_NAME})/enable", SiteEnable),
    (r"/admin/staff", StaffList),
    (r"/admin/new/person", StaffAdd),
    (rf"/admin/staff/({_NAME})", StaffShow),
    (rf"/admin/staff/({_NAME})/keys/([0-9]{{1,18}})/revoke", StaffKeyRevoke),
    (rf"/admin/staff/({_NAME})/reset", StaffReset),
    (rf"/admin/staff/({_NAME})/disable", StaffDisable),
    (r"/admin/audit", AuditList),
    (r"/admin/notice", NoticePage),
    (r"/admin/notice/end", NoticeEnd),
    (r"/admin/.*", NoSuchPage),
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
