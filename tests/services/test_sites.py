"""Sites: their addresses, origins and keys, and how the gateway finds them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import AccountFactory, ReturnURLFactory, SiteFactory
from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchAccount, NoSuchSite, Taken
from wxadmin.models import AuditEntry, ReturnURL, Site
from wxadmin.queries import registry
from wxadmin.security import return_urls
from wxadmin.security.hashes import sha256
from wxadmin.services import accounts, sites
from wxadmin.services.sites import SiteForm

BACK = "https://shop.example.com/back"


@pytest.fixture(autouse=True)
def account(session: Session) -> None:
    AccountFactory(name="tea")


def add(session: Session, name: str = "shop", account: str = "tea", **form: Any) -> str:
    key = sites.add(session, account=account, name=name, form=SiteForm(**{"return_urls": [BACK], **form}), actor="ada")
    session.flush()
    return key


def urls(session: Session, name: str = "shop") -> list[str]:
    session.flush()
    session.expire_all()
    return [allowed.url for allowed in sites.find(session, name).return_urls]


def test_a_site_is_added_and_its_key_is_stored_only_as_a_hash(session: Session) -> None:
    before = registry.version(session)

    key = add(session, title="小店", contact="店长", origins=["https://Shop.example.com"], page_code=True)

    site = sites.find(session, "shop")
    assert (site.title, site.contact, site.handoff, site.page_code, site.dev) == ("小店", "店长", "ticket", True, False)
    assert site.key_hash == sha256(key)
    assert key.startswith("wxs_")
    assert [origin.origin for origin in site.origins] == ["https://shop.example.com"]
    assert registry.version(session) == before + 1


def test_the_key_is_not_in_the_audit(session: Session) -> None:
    keys = [add(session), sites.rotate_key(session, "shop", timedelta(hours=24), actor="ada")]

    told = [f"{entry.action} {entry.details}" for entry in session.scalars(select(AuditEntry))]

    assert len(told) == 2
    assert not [line for line in told for key in keys if key in line or key[4:] in line]


def test_addresses_stay_in_the_order_they_were_given_without_repeats(session: Session) -> None:
    given = [f"https://shop.example.com/{number}" for number in range(40)]

    add(session, return_urls=[*given, *given])

    assert urls(session) == given


@pytest.mark.parametrize(
    "form",
    [
        {"return_urls": []},
        {"return_urls": ["shop.example.com"]},
        {"return_urls": ["https://shop.example.com/back?x=1"]},
        {"return_urls": ["https://shop.example.com/back#x"]},
        {"return_urls": [BACK, "https://shop.example.com/../"]},
        {"return_urls": ["http://127.0.0.1:9001/back"]},
        {"return_urls": ["http://localhost/back"]},
        {"return_urls": ["http://LOCALHOST/back"]},
        {"return_urls": ["http://shop.localhost/back"]},
        {"return_urls": ["http://nas.local/back"]},
        {"return_urls": ["http://intranet/back"]},
        {"return_urls": ["http://10.1.2.3/back"]},
        {"return_urls": ["http://192.168.1.7/back"]},
        {"return_urls": ["http://169.254.169.254/"]},
        {"return_urls": ["http://[::1]/back"]},
        {"return_urls": ["http://[fd00::1]/back"]},
        {"return_urls": ["http://[::ffff:127.0.0.1]/back"]},
        {"return_urls": ["http://0.0.0.0/back"]},
        {"return_urls": ["http://127.1/back"]},
        {"return_urls": ["http://0x7f.0.0.1/back"]},
        {"return_urls": ["http://2130706433/back"]},
        {"return_urls": ["https://shop.example.com/" + "a" * 1_100]},
        {"origins": ["https://shop.example.com/"]},
        {"origins": ["https://shop.example.com/page"]},
        {"origins": ["shop.example.com"]},
        {"origins": ["https://"]},
        {"origins": ["null"]},
        {"origins": ["*"]},
        {"origins": ["https://user@shop.example.com"]},
        {"origins": ["https://shop.example.com:99999"]},
        {"handoff": "cookie"},
        {"title": "店" * 129},
        {"title": "小\x00店"},
        {"contact": "店\n长"},
        {"contact": "1" * 257},
    ],
)
def test_what_cannot_be_a_site_is_refused_with_what_to_type(session: Session, form: dict[str, Any]) -> None:
    with pytest.raises(BadValue) as refused:
        add(session, **form)

    assert "\n" not in str(refused.value)
    assert session.scalars(select(Site).where(Site.name == "shop")).all() == []


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://Shop.Example.com", "https://shop.example.com"),
        ("https://shop.example.com:443", "https://shop.example.com"),
        ("http://shop.example.com:8080", "http://shop.example.com:8080"),
        ("https://[2001:DB8::7]:8443", "https://[2001:db8::7]:8443"),
    ],
)
def test_an_origin_is_stored_as_browsers_send_it(session: Session, given: str, stored: str) -> None:
    add(session, origins=[given])

    assert [origin.origin for origin in sites.find(session, "shop").origins] == [stored]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001/back", "http://localhost/", "http://192.168.1.7:8000/back"])
def test_a_development_site_may_return_to_local_addresses(session: Session, url: str) -> None:
    add(session, return_urls=[url], dev=True)

    assert urls(session) == [url]


def test_a_site_with_local_addresses_cannot_cease_to_be_one_for_development(session: Session) -> None:
    add(session, return_urls=["http://localhost/back"], dev=True)

    with pytest.raises(BadValue, match="local address"):
        sites.change(session, "shop", SiteForm(dev=False), actor="ada")


@pytest.mark.parametrize("name", ["", "Shop", "shop_1", "-shop", "a" * 64])
def test_a_bad_name_is_refused(session: Session, name: str) -> None:
    with pytest.raises(BadValue):
        add(session, name=name)


def test_a_name_in_use_is_refused_even_at_another_account(session: Session) -> None:
    SiteFactory(name="shop")

    with pytest.raises(Taken, match="shop"):
        add(session)


def test_an_account_or_a_site_that_is_not_there_is_named(session: Session) -> None:
    with pytest.raises(NoSuchAccount, match="coffee"):
        add(session, account="coffee")
    with pytest.raises(NoSuchSite, match=r"'kiosk'.*wxadmin site list"):
        sites.disable(session, "kiosk", actor="ada")


def test_a_change_leaves_what_it_does_not_name(session: Session) -> None:
    add(session, title="小店", origins=["https://shop.example.com"], page_code=True)

    sites.change(session, "shop", SiteForm(handoff="openid", contact="店长"), actor="ada")

    site = sites.find(session, "shop")
    assert (site.title, site.handoff, site.contact, site.page_code) == ("小店", "openid", "店长", True)
    assert urls(session) == [BACK]


def test_new_addresses_take_the_place_of_the_old_ones_though_some_are_the_same(session: Session) -> None:
    add(session, return_urls=[BACK, "https://shop.example.com/old"], origins=["https://a.example", "https://b.example"])
    form = SiteForm(return_urls=["https://shop.example.com/new", BACK], origins=["https://b.example"])

    sites.change(session, "shop", form, actor="ada")

    assert urls(session) == ["https://shop.example.com/new", BACK]
    assert [origin.origin for origin in sites.find(session, "shop").origins] == ["https://b.example"]
    assert session.scalars(select(ReturnURL).where(ReturnURL.url.endswith("/old"))).all() == []


def test_the_old_key_is_good_until_its_grace_ends(session: Session) -> None:
    old = add(session)

    new = sites.rotate_key(session, "shop", timedelta(hours=24), actor="ada")

    known, soon = registry.load(session), utcnow() + timedelta(hours=23, minutes=59)
    late = soon + timedelta(minutes=2)
    found = {
        (name, when): known.site_of_key(sha256(key), at)
        for name, key in [("old", old), ("new", new)]
        for when, at in [("soon", soon), ("late", late)]
    }
    assert {which for which, site in found.items() if site} == {("old", "soon"), ("new", "soon"), ("new", "late")}
    assert known.site_of_key(sha256("wxs_made-up"), soon) is None


def test_a_second_rotation_ends_the_first_key_at_once(session: Session) -> None:
    first = add(session)
    second = sites.rotate_key(session, "shop", timedelta(hours=24), actor="ada")

    sites.rotate_key(session, "shop", timedelta(hours=24), actor="ada")

    known = registry.load(session)
    assert known.site_of_key(sha256(first), utcnow()) is None
    assert known.site_of_key(sha256(second), utcnow()) is not None


def test_a_key_without_grace_ends_at_once(session: Session) -> None:
    old = add(session)

    sites.rotate_key(session, "shop", timedelta(0), actor="ada")

    assert registry.load(session).site_of_key(sha256(old), utcnow()) is None


@pytest.mark.parametrize(
    "switch_off", [sites.disable, lambda session, _, actor: accounts.disable(session, "tea", actor=actor)]
)
def test_a_site_that_is_off_or_whose_account_is_off_is_not_known(session: Session, switch_off: Any) -> None:
    key = add(session)

    switch_off(session, "shop", actor="ada")

    known = registry.load(session)
    assert known.site_of_key(sha256(key), utcnow()) is None
    assert [site for site in known.sites if site.name == "shop"] == []


def test_the_longest_allowed_path_names_the_site(session: Session) -> None:
    add(session, name="whole", return_urls=["https://shop.example.com/"])
    add(session, name="menu", return_urls=["https://shop.example.com/menu", "https://other.example.com/"])
    known = registry.load(session)
    account = known.account_named("tea")
    assert account is not None

    named = {}
    for path in ["/", "/menu", "/menu/7", "/menus"]:
        site = known.site_for(account, return_urls.parse(f"https://shop.example.com{path}"))
        named[path] = site and site.name
    elsewhere = known.site_for(account, return_urls.parse("https://evil.example/menu"))

    assert named == {"/": "whole", "/menu": "menu", "/menu/7": "menu", "/menus": "whole"}
    assert elsewhere is None


def test_a_site_of_another_account_is_not_found(session: Session) -> None:
    ReturnURLFactory(url="https://coffee.example.com/back")
    add(session)
    known = registry.load(session)
    account = known.account_named("tea")
    assert account is not None

    site = known.site_for(account, return_urls.parse("https://coffee.example.com/back"))

    assert site is None
