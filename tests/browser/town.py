"""A gateway that takes nobody from outside of WeChat, a WeChat, a site, and a browser that finds them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser

from tests.browser import site
from tests.browser.site import Site
from tests.chromium import launched
from tests.running import METRICS_TOKEN, SECRET_KEY, furnish, keys, serve, started, unused_port
from wxadmin.database import Database, schema
from wxadmin.services import sites
from wxadmin.services.sites import SiteForm
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID

# No address of this machine, to which development sites alone may return.
SHOP = "http://shop.example.com"


@dataclass(frozen=True, slots=True)
class Town:
    """`wechat` are the controls of the simulator, `chromium` a browser that finds the site."""

    wechat: httpx.Client
    chromium: Browser

    def order(self, **fault: object) -> None:
        """Something goes wrong at the next exchange."""
        assert self.wechat.post("/_sim/faults", json={"endpoint": "exchange", **fault}).is_success

    def exchanges(self) -> dict[str, int]:
        """How WeChat answered to exchanges since the last test."""
        calls: dict[str, int] = self.wechat.get("/_sim/stats").json()["calls"].get("exchange", {})
        return calls

    def clear(self) -> None:
        """Forgets what the last test ordered and counted."""
        for what in ("faults", "calls"):
            assert self.wechat.delete(f"/_sim/{what}").is_success


@contextmanager
def standing(folder: Path, chromium: str) -> Iterator[Town]:
    """`chromium` is the path of the program."""
    port, wechat_port = unused_port(), unused_port()
    gateway, wechat = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{wechat_port}"
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        secret_keys=[SECRET_KEY],
        metrics_token=METRICS_TOKEN,
        wechat_open_url=wechat,
        wechat_api_url=wechat,
        outside_wechat="page",
        log_level="warning",
    )
    authorize_url = f"{wechat}/connect/oauth2/authorize?appid={DEFAULT_APPID}"
    shop = Site(gateway, SHOP, authorize_url, key=furnished(settings.database))
    with (
        started("-m", "wxadmin.simulator", "--port", str(wechat_port), env={}, folder=folder) as simulator,
        serve(settings, port, folder=folder) as serving,
        site.opened(shop) as site_port,
        launched(chromium, f"--host-resolver-rules=MAP shop.example.com:80 127.0.0.1:{site_port}") as browser,
        httpx.Client(base_url=wechat, trust_env=False) as controls,
    ):
        simulator.answers(f"{wechat}/_sim/stats")
        account = {"appid": DEFAULT_APPID, "domains": [urlsplit(SHOP).netloc]}
        assert controls.post("/_sim/accounts", json=account).is_success
        yield Town(controls, browser)
        assert serving.terminate() == 0
        assert "Traceback" not in serving.output


def furnished(database_url: str) -> str:
    """A new database with the site; gives the site's key."""
    schema.migrate(database_url)
    key = furnish(database_url).shop
    database = Database(database_url)
    try:
        form = SiteForm(return_urls=[f"{SHOP}/back", f"{SHOP}/app"], origins=[SHOP], page_code=True, title="山间茶铺")
        database.write_now(sites.change, keys(), "shop", form, actor="test")
    finally:
        database.close()
    return key
