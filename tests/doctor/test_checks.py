"""Each mistake of a set-up, made on purpose, is named with what to do about it; a right set-up passes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network

import pytest

from tests.doctor.pictures import (
    ACCOUNT,
    ATTENTION,
    FATAL,
    NOW,
    RIGHT,
    SITE,
    STORE,
    URL,
    Mistake,
    answering,
    everything,
    faults,
    settings,
    with_,
    with_account,
    with_outside,
    with_settings,
    with_site,
    with_store,
)
from wxadmin.doctor import console_menus as menus
from wxadmin.doctor.examining import examine
from wxadmin.doctor.findings import Grade
from wxadmin.doctor.picture import Page
from wxadmin.models import Hold
from wxadmin.queries.account_refreshes import HeldAccount
from wxadmin.queries.attention import IdleJob

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
    Mistake(
        "a dashboard open to every network",
        with_settings(admin_networks=["0.0.0.0/0"]),
        "admin-networks",
        ATTENTION,
        "10.0.0.0/8",
    ),
    Mistake(
        "pages without encryption that exchange codes",
        with_site(page_code=True, origins=["http://shop.example.com"]),
        "origins",
        ATTENTION,
        "--origin https",
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
    Mistake("no day of verification", with_account(verified_until=None), "verification", ATTENTION, "认证情况"),
    Mistake(
        "a verification that ends this month",
        with_account(verified_until=date(2026, 7, 1)),
        "verification",
        ATTENTION,
        "10005 to everybody",
    ),
    Mistake(
        "a verification that ends this week",
        with_account(verified_until=date(2026, 6, 8)),
        "verification",
        FATAL,
        "Renew it there",
    ),
    Mistake(
        "a verification that has ended",
        with_account(verified_until=date(2026, 5, 31)),
        "verification",
        FATAL,
        "账号详情",
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


def test_a_right_set_up_passes_and_says_what_was_looked_at() -> None:
    assert faults(RIGHT) == []
    assert len(examine(RIGHT)) >= 18


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


@pytest.mark.parametrize(
    ("until", "days"),
    [(date(2026, 6, 1), "in 0 days"), (date(2026, 6, 8), "in 7 days"), (date(2026, 7, 1), "in 30 days")],
)
def test_the_days_of_a_verification_are_those_of_the_zone(until: date, days: str) -> None:
    # Half an hour before midnight in Greenwich it is the next day in Shanghai.
    night = replace(with_account(verified_until=until)(RIGHT), now=datetime(2026, 5, 31, 23, 30, tzinfo=UTC))

    [finding] = [one for one in faults(night) if one.check == "verification"]

    assert days in finding.said("en")


def test_a_verification_far_ahead_is_told_with_its_day() -> None:
    [finding] = [one for one in examine(RIGHT) if one.check == "verification"]

    assert (finding.grade, finding.said("en")) == (Grade.FINE, "tea is verified until 2027-03-31.")


def test_what_is_about_to_be_purged_is_not_called_late() -> None:
    store = replace(STORE, oldest_step=NOW - timedelta(days=201), oldest_entry=NOW - timedelta(days=1_096))

    found = [finding for finding in examine(replace(RIGHT, store=store)) if finding.check == "retention"]

    assert [finding.grade for finding in found] == [Grade.FINE]
    assert "200" in found[0].said("en")


def test_trusted_networks_are_named() -> None:
    trusted = settings(trusted_proxies=[str(ip_network("10.0.0.5/32"))])

    assert faults(replace(RIGHT, settings=trusted, store=replace(STORE, seen_as=["8.8.4.4"] * 30))) == []
