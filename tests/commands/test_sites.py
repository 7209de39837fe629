"""wxadmin site …"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from tests import running
from tests.databases import on_sqlite
from tests.running import RETURN_URL, SiteKeys
from wxadmin.clock import utcnow
from wxadmin.models import ReturnURL, Site
from wxadmin.models.sealed import handoff_key_bound_to
from wxadmin.security.hashes import sha256

Stored = Callable[[type], Sequence]
ADD = ("site", "add", "--account", "tea", "--name", "booking")


def site(stored: Stored, name: str) -> Site:
    found: Site = next(site for site in stored(Site) if site.name == name)
    return found


def test_a_site_is_added_and_its_key_printed_once(wxadmin: Callable, site_keys: SiteKeys, stored: Stored) -> None:
    said = wxadmin(
        *ADD, "--return-url", "https://b.example.com/", "--return-url", "https://b.example.com/in", "--title", "预约"
    )

    key = said.out.strip()

    assert said.code == 0
    assert key.startswith("wxs_")
    assert site(stored, "booking").key_hash == sha256(key)
    assert (site(stored, "booking").title, site(stored, "booking").handoff) == ("预约", "ticket")
    assert key not in said.err
    assert key not in wxadmin("site", "list").out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "a site needs at least one return URL"),
        (("--return-url", "shop.example.com"), "'shop.example.com' cannot be a return URL"),
        (("--return-url", "http://127.0.0.1:3000/"), "'http://127.0.0.1:3000/' is a local address"),
        (("--return-url", "https://b.example.com/?a=1"), "'https://b.example.com/?a=1' cannot be a return URL"),
        (("--return-url", "https://b.example.com/", "--handoff", "cookie"), "the hand-off is one of"),
        (("--return-url", "https://b.example.com/", "--origin", "b.example.com"), "'b.example.com' is no origin"),
        (
            ("--return-url", "https://b.example.com/", "--privacy-url", "http://b.example.com/"),
            "'http://b.example.com/' c",
        ),
    ],
)
@on_sqlite
def test_a_site_that_cannot_be_is_one_line(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored, *, options: tuple[str, ...], told: str
) -> None:
    said = wxadmin(*ADD, *options)

    assert said.code == 1
    assert said.err.startswith(f"wxadmin: {told}")
    assert len(said.err.splitlines()) == 1
    assert len(stored(Site)) == 2


@on_sqlite
def test_a_development_site_may_return_to_a_local_address(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored
) -> None:
    said = wxadmin(*ADD, "--dev", "--return-url", "http://localhost:3000/")

    assert said.code == 0
    assert site(stored, "booking").dev


@on_sqlite
def test_a_site_of_no_account_is_not_added(wxadmin: Callable, site_keys: SiteKeys) -> None:
    said = wxadmin("site", "add", "--account", "coffee", "--name", "bar", "--return-url", "https://b.example.com/")

    assert (said.code, said.err.splitlines()) == (
        1,
        ["wxadmin: there is no account 'coffee'; `wxadmin account list` shows them"],
    )


def test_what_is_not_given_stays_as_it_is(wxadmin: Callable, site_keys: SiteKeys, stored: Stored) -> None:
    renamed = wxadmin("site", "set", "shop", "--title", "新茶铺", "--handoff", "openid", "--page-code")
    moved = wxadmin("site", "set", "shop", "--return-url", "https://new.example.com/", "--no-page-code")

    shop = site(stored, "shop")

    assert (renamed.code, moved.code) == (0, 0)
    assert (shop.title, shop.handoff, shop.page_code, shop.contact) == ("新茶铺", "openid", False, "店长 010-12345678")
    assert [allowed.url for allowed in stored(ReturnURL) if allowed.site_id == shop.id] == ["https://new.example.com/"]
    assert shop.key_hash == sha256(site_keys.shop)


def test_what_a_site_switches_on_stays_on_until_it_is_switched_off(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored
) -> None:
    switches = ("--explain", "--privacy-url", "https://shop.example.com/privacy", "--snapshot-guest")
    switched = wxadmin("site", "set", "shop", *switches, "--profile-required")
    kept = wxadmin("site", "set", "shop", "--title", "新茶铺", "--no-snapshot-guest", "--privacy-url", "")

    shop = site(stored, "shop")

    assert (switched.code, kept.code) == (0, 0)
    assert (shop.explain, shop.snapshot_guest, shop.profile_required) == (True, False, True)
    assert shop.privacy_url is None


@on_sqlite
def test_hand_off_openid_is_warned_about_and_prints_its_key_once(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored
) -> None:
    switched = wxadmin("site", "set", "shop", "--handoff", "openid")
    again = wxadmin("site", "set", "shop", "--handoff", "openid")
    added = wxadmin(*ADD, "--return-url", "https://b.example.com/", "--handoff", "openid")

    changed, key = switched.out.split("\n")[:2]
    api_key, other_key = added.out.split()

    assert changed == "site shop changed"
    assert opened(site(stored, "shop")) == key
    assert (site(stored, "booking").key_hash, opened(site(stored, "booking"))) == (sha256(api_key), other_key)
    assert again.out == "site shop changed\n"
    for said in (switched, again, added):
        assert "warning: whoever sees an address" in said.err
        assert "wxh_" not in said.err


def opened(site: Site) -> str:
    return running.keys().open(site.handoff_key_sealed or b"", handoff_key_bound_to(site.name))


@on_sqlite
def test_a_rotated_hand_off_key_has_its_grace(wxadmin: Callable, site_keys: SiteKeys, stored: Stored) -> None:
    old = wxadmin("site", "set", "shop", "--handoff", "openid").out.split("\n")[1]
    said = wxadmin("site", "rotate-handoff-key", "shop", "--grace", "30m")

    shop = site(stored, "shop")

    assert said.code == 0
    assert opened(shop) == said.out.strip() != old
    assert running.keys().open(shop.old_handoff_key_sealed or b"", handoff_key_bound_to("shop")) == old
    assert timedelta(minutes=29) < (shop.old_handoff_key_until or utcnow()) - utcnow() <= timedelta(minutes=30)


@on_sqlite
def test_a_site_without_a_hand_off_key_is_told_how_to_get_one(wxadmin: Callable, site_keys: SiteKeys) -> None:
    said = wxadmin("site", "rotate-handoff-key", "shop")

    assert (said.code, said.err.splitlines()) == (
        1,
        ["wxadmin: the site has no hand-off key yet: hand-off openid makes one"],
    )


@pytest.mark.parametrize(
    ("grace", "runs"), [("24h", timedelta(hours=24)), ("30m", timedelta(minutes=30)), ("0s", timedelta(0))]
)
@on_sqlite
def test_a_rotated_key_has_its_grace(
    wxadmin: Callable, site_keys: SiteKeys, stored: Stored, *, grace: str, runs: timedelta
) -> None:
    said = wxadmin("site", "rotate-key", "shop", "--grace", grace)

    shop = site(stored, "shop")

    assert said.code == 0
    assert shop.key_hash == sha256(said.out.strip())
    assert shop.old_key_hash == sha256(site_keys.shop)
    assert shop.old_key_until is not None
    assert abs(shop.old_key_until - utcnow() - runs) < timedelta(minutes=1)


@pytest.mark.parametrize("grace", ["soon", "24", "-1h", "1.5h", "9999999d"])
@on_sqlite
def test_a_grace_is_a_number_and_a_unit(wxadmin: Callable, site_keys: SiteKeys, stored: Stored, grace: str) -> None:
    said = wxadmin("site", "rotate-key", "shop", "--grace", grace)

    assert said.code == 1
    assert "is no time such as 24h" in said.err
    assert site(stored, "shop").key_hash == sha256(site_keys.shop)


@on_sqlite
def test_sites_are_listed_with_their_state(wxadmin: Callable, site_keys: SiteKeys) -> None:
    wxadmin("site", "disable", "clinic")

    said = wxadmin("site", "list")
    wxadmin("site", "enable", "clinic")
    later = wxadmin("site", "list")

    assert [line.split()[-1] for line in later.out.splitlines()] == ["STATE", "on", "on"]
    assert [line.split()[0] for line in said.out.splitlines()] == ["NAME", "clinic", "shop"]
    assert [line.split()[-1] for line in said.out.splitlines()] == ["STATE", "off", "on"]
    assert RETURN_URL in said.out


@pytest.mark.parametrize("verb", ["set", "rotate-key", "disable", "enable"])
@on_sqlite
def test_a_site_that_is_not_there_is_named(wxadmin: Callable, site_keys: SiteKeys, verb: str) -> None:
    said = wxadmin("site", verb, "bar")

    assert (said.code, said.err) == (1, "wxadmin: there is no site 'bar'; `wxadmin site list` shows them\n")
