"""Settings from the environment, with the prefix WXADMIN_: the only reader of it."""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from wxadmin.database.engines import database_url
from wxadmin.errors import SettingsRefused
from wxadmin.security.keys import MINIMUM_LENGTH

PREFIX = "WXADMIN_"
WECHAT_OPEN_URL = "https://open.weixin.qq.com"
WECHAT_API_URL = "https://api.weixin.qq.com"
# 《网络安全法》 wants logs kept for six months.
SHORTEST_KEPT_DAYS = 183
# Known to commands and tests, but no setting of the service.
_OTHER_NAMES = {"WXADMIN_APPSECRET"}
_TEST_PREFIX = "WXADMIN_TEST_"


def _split(value: Any) -> Any:
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


def _network(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ip_network(value)
    except ValueError:
        raise ValueError(f"{value!r} is no network such as 10.0.0.0/8") from None


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.port == 0:
        raise ValueError("must be an address that begins with https:// or http://, without a query")
    return value.rstrip("/")


def _known_database(value: str) -> str:
    database_url(value)
    return value


def _long_enough(value: list[str]) -> list[str]:
    if any(len(key) < MINIMUM_LENGTH for key in value):
        raise ValueError(f"each key needs at least {MINIMUM_LENGTH} characters: `openssl rand -hex 32` makes one")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{value!r} is no time zone such as Asia/Shanghai") from None
    return value


def _long_enough_kept(value: int) -> int:
    if value < SHORTEST_KEPT_DAYS:
        raise ValueError(f"must be {SHORTEST_KEPT_DAYS} days or more: 《网络安全法》 wants logs kept for six months")
    return value


Url = Annotated[str, AfterValidator(_url)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
Networks = Annotated[list[Network], NoDecode, BeforeValidator(_split)]
Days = Annotated[int, Field(le=36_500), AfterValidator(_long_enough_kept)]
Keys = Annotated[list[str], NoDecode, BeforeValidator(_split), AfterValidator(_long_enough)]


class Settings(BaseSettings):
    """Read once at the start; `load` turns what is wrong into one line each."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Path("var")
    database_url: Annotated[str, AfterValidator(_known_database)] | None = None
    public_url: Url | None = None
    secret_keys: Keys = []
    wechat_open_url: Url = WECHAT_OPEN_URL
    wechat_api_url: Url = WECHAT_API_URL
    wechat_timeout: Annotated[float, Field(gt=0, le=60)] = 5
    outside_wechat: Literal["page", "pass"] | None = None
    refresh_interval: Annotated[float, Field(ge=0.1, le=3600)] = 30
    refresh_ahead: Annotated[float, Field(ge=0, le=7200)] = 900
    refresh_concurrency: Annotated[int, Field(ge=1, le=1000)] = 64
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    trusted_proxies: Networks = []
    admin_networks: Networks = []
    metrics_token: str | None = None
    keep_events_days: Days = 200
    keep_audit_days: Days = 1_095
    keep_files_days: Annotated[int, Field(ge=1, le=3_650)] = 7
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] | None = None

    @property
    def database(self) -> str:
        """DATABASE_URL, else a SQLite file in the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir / 'wxadmin.sqlite3'}"

    @property
    def exports_dir(self) -> Path:
        """Where files of exports are kept; processes of several hosts share it."""
        return self.data_dir / "exports"

    @property
    def is_default_database(self) -> bool:
        return self.database_url is None

    @property
    def asks_outside_wechat(self) -> bool:
        """Whether a browser that is not WeChat's gets a page at /auth instead of WeChat's own refusal."""
        if self.outside_wechat is None:
            return self.is_wechats_own
        return self.outside_wechat == "page"

    @property
    def is_wechats_own(self) -> bool:
        """Whether visitors are sent to WeChat itself, not to a simulator."""
        return self.wechat_open_url == WECHAT_OPEN_URL

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def public_url_for(self, port: int) -> str:
        """How browsers reach the gateway, without a slash at the end."""
        return self.public_url or f"http://127.0.0.1:{port}"


def load(**overrides: Any) -> Settings:
    """The settings of the environment and `.env`, `overrides` first. Raises SettingsRefused with a line a fault."""
    try:
        faults = _unknown_names()
        settings = Settings(**overrides)
    except UnicodeDecodeError:
        raise SettingsRefused(".env is not UTF-8: save it again as UTF-8") from None
    except ValidationError as error:
        faults += [_fault(problem) for problem in error.errors()]
    if faults:
        raise SettingsRefused("\n".join(faults))
    return settings


def environment_appsecret() -> str | None:
    """The AppSecret for `account add`, where it is not given on standard input."""
    return os.environ.get("WXADMIN_APPSECRET")


def _unknown_names() -> list[str]:
    names = {name for name in [*os.environ, *dotenv_values(".env")] if name.upper().startswith(PREFIX)}
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields} | _OTHER_NAMES
    unknown = sorted(name for name in names if name not in known and not name.startswith(_TEST_PREFIX))
    return [f"{name} is no setting of wxadmin: docs/reference.md lists them" for name in unknown]


def _fault(problem: Any) -> str:
    name = f"{PREFIX}{str(problem['loc'][0]).upper()}"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"


def metrics_folder() -> str | None:
    """Where the processes of one `serve --processes` share their numbers; set by the launcher, not by people."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")
