"""No page is forgotten: whatever the dashboard answers a browser with is looked at in one, or said to be no page."""

import re

from tornado.web import RequestHandler

from tests.browser.every_page import BEFORE_SIGNING_IN, NO_PAGES, OF_SUPPORT, PAGES
from wxadmin.app import ROUTES

ASKED = [
    (re.compile(pattern), handler)
    for pattern, handler in ROUTES
    if pattern.startswith("/admin") and handler.get is not RequestHandler.get
]


def handler_of(address: str) -> type[RequestHandler]:
    """Whoever answers the address; the first route that fits does."""
    path = re.sub(r"\{\w+\}", "1", address.partition("?")[0])
    return next(handler for pattern, handler in ASKED if pattern.fullmatch(path))


def test_every_page_is_looked_at_in_a_browser() -> None:
    looked_at = {handler_of(address) for address in [*PAGES, *OF_SUPPORT, *BEFORE_SIGNING_IN]}

    assert {handler for _, handler in ASKED} - looked_at == set(NO_PAGES)


def test_each_address_is_looked_at_once() -> None:
    for addresses in (PAGES, OF_SUPPORT, BEFORE_SIGNING_IN):
        assert len(addresses) == len(set(addresses))


def test_what_is_no_page_says_why() -> None:
    assert all(NO_PAGES.values())
