"""Mistakes between browsers and the gateway, made on purpose: what proxies pass on, http, and the name with www."""

from dataclasses import replace

import pytest

from tests.doctor.pictures import (
    ARRIVAL,
    ATTENTION,
    FATAL,
    GATEWAY,
    OUTSIDE,
    RIGHT,
    URL,
    Change,
    Mistake,
    arriving,
    everything,
    faults,
    settings,
    with_outside,
)
from wxadmin.doctor import proxy_checks
from wxadmin.doctor.arrivals import Arrival
from wxadmin.doctor.examining import examine
from wxadmin.doctor.fetching import plain_url, twin_url
from wxadmin.doctor.findings import Grade
from wxadmin.doctor.picture import Page, Picture


def below_a_path(status: int, arrived: str) -> Change:
    """PUBLIC_URL has a path, and the proxy makes another one of it."""

    def change(right: Picture) -> Picture:
        chosen = settings(public_url=f"{URL}/wx")
        page = Page(status, arrival=replace(ARRIVAL, path=arrived))
        return replace(right, settings=chosen, public_url=f"{URL}/wx", outside=replace(OUTSIDE, health=page))

    return change


def plainly(right: Picture) -> Picture:
    """PUBLIC_URL without encryption, behind a proxy that has it."""
    chosen = settings(public_url="http://m.example.com")
    return replace(right, settings=chosen, public_url="http://m.example.com")


MISTAKES = [
    Mistake(
        "a proxy that is not trusted",
        arriving(peer="10.9.9.9"),
        "proxy-peer",
        ATTENTION,
        "WXADMIN_TRUSTED_PROXIES=10.0.0.5/32,10.9.9.9",
    ),
    Mistake(
        "no forwarded address",
        arriving(forwarded_for=""),
        "forwarded-for",
        ATTENTION,
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    ),
    Mistake(
        "a forwarded address with a port",
        arriving(forwarded_for="203.0.113.7:5123"),
        "forwarded-for",
        ATTENTION,
        "bare",
    ),
    Mistake("an upstream's name", arriving(host="wxadmin_nodes"), "asked-name", ATTENTION, "Host $host;"),
    Mistake("an address instead of the name", arriving(host="127.0.0.1:8000"), "asked-name", ATTENTION, "Host $host;"),
    Mistake(
        "another name",
        arriving(host="www.example.com"),
        "asked-name",
        ATTENTION,
        "return 301 https://m.example.com$request_uri;",
    ),
    Mistake(
        "another name, as a proxy before the proxy says",
        arriving(forwarded_host="old.example.com, m.example.com"),
        "asked-name",
        ATTENTION,
        "old.example.com",
    ),
    Mistake(
        "no forwarded scheme", arriving(forwarded_proto=""), "asked-scheme", ATTENTION, "X-Forwarded-Proto $scheme;"
    ),
    Mistake(
        "a proxy that serves without encryption",
        arriving(forwarded_proto="http"),
        "asked-scheme",
        ATTENTION,
        "return 301 https://$host$request_uri;",
    ),
    Mistake(
        "encryption that PUBLIC_URL does not know",
        plainly,
        "asked-scheme",
        ATTENTION,
        "WXADMIN_PUBLIC_URL=https://m.example.com",
    ),
    Mistake("a path that is taken away", below_a_path(404, "/healthz"), "reachable", FATAL, "location /wx/ {"),
    Mistake("a path that comes twice", below_a_path(404, "/wx/wx/healthz"), "reachable", FATAL, "unchanged"),
    Mistake(
        "http that shows the pages", with_outside(plain=GATEWAY), "plain-http", ATTENTION, "return 301 https://$host"
    ),
    Mistake(
        "http that sends elsewhere",
        with_outside(plain=Page(302, location="http://www.example.com/")),
        "plain-http",
        ATTENTION,
        "http://www.example.com/",
    ),
    Mistake(
        "both with www and without",
        with_outside(twin=GATEWAY),
        "www",
        ATTENTION,
        "return 301 https://m.example.com$req",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_each_mistake_is_named_with_the_line_that_mends_it(mistake: Mistake) -> None:
    found = faults(mistake.make(RIGHT))

    [named] = [finding for finding in found if finding.check == mistake.check]
    assert named.grade is mistake.grade
    assert mistake.remedy in everything(named)
    assert named.said("zh_CN") != named.said("en")
    assert named.advice("zh_CN") != named.advice("en")


def test_a_right_proxy_is_told_of_with_the_address_that_it_forwards() -> None:
    found = {finding.check: finding.said("en") for finding in examine(RIGHT) if finding.grade is Grade.FINE}

    assert found["forwarded-for"] == "The proxy says where visitors come from: this was asked from 203.0.113.7."
    assert found["asked-name"] == "Browsers ask for m.example.com, as WXADMIN_PUBLIC_URL says."
    assert found["asked-scheme"] == "Browsers come by https, as WXADMIN_PUBLIC_URL says."
    assert found["plain-http"] == "http://m.example.com sends everybody on to https."


def test_a_port_that_nothing_answers_at_needs_no_redirect() -> None:
    assert faults(replace(RIGHT, outside=replace(OUTSIDE, plain=Page(error="refused")))) == []


@pytest.mark.parametrize("host", ["m.example.com", "M.Example.com:443", "m.example.com:8443"])
def test_the_name_counts_alone(host: str) -> None:
    assert faults(arriving(host=host)(RIGHT)) == []


def test_the_browser_that_asks_for_the_page_is_looked_at_while_nobody_looks_from_outside() -> None:
    asked = replace(ARRIVAL, forwarded_proto="")

    inside = faults(replace(RIGHT, outside=None, asked=asked))
    outside = faults(replace(RIGHT, asked=asked))

    assert [finding.check for finding in inside] == ["asked-scheme"]
    # The administrator may have come by a way of their own; the public address is the visitors'.
    assert outside == []


def test_who_asks_without_a_proxy_where_none_is_needed_is_no_mistake() -> None:
    chosen = settings(
        public_url="http://10.0.0.9:8000", wechat_open_url="http://s.test", wechat_api_url="http://s.test"
    )
    direct = Arrival(peer="10.0.0.77", visitor="10.0.0.77", path="/admin/doctor", host="10.0.0.9:8000")
    right = replace(RIGHT, settings=chosen, public_url="http://10.0.0.9:8000", outside=None, asked=direct)

    found = [finding for check in proxy_checks.CHECKS for finding in check(right)]

    assert [(finding.check, finding.grade) for finding in found] == [("asked-name", Grade.FINE)]


@pytest.mark.parametrize(
    ("public_url", "plain", "twin"),
    [
        ("https://m.example.com", "http://m.example.com", "https://www.m.example.com"),
        ("https://www.example.com/wx", "http://www.example.com/wx", "https://example.com/wx"),
        ("https://m.example.com:8443", None, None),
        ("http://m.example.com", None, "http://www.m.example.com"),
        ("https://203.0.113.9", "http://203.0.113.9", None),
        ("https://localhost", "http://localhost", None),
    ],
)
def test_the_other_ways_in_are_asked_where_there_can_be_some(
    public_url: str, plain: str | None, twin: str | None
) -> None:
    assert (plain_url(public_url), twin_url(public_url)) == (plain, twin)
