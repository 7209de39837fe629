"""Return addresses as a real browser reads them: whatever the gateway lets through leads to the site, and carries all
that the page had in its address."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from playwright.sync_api import Page

from tests.chromium import launched
from tests.security.open_redirects import HOME, PAYLOADS
from tests.soak.scale import scaled
from tests.soak.sly_addresses import HOMES, addresses
from wxadmin.errors import ReturnURLRefused
from wxadmin.security import return_urls

pytestmark = pytest.mark.soak

EXAMPLES = scaled(10_000, least=100)
GATEWAY = "https://gateway.example.net/auth/callback"
TICKET = "TheOneTicket"
# A browser is slow to ask.
NONE_MATTERS = list(HealthCheck)

# As a browser resolves the Location of a redirect.
READ = """([location, gateway]) => {
  try {
    const url = new URL(location, gateway);
    const { origin, username, password, pathname, hash } = url;
    return { origin, username, password, pathname, hash, tickets: url.searchParams.getAll("ticket") };
  } catch { return null; }
}"""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a browser goes from a Location, and which tickets the page finds there."""

    origin: str
    username: str
    password: str
    pathname: str
    hash: str
    tickets: list[str]

    def is_within(self, home: "Reading") -> bool:
        prefix = home.pathname.rstrip("/")
        is_below = self.pathname == prefix or self.pathname.startswith(f"{prefix}/")
        return self.origin == home.origin and is_below and not (self.username or self.password)


@dataclass
class Reader:
    """A browser that says how it reads an address."""

    page: Page

    def read(self, location: str) -> Reading | None:
        """None where it goes nowhere."""
        said = self.page.evaluate(READ, [location, GATEWAY])
        return Reading(**said) if said else None

    def goes_home(self, location: str) -> bool:
        """Whether it goes to one of the sites' addresses, or below it; nowhere is no other place."""
        reading = self.read(location)
        homes = [home for address in HOMES if (home := self.read(address))]
        return reading is None or any(reading.is_within(home) for home in homes)


@pytest.fixture(scope="module")
def reader(require: Callable[[str], str]) -> Iterator[Reader]:
    with launched(require("chromium")) as browser:
        yield Reader(browser.new_page())


def location_for(url: str) -> str | None:
    """Where the gateway sends a visitor with a ticket who began with this address; None where it is refused."""
    try:
        address = return_urls.parse(return_urls.without_leftovers(url))
    except ReturnURLRefused:
        return None
    if not any(return_urls.allows(return_urls.parse(home), address) for home in HOMES):
        return None
    return return_urls.with_parameters(address.text, {"ticket": TICKET})


def looks_right(url: str) -> str | None:
    """What a careless checker lets through: the host is in it, or it begins with the site's address."""
    hosts = [urlsplit(home).netloc for home in HOMES]
    return url if any(host in url for host in hosts) else None


@pytest.mark.parametrize("kind", PAYLOADS)
def test_no_known_open_redirect_leads_away_from_the_site(reader: Reader, kind: str) -> None:
    carried = [f"{HOME}{joint}{payload}" for payload in PAYLOADS[kind] for joint in ("", "/", "?next=", "#", ";")]
    let_through = [location for url in [*PAYLOADS[kind], *carried] if (location := location_for(url))]

    assert let_through
    assert [location for location in let_through if not reader.goes_home(location)] == []


def test_most_kinds_of_them_get_past_a_checker_that_looks_for_the_host(reader: Reader) -> None:
    astray = Counter(
        kind
        for kind, payloads in PAYLOADS.items()
        for payload in payloads
        if (location := looks_right(payload)) and not reader.goes_home(location)
    )
    print(f"\nled astray without the checker: {dict(astray)} of {sum(map(len, PAYLOADS.values()))}")

    assert len(astray) >= len(PAYLOADS) / 2


def test_no_made_up_address_leads_away_from_the_site(reader: Reader) -> None:
    fared: Counter[str] = Counter()

    @hypothesis.settings(max_examples=EXAMPLES, suppress_health_check=NONE_MATTERS)
    @given(addresses())
    def leads_home(url: str) -> None:
        location = location_for(url)
        fared["let through" if location else "refused"] += 1
        if location is None:
            return
        reading, asked = reader.read(location), reader.read(url)
        assert reading
        assert asked
        assert reader.goes_home(location)
        assert (reading.hash, reading.tickets) == (asked.hash, [TICKET])

    leads_home()
    print(f"\nmade-up addresses: {dict(fared)}")

    assert min(fared.values()) > EXAMPLES / 20


def test_a_checker_that_looks_for_the_host_would_be_found_out(reader: Reader) -> None:
    @hypothesis.settings(max_examples=10 * EXAMPLES, database=None, suppress_health_check=NONE_MATTERS)
    @given(addresses())
    def leads_home(url: str) -> None:
        location = looks_right(url)
        assert location is None or "\ud83d" in location or reader.goes_home(location)

    with pytest.raises(AssertionError):
        leads_home()
