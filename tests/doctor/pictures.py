"""A right set-up as the doctor sees it, and ways to make one thing of it wrong."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from wxadmin.doctor.arrivals import Arrival
from wxadmin.doctor.examining import examine
from wxadmin.doctor.findings import Finding, Grade
from wxadmin.doctor.picture import HEALTHY, Answer, Outside, Page, Picture, Store
from wxadmin.queries.accounts import AccountRow
from wxadmin.queries.sites import SiteRow
from wxadmin.settings import Settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
URL = "https://m.example.com"
GATEWAY = Page(200, HEALTHY)
KEY = "f3a1c5e7" * 8
Change = Callable[[Picture], Picture]


def settings(**changes: Any) -> Settings:
    right = {
        "public_url": URL,
        "secret_keys": [KEY],
        "admin_networks": ["10.0.0.0/8"],
        "trusted_proxies": ["10.0.0.5/32"],
    }
    return Settings(_env_file=None, **(right | changes))  # type: ignore[arg-type]


ACCOUNT = AccountRow(
    name="tea",
    title="云雾茶铺",
    appid="wx0123456789abcdef",
    id=1,
    refresh_policy="userinfo",
    refresh_active_days=7,
    refresh_quota=None,
    verify_name="MP_verify_0123456789abcdef.txt",
    verified_until=date(2027, 3, 31),
    has_secret=True,
    created_at=NOW,
    disabled_at=None,
    sites=1,
)
SITE = SiteRow(
    name="shop",
    title="云雾茶铺",
    account="tea",
    contact="店长 010-12345678",
    return_urls=["https://shop.example.com/back"],
    origins=[],
    handoff="ticket",
    page_code=False,
    dev=False,
    explain=False,
    privacy_url=None,
    snapshot_guest=False,
    profile_required=False,
    has_handoff_key=False,
    old_key_until=None,
    old_handoff_key_until=None,
    created_at=NOW,
    disabled_at=None,
)
STORE = Store(
    skew=timedelta(),
    unsafe={},
    free_bytes=50_000_000_000,
    readable=[],
    key_ids=["aaaa0000"],
    needed_key_ids=["aaaa0000"],
    jobs=[],
    admins=1,
    seen_as=["8.8.4.4"] * 30,
)
ARRIVAL = Arrival(
    peer="10.0.0.5",
    visitor="203.0.113.7",
    path="/healthz",
    host="m.example.com",
    forwarded_for="203.0.113.7",
    forwarded_proto="https",
)
OUTSIDE = Outside(
    answers={"tea": Answer("")},
    health=replace(GATEWAY, arrival=ARRIVAL),
    ownership={"tea": Page(200, "0123456789abcdef\n")},
    certificate_ends=NOW + timedelta(days=60),
    wechats_skew=timedelta(seconds=1),
    plain=Page(301, location="https://m.example.com/healthz"),
    twin=Page(error="no such name"),
)
RIGHT = Picture(
    now=NOW,
    settings=settings(),
    public_url=URL,
    store=STORE,
    accounts=[ACCOUNT],
    sites=[SITE],
    held=[],
    verify_bodies={"tea": "0123456789abcdef"},
    silent={"tea": 5},
    outside=OUTSIDE,
)


def with_settings(**changes: Any) -> Change:
    made = settings(**changes)
    return lambda right: replace(right, settings=made, public_url=made.public_url or "http://127.0.0.1:8000")


def with_store(**changes: Any) -> Change:
    return lambda right: replace(right, store=replace(right.store, **changes))


def with_account(**changes: Any) -> Change:
    return lambda right: replace(right, accounts=[replace(ACCOUNT, **changes)])


def with_site(**changes: Any) -> Change:
    return lambda right: replace(right, sites=[replace(SITE, **changes)])


def with_outside(**changes: Any) -> Change:
    return lambda right: replace(right, outside=replace(OUTSIDE, **changes))


def arriving(**changes: Any) -> Change:
    return with_outside(health=replace(GATEWAY, arrival=replace(ARRIVAL, **changes)))


def answering(code: str, errmsg: str = "") -> Change:
    return with_outside(answers={"tea": Answer(code, errmsg)})


def with_(**changes: Any) -> Change:
    return lambda right: replace(right, **changes)


@dataclass(frozen=True)
class Mistake:
    """How it is made, and what is said of it; `remedy` is a part of the advice, of the address to paste or the menu."""

    name: str
    make: Change
    check: str
    grade: Grade
    remedy: str

    def __str__(self) -> str:
        return self.name


FATAL, ATTENTION = Grade.FATAL, Grade.ATTENTION


def faults(picture: Picture) -> list[Finding]:
    return [finding for finding in examine(picture) if finding.grade is not Grade.FINE]


def everything(finding: Finding) -> str:
    """All that is told to the person who is to mend it."""
    menu = finding.menu.path if finding.menu else ""
    return f"{finding.said('en')} {finding.advice('en')} {menu} {finding.paste}"
