"""The examples that sites copy from: each signs a visitor in through a real gateway, and refuses whom it must."""

import json
import sqlite3
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import httpx
import pytest

from tests.examples.conftest import Example, House
from wxadmin.database.engines import database_url as parsed_url

Curl = Callable[[str], subprocess.CompletedProcess[str]]

LONG_AGO = "2026-01-01 00:00:00.000000"


def test_a_visitor_signs_in_and_the_site_knows_them(example: Example, browser: httpx.Client) -> None:
    back = log_in(browser, example.url)

    reply = browser.get(back)

    person = last_person(example.house)
    assert reply.headers["Location"] == "/"
    assert paragraphs(browser.get(f"{example.url}/")) == [person["nickname"], person["openid"], person["unionid"]]


def test_a_visitor_who_is_asked_nothing_has_no_name(example: Example, browser: httpx.Client) -> None:
    back = log_in(browser, example.url, scope="snsapi_base")

    browser.get(back)

    nickname, openid, _ = paragraphs(browser.get(f"{example.url}/"))
    assert (nickname, openid) == ("", last_person(example.house)["openid"])


def test_a_page_that_is_opened_twice_at_once_signs_in_both_times(example: Example, browser: httpx.Client) -> None:
    back = log_in(browser, example.url)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)

    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda _: httpx.get(back, headers={"Cookie": cookies}, trust_env=False), range(2)))

    assert [reply.status_code for reply in replies] == [302, 302]


@pytest.mark.parametrize("end", ["spent", "expired", "unknown"])
def test_a_ticket_that_is_no_longer_good_leads_to_another_login(
    example: Example, browser: httpx.Client, end: str
) -> None:
    back = spoilt(log_in(browser, example.url), end, example.house)

    reply = browser.get(back)

    assert reply.status_code == 400
    assert "href='/login'" in reply.text
    assert "/login" in browser.get(f"{example.url}/").text


def test_a_login_of_another_browser_is_refused(
    example: Example, browser: httpx.Client, other_browser: httpx.Client
) -> None:
    back = log_in(browser, example.url)

    reply = other_browser.get(back)

    assert reply.status_code == 403
    assert "/login" in other_browser.get(f"{example.url}/").text


def test_a_login_of_another_browser_is_refused_where_that_began_one_too(
    example: Example, browser: httpx.Client, other_browser: httpx.Client
) -> None:
    back = log_in(browser, example.url)
    log_in(other_browser, example.url)

    reply = other_browser.get(back)

    assert reply.status_code == 403
    assert "/login" in other_browser.get(f"{example.url}/").text


def test_a_wrong_key_is_told_to_the_developer_and_not_to_the_visitor(example: Example, browser: httpx.Client) -> None:
    back = log_in(browser, example.url)
    example.house.front.knows_no_key = True

    reply = browser.get(back)

    assert reply.status_code == 502
    assert "key" not in reply.text
    assert "gw_site_key" in example.program.output
    assert example.house.site_key not in example.program.output


def test_a_gateway_that_is_busy_is_asked_again(example: Example, browser: httpx.Client) -> None:
    back = log_in(browser, example.url)
    example.house.front.busy = 1

    reply = browser.get(back)

    assert reply.headers["Location"] == "/"
    assert len(set(example.house.front.redemptions)) == 1
    assert len(example.house.front.redemptions) == 2


def test_a_gateway_that_stays_busy_is_left_alone_in_the_end(example: Example, browser: httpx.Client) -> None:
    back = log_in(browser, example.url)
    example.house.front.busy = 100

    reply = browser.get(back)

    assert reply.status_code == 502
    assert len(example.house.front.redemptions) == 3


def test_a_gateway_that_gives_no_answer_gets_the_visitor_a_page(example: Example, browser: httpx.Client) -> None:
    back = log_in(browser, example.url)
    example.house.front.is_gone = True

    reply = browser.get(back)

    assert reply.status_code == 502
    assert "href='/login'" in reply.text


def test_no_ticket_is_written_down(example: Example, browser: httpx.Client) -> None:
    back = log_in(browser, example.url)

    browser.get(back)

    assert ticket_of(back) not in example.program.output


def test_curl_prints_the_person(house: House, browser: httpx.Client, curl: Curl) -> None:
    ticket = ticket_of(begin(browser, house))

    ended = curl(ticket)

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["openid"] == last_person(house)["openid"]


@pytest.mark.parametrize("end", ["spent", "expired", "unknown"])
def test_curl_says_that_the_login_has_to_begin_again(house: House, browser: httpx.Client, curl: Curl, end: str) -> None:
    ticket = ticket_of(spoilt(begin(browser, house), end, house))

    ended = curl(ticket)

    assert (ended.returncode, ended.stdout) == (3, "")
    assert f"gw_ticket_{end}" in ended.stderr


def test_curl_says_that_the_key_is_wrong(house: House, browser: httpx.Client, curl: Curl) -> None:
    ticket = ticket_of(begin(browser, house))
    house.front.knows_no_key = True

    ended = curl(ticket)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "gw_site_key" in ended.stderr


def test_curl_asks_a_busy_gateway_again(house: House, browser: httpx.Client, curl: Curl) -> None:
    ticket = ticket_of(begin(browser, house))
    house.front.busy = 1

    ended = curl(ticket)

    assert ended.returncode == 0, ended.stderr
    assert len(house.front.redemptions) == 2


def test_curl_is_told_nothing_but_tickets(curl: Curl) -> None:
    ended = curl('x"}\nurl = "http://127.0.0.1/')

    assert (ended.returncode, ended.stdout) == (3, "")


def log_in(browser: httpx.Client, site: str, scope: str = "snsapi_userinfo") -> str:
    """Follows the site's link through the gateway and WeChat; gives the address that leads back to the site."""
    address = browser.get(f"{site}/login").headers["Location"].replace("snsapi_userinfo", scope)
    return follow(browser, address, until=f"{site}/back")


def begin(browser: httpx.Client, house: House) -> str:
    """The same where no site runs."""
    asked = {"url": f"{house.site_url}/back", "scope": "snsapi_userinfo"}
    return follow(browser, str(httpx.URL(f"{house.front.url}/auth", params=asked)), until=house.site_url)


def follow(browser: httpx.Client, address: str, *, until: str) -> str:
    while not address.startswith(until):
        reply = browser.get(address)
        assert reply.status_code == 302, reply.text
        address = reply.headers["Location"]
    return address


def spoilt(back: str, end: str, house: House) -> str:
    """The address with a ticket that has come to this end."""
    if end == "unknown":
        return str(httpx.URL(back).copy_set_param("ticket", "A" * 32))
    if end == "spent":
        headers = {"Authorization": f"Bearer {house.site_key}"}
        url = f"{house.front.url}/api/v1/tickets/redeem"
        httpx.post(url, json={"ticket": ticket_of(back)}, headers=headers, trust_env=False).raise_for_status()
        return back
    with sqlite3.connect(parsed_url(house.database_url).database or "", timeout=30) as connection:
        connection.execute("UPDATE ticket SET expires_at = ? WHERE redeemed_at IS NULL", [LONG_AGO])
    connection.close()
    return back


def ticket_of(back: str) -> str:
    return httpx.URL(back).params["ticket"]


def paragraphs(page: httpx.Response) -> list[str]:
    """The texts of the page's paragraphs, as a browser shows them."""
    return [unescape(part.partition("</p>")[0]) for part in page.text.split("<p>")[1:]]


def last_person(house: House) -> dict[str, str]:
    """Whom the database knows to have signed in last."""
    with sqlite3.connect(parsed_url(house.database_url).database or "", timeout=30) as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute(
            "SELECT user.* FROM user JOIN attempt ON attempt.user_id = user.id ORDER BY attempt.ended_at DESC LIMIT 1"
        ).fetchone()
    connection.close()
    return dict(row)
