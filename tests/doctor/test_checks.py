"""Each mistake of a set-up, made on purpose, is named with what to do about it; a right set-up passes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from wxadmin.doctor import console_menus as menus
from wxadmin.doctor.examining import examine
from wxadmin.doctor.findings import Finding, Grade
from wxadmin.doctor.picture import Answer, Outside, Page, Picture, Store
from wxadmin.models import Hold
from wxadmin.queries.account_refreshes import HeldAccount
from wxadmin.queries.accounts import AccountRow
from wxadmin.queries.attention import IdleJob
from wxadmin.queries.sites import SiteRow
from wxadmin.settings import Settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
URL = "https://m.example.com"
HEALTHY = Page(200, '{"status": "ok"}')
KEY = "f3a1c5e7" * 8
Change = Callable[[Picture], Picture]


def settings(**changes: Any) -> Settings:
    right = {"public_url": URL, "secret_keys": [KEY], "admin_networks": ["10.0.0.0/8"], "trusted_proxies": []}
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
OUTSIDE = Outside(
    answers={"tea": Answer("")},
    health=HEALTHY,
    ownership={"tea": Page(200, "0123456789abcdef\n")},
    certificate_ends=NOW + timedelta(days=60),
    wechats_skew=timedelta(seconds=1),
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
HELD = HeldAccount(1, "tea", "云雾茶铺", Hold.CONFIG, "40164", None, NOW, None)
MISTAKES = [
    Mistake("no public address", with_settings(public_url=None), "public-url", FATAL, "https://m.example.com"),
    Mistake("an IP address", with_settings(public_url="https://203.0.113.9"), "public-url-domain", FATAL, "ICP备案"),
    Mistake("localhost", with_settings(public_url="http://localhost"), "public-url-domain", FATAL, "网页授权域名"),
    Mistake("a port", with_settings(public_url="https://m.example.com:8443"), "public-url-port", FATAL, "port 443"),
    Mistake(
        "plain http", with_settings(public_url="http://m.example.com"), "public-url-https", ATTENTION, "certificate"
    ),
    Mistake(
        "a simulator",
        with_settings(wechat_open_url="http://s.test", wechat_api_url="http://s.test"),
        "wechat-addresses",
        ATTENTION,
        "unset",
    ),
    Mistake("half a simulator", with_settings(wechat_api_url="http://s.test"), "wechat-addresses", FATAL, "both"),
    Mistake("anybody outside WeChat", with_settings(outside_wechat="pass"), "outside-wechat", ATTENTION, "QR code"),
    Mistake(
        "every proxy is trusted", with_settings(trusted_proxies=["0.0.0.0/0"]), "trusted-proxies", FATAL, "10.0.0.5/32"
    ),
    Mistake(
        "a proxy that is not trusted",
        with_store(seen_as=["10.0.0.5"] * 30),
        "trusted-proxies",
        ATTENTION,
        "X-Forwarded-For",
    ),
    Mistake("an open dashboard", with_settings(admin_networks=[]), "admin-networks", ATTENTION, "ADMIN_NETWORKS"),
    Mistake("a key that is guessed", with_settings(secret_keys=["a" * 64]), "secret-keys", FATAL, "openssl rand"),
    Mistake("refreshing too late", with_settings(refresh_ahead=40), "refresh-ahead", ATTENTION, "900"),
    Mistake("no fsync", with_store(unsafe={"fsync": "off"}), "durability", FATAL, "ALTER SYSTEM"),
    Mistake("a slow clock", with_store(skew=timedelta(seconds=40)), "database-clock", ATTENTION, "NTP"),
    Mistake("a full disk", with_store(free_bytes=9_000_000), "disk", FATAL, "room"),
    Mistake("a readable key", with_store(readable=["var/secret_keys"]), "readable-secrets", FATAL, "chmod 600"),
    Mistake("a missing key", with_store(needed_key_ids=["aaaa0000", "bbbb0000"]), "keys", FATAL, "keys forget"),
    Mistake("a spare key", with_store(key_ids=["aaaa0000", "cccc0000"]), "keys", ATTENTION, "Take it out"),
    Mistake("a job that failed", with_store(jobs=[IdleJob("sweep", NOW, "boom")]), "jobs", ATTENTION, "log"),
    Mistake("a job that hangs", with_store(jobs=[IdleJob("refresh", NOW, None)]), "jobs", ATTENTION, "wxadmin serve"),
    Mistake(
        "steps that are not purged", with_store(oldest_step=NOW - timedelta(days=203)), "retention", ATTENTION, "log"
    ),
    Mistake(
        "entries that are not purged",
        with_store(oldest_entry=NOW - timedelta(days=1_098)),
        "retention",
        ATTENTION,
        "serve",
    ),
    Mistake("files on another host", with_store(files_elsewhere=3), "export-files", ATTENTION, "share the folder"),
    Mistake("nobody administers", with_store(admins=0), "staff", ATTENTION, "staff add"),
    Mistake("no account", with_(accounts=[]), "accounts", FATAL, "account add"),
    Mistake("an account that is off", with_account(disabled_at=NOW), "accounts", FATAL, "account add"),
    Mistake("no AppSecret", with_account(has_secret=False), "app-secret", FATAL, "account secret tea"),
    Mistake("a wrong AppSecret", answering("40125"), "app-secret", FATAL, "AppSecret"),
    Mistake("a wrong AppID", answering("40013"), "app-secret", FATAL, "AppID"),
    Mistake(
        "an address that is not allowed",
        answering("40164", "invalid ip 198.51.100.4 ipv6 ::ffff"),
        "app-secret",
        FATAL,
        "198.51.100.4",
    ),
    Mistake("an account without the right", answering("48001"), "app-secret", FATAL, "认证"),
    Mistake("another refusal", answering("61024"), "app-secret", FATAL, "61024"),
    Mistake("WeChat out of reach", answering("gw_connect"), "app-secret", FATAL, "api.weixin.qq.com"),
    Mistake("an AppSecret under a lost key", answering("gw_key_missing"), "app-secret", FATAL, "SECRET_KEYS"),
    Mistake("no ownership file", with_account(verify_name=None), "ownership-file", ATTENTION, "--verify-file"),
    Mistake(
        "an ownership file that is not passed on",
        with_outside(ownership={"tea": Page(404)}),
        "ownership-file",
        FATAL,
        "at the root",
    ),
    Mistake(
        "another ownership file", with_outside(ownership={"tea": Page(200, "other")}), "ownership-file", FATAL, "root"
    ),
    Mistake("a paused account", with_(held=[HELD]), "refreshing", ATTENTION, "token health"),
    Mistake(
        "silent tokens are refreshed",
        lambda right: replace(right, accounts=[replace(ACCOUNT, refresh_policy="all")], silent={"tea": 40_000}),
        "refreshing",
        ATTENTION,
        "--refresh userinfo",
    ),
    Mistake("no site", with_(sites=[]), "sites", FATAL, "site add"),
    Mistake("no return URL", with_site(return_urls=[]), "return-urls", FATAL, "--return-url"),
    Mistake(
        "a return URL in the clear",
        with_site(return_urls=["http://shop.example.com/"]),
        "return-urls",
        ATTENTION,
        "https",
    ),
    Mistake(
        "a return URL of a machine",
        with_site(return_urls=["https://10.1.2.3/back"]),
        "return-urls",
        ATTENTION,
        "domain",
    ),
    Mistake("a return URL of the gateway", with_site(return_urls=[f"{URL}/"]), "return-urls", FATAL, "path"),
    Mistake("codes of no page", with_site(page_code=True), "page-codes", FATAL, "--origin"),
    Mistake("OpenIDs in addresses", with_site(handoff="openid", has_handoff_key=True), "hand-off", ATTENTION, "ticket"),
    Mistake("nothing to sign with", with_site(handoff="openid"), "hand-off", FATAL, "rotate-handoff-key"),
    Mistake("nobody to call", with_site(contact=None), "contact", ATTENTION, "--contact"),
    Mistake("no privacy notice", with_site(explain=True), "privacy-link", ATTENTION, "--privacy-url"),
    Mistake("a site for trials", with_site(dev=True), "trial-sites", ATTENTION, "--no-dev"),
    Mistake("nothing answers", with_outside(health=Page(error="refused")), "reachable", FATAL, "firewall"),
    Mistake("something else answers", with_outside(health=Page(200, "<html>")), "reachable", FATAL, "whole path"),
    Mistake(
        "the address moves on",
        with_outside(health=Page(301, "", "https://www.example.com/")),
        "reachable",
        FATAL,
        "www",
    ),
    Mistake(
        "a broken chain",
        with_outside(certificate_ends=None, certificate_error="CERTIFICATE_VERIFY_FAILED"),
        "certificate",
        FATAL,
        "chain",
    ),
    Mistake(
        "a certificate that ends soon",
        with_outside(certificate_ends=NOW + timedelta(days=20)),
        "certificate",
        ATTENTION,
        "Renew",
    ),
    Mistake(
        "a certificate that ends at once",
        with_outside(certificate_ends=NOW + timedelta(days=3)),
        "certificate",
        FATAL,
        "Renew",
    ),
    Mistake("a clock minutes off", with_outside(wechats_skew=timedelta(minutes=-4)), "clock", ATTENTION, "NTP"),
]


def faults(picture: Picture) -> list[Finding]:
    return [finding for finding in examine(picture) if finding.grade is not Grade.FINE]


def everything(finding: Finding) -> str:
    """All that is told to the person who is to mend it."""
    menu = finding.menu.path if finding.menu else ""
    return f"{finding.said('en')} {finding.advice('en')} {menu} {finding.paste}"


def test_a_right_set_up_passes_and_says_what_was_looked_at() -> None:
    assert faults(RIGHT) == []
    assert len(examine(RIGHT)) >= 12


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_each_mistake_is_named_with_its_remedy(mistake: Mistake) -> None:
    found = faults(mistake.make(RIGHT))

    [named] = [finding for finding in found if finding.check == mistake.check]
    assert named.grade is mistake.grade
    assert mistake.remedy in everything(named)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_named_in_chinese_too(mistake: Mistake) -> None:
    for finding in faults(mistake.make(RIGHT)):
        assert finding.said("zh_CN") != finding.said("en")
        assert (
            finding.remedy == ""
            or finding.remedy.startswith("wxadmin ")
            or finding.advice("zh_CN") != finding.advice("en")
        )


def test_the_gravest_come_first() -> None:
    grades = [finding.grade for finding in examine(replace(RIGHT, accounts=[], sites=[]))]

    assert grades == sorted(grades, key=list(Grade).index)


def test_the_domain_to_enter_is_the_host_alone() -> None:
    [finding] = [finding for finding in examine(RIGHT) if finding.check == "public-url"]

    assert (finding.paste, finding.menu) == ("m.example.com", menus.WEB_AUTHORIZATION_DOMAIN)


def test_the_address_to_allow_is_the_one_that_wechat_saw() -> None:
    [finding] = faults(answering("40164", "invalid ip 198.51.100.4, not in whitelist")(RIGHT))

    assert (finding.paste, finding.menu) == ("198.51.100.4", menus.IP_ALLOW_LIST)


def test_what_is_a_trial_by_intent_is_not_called_a_mistake() -> None:
    trial = settings(
        public_url=None, wechat_open_url="http://s.test", wechat_api_url="http://s.test", admin_networks=[]
    )
    site = replace(SITE, return_urls=["http://127.0.0.1:8002/back"], dev=True)

    found = faults(replace(RIGHT, settings=trial, public_url="http://127.0.0.1:8000", sites=[site], outside=None))

    assert [finding.check for finding in found] == ["wechat-addresses"]


def test_sample_data_needs_neither_secret_nor_site() -> None:
    sample = replace(ACCOUNT, name="sample", appid="wxsample0123456789", has_secret=False)

    assert faults(replace(RIGHT, accounts=[ACCOUNT, sample])) == []


def test_what_is_about_to_be_purged_is_not_called_late() -> None:
    store = replace(STORE, oldest_step=NOW - timedelta(days=201), oldest_entry=NOW - timedelta(days=1_096))

    found = [finding for finding in examine(replace(RIGHT, store=store)) if finding.check == "retention"]

    assert [finding.grade for finding in found] == [Grade.FINE]
    assert "200" in found[0].said("en")


def test_trusted_networks_are_named() -> None:
    trusted = settings(trusted_proxies=[str(ip_network("10.0.0.5/32"))])

    assert faults(replace(RIGHT, settings=trusted, store=replace(STORE, seen_as=["8.8.4.4"] * 30))) == []
