"""Everything that the doctor has looked at, as plain values: the checks judge it, and ask nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wxadmin.doctor.arrivals import Arrival
from wxadmin.models.account import is_sample_appid
from wxadmin.queries.account_refreshes import HeldAccount
from wxadmin.queries.accounts import AccountRow
from wxadmin.queries.attention import IdleJob
from wxadmin.queries.sites import SiteRow
from wxadmin.settings import Settings

HEALTHY = '{"status": "ok"}'
"""What handlers/health.py says."""


@dataclass(frozen=True, slots=True)
class Store:
    """The database and the data directory. `skew` is how far the database's clock is ahead of this host's; `unsafe`
    has PostgreSQL's settings that cost durability, with their values; `readable` are files with secrets that others on
    the host may read. `seen_as` are the addresses of the newest visitors."""

    skew: timedelta
    unsafe: Mapping[str, str]
    free_bytes: int
    readable: Sequence[str]
    key_ids: Sequence[str]
    needed_key_ids: Sequence[str]
    jobs: Sequence[IdleJob]
    admins: int
    seen_as: Sequence[str]
    # When the oldest step of a login, and the oldest entry of the audit log, came to be.
    oldest_step: datetime | None = None
    oldest_entry: datetime | None = None
    # Exports of late whose files are kept, but not on this host.
    files_elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What WeChat has against an account: its errcode or one of our reasons, and its words; nothing where `code` is
    empty."""

    code: str
    errmsg: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What an address of ours answers from outside. `error` says why nothing came; `location` where it sends on to;
    `arrival` how the request came to the gateway, where it is ours."""

    status: int = 0
    body: str = ""
    location: str = ""
    error: str = ""
    arrival: Arrival | None = None


@dataclass(frozen=True, slots=True)
class Outside:
    """What was seen from outside. `answers` and `ownership` are by account; `certificate_ends` is None where there is
    none, and `certificate_error` why it is not trusted. `wechats_skew` is how far WeChat's clock is ahead. `plain` is
    what the same address answers without https, `twin` with or without www; None where there is no such address."""

    answers: Mapping[str, Answer]
    health: Page
    ownership: Mapping[str, Page]
    certificate_ends: datetime | None = None
    certificate_error: str = ""
    wechats_skew: timedelta | None = None
    plain: Page | None = None
    twin: Page | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """At `now`. `outside` is None where nobody was asked; `silent` counts living silent tokens that are refreshed, by
    account. `asked` is how the request came that the doctor was asked by, where it was asked by a browser."""

    now: datetime
    settings: Settings
    public_url: str
    store: Store
    accounts: Sequence[AccountRow]
    sites: Sequence[SiteRow]
    held: Sequence[HeldAccount]
    verify_bodies: Mapping[str, str] = field(default_factory=dict)
    silent: Mapping[str, int] = field(default_factory=dict)
    outside: Outside | None = None
    asked: Arrival | None = None

    @property
    def is_wechats_own(self) -> bool:
        """Whether visitors are sent to WeChat itself, not to a simulator."""
        return self.settings.is_wechats_own

    @property
    def arrival(self) -> Arrival | None:
        """How requests reach the gateway: by the public address, where that was asked, else as the browser's did."""
        probed = self.outside.health.arrival if self.outside else None
        return probed or self.asked

    @property
    def accounts_on(self) -> list[AccountRow]:
        """Those that are switched on, sample data left out."""
        return [one for one in self.accounts if one.disabled_at is None and not is_sample_appid(one.appid)]

    @property
    def sites_on(self) -> list[SiteRow]:
        """Those of such accounts that are switched on."""
        names = {account.name for account in self.accounts_on}
        return [site for site in self.sites if site.disabled_at is None and site.account in names]
