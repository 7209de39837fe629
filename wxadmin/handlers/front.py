"""What every handler works with, built once by serve() and handed in."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from wxadmin.exporting.storage import Storage
from wxadmin.flows.gateway import Gateway
from wxadmin.handlers.admin.exact_counts import ExactCounts
from wxadmin.handlers.admin.feed import Feed
from wxadmin.handlers.admin.remembered import Remembered
from wxadmin.handlers.limits import Limits
from wxadmin.handlers.notices import Notices
from wxadmin.handlers.peer import Network
from wxadmin.handlers.static import StaticTree
from wxadmin.queries.scopes import Grants
from wxadmin.queries.standing import Standing
from wxadmin.settings import Settings


class Activity:
    """Counts the requests that are being answered."""

    def __init__(self) -> None:
        self._count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def began(self) -> None:
        self._count += 1
        self._idle.clear()

    def ended(self) -> None:
        self._count -= 1
        if not self._count:
            self._idle.set()

    async def idle(self, within: float) -> bool:
        """Whether every request has its answer, waiting for up to `within` seconds."""
        try:
            async with asyncio.timeout(within):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Front:
    """One a process."""

    gateway: Gateway
    zone: ZoneInfo
    static: StaticTree
    trusted_proxies: list[Network]
    admin_networks: list[Network]
    metrics_token: str
    settings: Settings
    notices: Notices
    feed: Feed
    storage: Storage
    limits: Limits = field(default_factory=Limits)
    activity: Activity = field(default_factory=Activity)
    standing: Remembered[Standing] = field(default_factory=lambda: Remembered(lambda standing: standing.tokens))
    exact_counts: ExactCounts = field(default_factory=ExactCounts)
    grants: Remembered[Grants] = field(default_factory=lambda: Remembered(lambda grants: grants.users))

    @property
    def base_path(self) -> str:
        """The path of PUBLIC_URL: every route, cookie and file lives under it. Empty, or without a slash at the end."""
        return urlsplit(self.gateway.public_url).path

    @property
    def is_https(self) -> bool:
        return self.gateway.public_url.startswith("https://")

    def static_url(self, path: str) -> str:
        return self.static.url(path, self.base_path)
