"""The example for old sites: it believes an address that a real gateway signed for this browser just now, no other."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from tests import running
from tests.examples.conftest import EXAMPLES, House
from tests.examples.test_redeem import last_person, log_in, paragraphs
from tests.running import Program
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.security import signed_returns
from wxadmin.services import sites
from wxadmin.services.sites import SiteForm

NEW_KEY = "wxh_the-key-that-comes-next"


@dataclass(frozen=True)
class OldSite:
    """The example as a process, before a gateway that signs with `key`."""

    house: House
    url: str
    key: str
    program: Program


@pytest.fixture(scope="module")
def site(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldSite]:
    folder, url = tmp_path_factory.mktemp("handoff"), f"http://localhost:{running.unused_port()}"
    key = add_site(house.database_url, f"{url}/back")
    env = {"GATEWAY_URL": house.front.url, "HANDOFF_KEYS": f"{key},{NEW_KEY}", "SITE_URL": url}
    script = str(EXAMPLES / "handoff.py")
    with running.started(
        script, env=env | {"PATH": os.environ["PATH"]}, folder=folder, executable=sys.executable
    ) as program:
        program.answers(f"{url}/")
        yield OldSite(house, url, key, program)


def add_site(database_url: str, return_url: str) -> str:
    database = Database(database_url)
    try:
        form = SiteForm(return_urls=[return_url], handoff="openid", dev=True)
        made = database.write_now(sites.add, running.keys(), account="tea", name="old", form=form, actor="test")
        assert made.handoff_key is not None
        return made.handoff_key
    finally:
        database.close()


def signed(browser: httpx.Client, site: OldSite, *, key: str, ago: timedelta = timedelta(0)) -> str:
    """An address for a login that the browser began, as a gateway with this key signs it."""
    browser.get(f"{site.url}/login")
    url = f"{site.url}/back?mark={browser.cookies['mark']}"
    return signed_returns.signed(url, key, openid="oSigned", ticket="T", profile={}, at=utcnow() - ago)


def signed_in(browser: httpx.Client, site: OldSite) -> list[str]:
    """Nickname and openid of whoever is signed in in the browser."""
    return paragraphs(browser.get(f"{site.url}/"))


def test_a_visitor_signs_in_and_the_site_knows_them(site: OldSite, browser: httpx.Client) -> None:
    back = log_in(browser, site.url)

    reply = browser.get(back)

    person = last_person(site.house)
    assert reply.headers["Location"] == "/"
    assert signed_in(browser, site) == [person["nickname"], person["openid"]]


def test_a_visitor_who_is_asked_nothing_has_no_name(site: OldSite, browser: httpx.Client) -> None:
    browser.get(log_in(browser, site.url, scope="snsapi_base"))

    assert signed_in(browser, site) == ["", last_person(site.house)["openid"]]


@pytest.mark.parametrize(
    ("find", "replace"),
    [
        ("&openid=o", "&openid=x"),
        ("&openid=o", "&openid=oVictim&openid=o"),
        ("&ts=1", "&ts=2"),
        ("&nickname=", "&nickname=x"),
        ("&headimgurl=", "&headimgurl=x"),
        ("&ticket=", "&ticket=x"),
        ("&sig=", "&sig=x"),
        ("&sig=", "&sig=%E8%8C%B6&x="),
        ("&sig=", "&openid=oVictim&sig="),
        ("&sig=", "&nothing="),
        ("?mark=", "?mark=x"),
        ("?mark=", "?from=timeline&mark="),
    ],
)
def test_an_address_that_was_changed_signs_nobody_in(
    site: OldSite, browser: httpx.Client, find: str, replace: str
) -> None:
    back = log_in(browser, site.url)
    changed = back.replace(find, replace, 1)

    reply = browser.get(changed)

    assert changed != back
    assert reply.status_code == 400
    assert signed_in(browser, site) == []


@pytest.mark.parametrize("seconds", [302, -90])
def test_an_address_of_another_time_signs_nobody_in(site: OldSite, browser: httpx.Client, seconds: int) -> None:
    back = signed(browser, site, key=site.key, ago=timedelta(seconds=seconds))

    reply = browser.get(back)

    assert reply.status_code == 400
    assert signed_in(browser, site) == []


@pytest.mark.parametrize("seconds", [240, -30])
def test_an_address_of_within_five_minutes_signs_in_though_clocks_differ(
    site: OldSite, browser: httpx.Client, seconds: int
) -> None:
    browser.get(signed(browser, site, key=site.key, ago=timedelta(seconds=seconds)))

    assert signed_in(browser, site) == ["", "oSigned"]


def test_both_keys_are_good_while_one_takes_the_place_of_the_other(site: OldSite, browser: httpx.Client) -> None:
    browser.get(signed(browser, site, key=NEW_KEY))

    assert signed_in(browser, site) == ["", "oSigned"]


def test_a_key_that_is_not_the_sites_signs_nobody_in(site: OldSite, browser: httpx.Client) -> None:
    reply = browser.get(signed(browser, site, key="wxh_another"))

    assert reply.status_code == 400
    assert signed_in(browser, site) == []


def test_a_login_of_another_browser_is_refused(
    site: OldSite, browser: httpx.Client, other_browser: httpx.Client
) -> None:
    back = log_in(browser, site.url)
    log_in(other_browser, site.url)

    reply = other_browser.get(back)

    assert reply.status_code == 400
    assert signed_in(other_browser, site) == []


def test_an_address_without_a_mark_is_refused_though_it_is_signed(site: OldSite, browser: httpx.Client) -> None:
    back = signed_returns.signed(f"{site.url}/back", site.key, openid="oX", ticket="T", profile={}, at=utcnow())

    assert browser.get(back).status_code == 400
    assert signed_in(browser, site) == []


def test_a_guest_may_look_around_and_is_nobody(site: OldSite, browser: httpx.Client) -> None:
    reply = browser.get(f"{site.url}/back?guest=declined&openid=oX")

    assert (reply.status_code, reply.headers["Location"]) == (302, "/")
    assert signed_in(browser, site) == []


def test_nobody_is_written_down(site: OldSite, browser: httpx.Client) -> None:
    browser.get(log_in(browser, site.url))

    assert last_person(site.house)["openid"] not in site.program.output
    assert site.key not in site.program.output
