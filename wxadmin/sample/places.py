"""The sample's service accounts and sites: what they are, and how they come into the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Account, ReturnURL, Site
from wxadmin.models.account import SAMPLE_APPID_PREFIX
from wxadmin.models.sealed import secret_bound_to
from wxadmin.security.hashes import random_text, sha256
from wxadmin.security.keys import KeyRing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SampleAccount:
    """`openid_prefix`: what the openids of one account have in common."""

    name: str
    title: str
    appid: str
    refresh_policy: str
    openid_prefix: str


@dataclass(frozen=True, slots=True)
class SampleSite:
    """`consents` is the share of visits that ask for the profile; `ref_prefix` begins the site's own numbers."""

    account: SampleAccount
    name: str
    title: str
    url: str
    paths: tuple[str, ...]
    channels: tuple[str | None, ...]
    consents: float
    ref_prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A sample site as it is stored; `number` is its place among the places."""

    number: int
    account_id: int
    site_id: int
    site: SampleSite

    @property
    def account(self) -> SampleAccount:
        return self.site.account

    @property
    def url(self) -> str:
        return self.site.url


TEA = SampleAccount("sample-tea", "青禾茶铺", f"{SAMPLE_APPID_PREFIX}4be10c7d2a", "none", "oQh3cT")
CLINIC = SampleAccount("sample-clinic", "安和口腔", f"{SAMPLE_APPID_PREFIX}90f6d31b85", "none", "oAh8kQ")
CLUB = SampleAccount("sample-club", "青禾会员俱乐部", f"{SAMPLE_APPID_PREFIX}c27a58e4f3", "userinfo", "oClu5b")
ACCOUNTS = (TEA, CLINIC, CLUB)

CAMPAIGN_CHANNEL = "autumn-tea"
# None where the visitor comes without one; what stands more than once comes more often.
_SHOP_CHANNELS = ("menu", "menu", "post", "store-qr", "share", "moments-ad", None, None)
_DESK_CHANNELS = ("menu", "menu", "sms", "front-desk-qr", "post", None)
_CLUB_CHANNELS = ("menu", "card", "invite", "post")

# All hosts lie under .example, which belongs to nobody.
SITES = (
    SampleSite(
        TEA, "sample-shop", "茶铺商城", "https://shop.qinghe.example/h5", ("/", "/tea", "/cart"), _SHOP_CHANNELS, 0.3
    ),
    SampleSite(
        TEA, "sample-autumn", "秋茶节", "https://autumn.qinghe.example/", ("", "draw", "gift"), _SHOP_CHANNELS, 0.55
    ),
    SampleSite(
        TEA, "sample-points", "积分兑换", "https://points.qinghe.example/m", ("/", "/mine"), _SHOP_CHANNELS, 0.4, "P"
    ),
    SampleSite(
        CLINIC, "sample-booking", "预约挂号", "https://book.anhe.example/", ("", "slots"), _DESK_CHANNELS, 0.25, "H"
    ),
    SampleSite(
        CLINIC, "sample-reports", "检查报告", "https://report.anhe.example/r", ("/", "/list"), _DESK_CHANNELS, 0.2, "H"
    ),
    SampleSite(
        CLUB, "sample-members", "会员中心", "https://club.qinghe.example/", ("", "card"), _CLUB_CHANNELS, 1, "VIP"
    ),
    SampleSite(
        CLUB, "sample-events", "品茶会报名", "https://events.qinghe.example/", ("", "join"), _CLUB_CHANNELS, 1, "VIP"
    ),
)


def stored(session: Session, keys: KeyRing, draw_id: Callable[[], int], *, since: datetime) -> list[Place]:
    """The places; whatever is not there yet is added as if it were there `since` then."""
    found = {account: _account(session, account) for account in ACCOUNTS}
    accounts = {
        sample: account or _added(session, _new_account(keys, sample, account_id=draw_id(), since=since))
        for sample, account in found.items()
    }
    sites = [
        _site(session, accounts[site.account], site)
        or _added(session, _new_site(accounts[site.account], site, draw_id, since=since))
        for site in SITES
    ]
    return [
        Place(number, accounts[site.account].id, stored_site.id, site)
        for number, (site, stored_site) in enumerate(zip(SITES, sites, strict=True))
    ]


def _added(session: Session, row: T) -> T:
    session.add(row)
    session.flush()
    return row


def _account(session: Session, sample: SampleAccount) -> Account | None:
    return session.scalar(select(Account).where(Account.appid == sample.appid))


def _site(session: Session, account: Account, sample: SampleSite) -> Site | None:
    return session.scalar(select(Site).where(Site.account_id == account.id, Site.name == sample.name))


def _new_account(keys: KeyRing, sample: SampleAccount, *, account_id: int, since: datetime) -> Account:
    return Account(
        id=account_id,
        name=sample.name,
        title=sample.title,
        appid=sample.appid,
        secret_sealed=keys.seal(random_text(32).lower(), secret_bound_to(sample.appid)),
        refresh_policy=sample.refresh_policy,
        created_at=since,
    )


def _new_site(account: Account, sample: SampleSite, draw_id: Callable[[], int], *, since: datetime) -> Site:
    return Site(
        id=draw_id(),
        account_id=account.id,
        name=sample.name,
        title=sample.title,
        # Of a key that nobody has seen: `wxadmin site rotate-key` gives a usable one.
        key_hash=sha256(random_text(40)),
        created_at=since,
        return_urls=[ReturnURL(id=draw_id(), url=sample.url)],
    )
