"""Sites: their addresses, origins and keys, and how the gateway finds them."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import AccountFactory, ReturnURLFactory, SiteFactory
from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchAccount, NoSuchSite, SealBroken, Taken
from wxadmin.models import AuditEntry, ReturnURL, Site
from wxadmin.models.sealed import handoff_key_bound_to
from wxadmin.queries import registry
from wxadmin.security import return_urls
from wxadmin.security.hashes import sha256
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts, sites
from wxadmin.services.sites import NewKeys, SiteForm

KEYS = KeyRing(["the key that this test run seals with"])
BACK = "https://shop.example.com/back"


@pytest.fixture(autouse=True)
def account(session: Session) -> None:
    AccountFactory(name="tea")


def add(session: Session, name: str = "shop", account: str = "tea", **form: Any) -> str:
    return add_with_keys(session, name, account, **form).api_key


def add_with_keys(session: Session, name: str = "shop", account: str = "tea", **form: Any) -> NewKeys:
    given = SiteForm(**{"return_urls": [BACK], **form})
    made = sites.add(session, KEYS, account=account, name=name, form=given, actor="ada")
    session.flush()
    return made


def change(session: Session, **form: Any) -> str | None:
    return sites.change(session, KEYS, "shop", SiteForm(**form), actor="ada")


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
        {"privacy_url": "http://shop.example.com/privacy"},
        {"privacy_url": "shop.example.com/privacy"},
        {"privacy_url": "javascript:alert(1)"},
        {"privacy_url": "https://user@shop.example.com/"},
        {"privacy_url": "https://shop.example.com/\npage"},
        {"privacy_url": "https://shop.example.com/" + "a" * 1_024},
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
        change(session, dev=False)


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

    change(session, handoff="openid", contact="店长")

    site = sites.find(session, "shop")
    assert (site.title, site.handoff, site.contact, site.page_code) == ("小店", "openid", "店长", True)
    assert urls(session) == [BACK]


def test_a_new_site_has_everything_switched_off(session: Session) -> None:
    made = add_with_keys(session)

    site = sites.find(session, "shop")
    assert (site.explain, site.snapshot_guest, site.profile_required, site.privacy_url) == (False, False, False, None)
    assert (made.handoff_key, site.handoff_key_sealed) == (None, None)


def test_what_is_switched_on_is_known_to_the_gateway_and_told_in_the_audit(session: Session) -> None:
    add(session)
    switches = {"explain": True, "snapshot_guest": True, "profile_required": True}

    change(session, **switches, page_code=False, privacy_url="https://shop.example.com/privacy?lang=zh#data")

    [known] = [site for site in registry.load(session).sites if site.name == "shop"]
    assert (known.explain, known.snapshot_guest, known.profile_required) == (True, True, True)
    assert known.privacy_url == "https://shop.example.com/privacy?lang=zh#data"
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "site_changed"))
    said = json.loads(entry.details or "")
    assert {name: value for name, value in said.items() if value is not None} == switches | {
        "privacy_url": "https://shop.example.com/privacy?lang=zh#data"
    }


def test_an_empty_privacy_url_takes_the_stored_one_away(session: Session) -> None:
    add(session, privacy_url="https://shop.example.com/privacy")

    change(session, privacy_url="")

    assert sites.find(session, "shop").privacy_url is None


def signing_key(session: Session, at: datetime) -> str | None:
    """What the gateway would sign with at the time."""
    session.flush()
    [known] = [site for site in registry.load(session).sites if site.name == "shop"]
    sealed = known.signing_key_sealed(at)
    return KEYS.open(sealed, handoff_key_bound_to("shop")) if sealed else None


@pytest.mark.parametrize("is_new", [True, False])
def test_hand_off_openid_makes_its_key_which_is_stored_sealed_and_not_in_the_audit(
    session: Session, is_new: bool
) -> None:
    if is_new:
        key = add_with_keys(session, handoff="openid").handoff_key
    else:
        add(session)
        key = change(session, handoff="openid")

    assert key is not None
    assert re.fullmatch("wxh_[A-Z2-7]{40}", key)
    assert key.encode() not in (sites.find(session, "shop").handoff_key_sealed or b"")
    assert signing_key(session, utcnow()) == key
    entries = session.scalars(select(AuditEntry)).all()
    assert "site_handoff_key_made" in {entry.action for entry in entries}
    assert not [entry for entry in entries if key[4:] in (entry.details or "")]


def test_a_hand_off_key_stays_when_the_hand_off_is_another_and_this_one_again(session: Session) -> None:
    key = add_with_keys(session, handoff="openid").handoff_key
    change(session, handoff="ticket")
    meanwhile = signing_key(session, utcnow())

    again = change(session, handoff="openid")

    assert (meanwhile, again) == (None, None)
    assert signing_key(session, utcnow()) == key


def test_a_sealed_hand_off_key_opens_for_no_other_site(session: Session) -> None:
    add_with_keys(session, handoff="openid")
    sealed = sites.find(session, "shop").handoff_key_sealed

    with pytest.raises(SealBroken):
        KEYS.open(sealed or b"", handoff_key_bound_to("kiosk"))


def rotate_handoff_key(session: Session, grace: timedelta) -> str:
    return sites.rotate_handoff_key(session, KEYS, "shop", grace, actor="ada")


def test_the_old_hand_off_key_signs_until_the_grace_ends(session: Session) -> None:
    old = add_with_keys(session, handoff="openid").handoff_key

    new = rotate_handoff_key(session, timedelta(hours=24))

    soon = utcnow() + timedelta(hours=23, minutes=59)
    assert (signing_key(session, soon), signing_key(session, soon + timedelta(minutes=2))) == (old, new)


def test_a_second_rotation_within_the_grace_leaves_the_key_that_signs_in_use(session: Session) -> None:
    first = add_with_keys(session, handoff="openid").handoff_key
    rotate_handoff_key(session, timedelta(hours=24))

    third = rotate_handoff_key(session, timedelta(hours=48))

    soon = utcnow() + timedelta(hours=47)
    assert (signing_key(session, soon), signing_key(session, soon + timedelta(hours=2))) == (first, third)


def test_a_hand_off_key_without_grace_signs_at_once(session: Session) -> None:
    add_with_keys(session, handoff="openid")
    rotate_handoff_key(session, timedelta(hours=24))

    new = rotate_handoff_key(session, timedelta(0))

    assert signing_key(session, utcnow()) == new


def test_a_site_without_a_hand_off_key_has_none_to_rotate(session: Session) -> None:
    add(session)

    with pytest.raises(BadValue, match="hand-off openid makes one"):
        rotate_handoff_key(session, timedelta(0))


def test_new_addresses_take_the_place_of_the_old_ones_though_some_are_the_same(session: Session) -> None:
    add(session, return_urls=[BACK, "https://shop.example.com/old"], origins=["https://a.example", "https://b.example"])

    change(session, return_urls=["https://shop.example.com/new", BACK], origins=["https://b.example"])

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


def test_a_site_that_is_switched_on_again_is_known_by_its_key(session: Session) -> None:
    key = add(session)
    sites.disable(session, "shop", actor="ada")

    sites.enable(session, "shop", actor="eve")

    known = registry.load(session).site_of_key(sha256(key), utcnow())
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.at.desc())).first()
    assert known is not None
    assert known.name == "shop"
    assert entry is not None
    assert (entry.actor, entry.action, entry.subject) == ("eve", "site_enabled", "shop")


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
