"""How the doctor's own request arrives through a proxy that is set up rightly or wrongly, and who is told of it."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.databases import on_sqlite
from tests.doctor import proxy as proxies
from tests.doctor.proxy import Proxy
from tests.running import SiteKeys, keys, serving
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.doctor import arrivals
from wxadmin.doctor.examining import examine
from wxadmin.doctor.findings import Finding, Grade
from wxadmin.doctor.looking import look, look_outside
from wxadmin.queries import standing
from wxadmin.security.keys import KeyRing
from wxadmin.settings import Settings

RIGHT = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "http"}
TRUSTED: dict[str, Any] = {"trusted_proxies": ["127.0.0.1/32"]}


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with proxies.standing() as proxy:
        proxy.adds = RIGHT
        yield proxy


Doctor = Callable[..., Any]


@pytest.fixture
def doctor(settings: Settings, database: Database, site_keys: SiteKeys, proxy: Proxy) -> Doctor:
    """`await doctor(path="/wx")` has a gateway looked at from outside, through the proxy; gives what is wrong with the
    way in, by check."""

    async def doctor(path: str = "", **changes: Any) -> dict[str, Finding]:
        given = settings.model_dump(exclude_unset=True) | TRUSTED | changes | {"public_url": proxy.url + path}
        chosen = Settings(_env_file=None, **given)
        async with serving(chosen) as proxy.gateway:
            tokens = database.read_now(standing.standing, now=utcnow(), zone=chosen.zone)
            picture = database.read_now(look, chosen, chosen.public_url, keys(), tokens)
            findings = examine(await look_outside(picture, database, keys()))
        ways = {"reachable", "proxy-peer", "forwarded-for", "asked-name", "asked-scheme", "plain-http", "www"}
        return {one.check: one for one in findings if one.check in ways and one.grade is not Grade.FINE}

    return doctor


@on_sqlite
async def test_a_right_proxy_passes(doctor: Doctor) -> None:
    assert await doctor() == {}
    assert await doctor("/wx") == {}


@on_sqlite
async def test_a_proxy_that_is_not_trusted_is_named_by_its_address(doctor: Doctor) -> None:
    found = await doctor(trusted_proxies=[])

    assert found["proxy-peer"].paste == "WXADMIN_TRUSTED_PROXIES=127.0.0.1"


@on_sqlite
async def test_a_proxy_that_keeps_addresses_to_itself_is_told_what_to_send(doctor: Doctor, proxy: Proxy) -> None:
    proxy.adds = {"X-Forwarded-Proto": "http"}

    found = await doctor()

    assert found["forwarded-for"].paste == "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"


@on_sqlite
async def test_a_proxy_that_asks_by_another_name_is_told_to_keep_it(doctor: Doctor, proxy: Proxy) -> None:
    proxy.keeps_host, proxy.adds = False, RIGHT | {"Host": "wxadmin_nodes"}

    found = await doctor()

    assert found["asked-name"].paste == "proxy_set_header Host $host;"


@on_sqlite
async def test_encryption_that_public_url_does_not_know_is_named(doctor: Doctor, proxy: Proxy) -> None:
    proxy.adds = RIGHT | {"X-Forwarded-Proto": "https"}

    found = await doctor("/wx")

    assert found["asked-scheme"].paste == f"WXADMIN_PUBLIC_URL={proxy.url.replace('http:', 'https:')}/wx"


@on_sqlite
async def test_a_path_that_the_proxy_takes_away_is_named(doctor: Doctor, proxy: Proxy) -> None:
    proxy.rewrites = lambda path: path.removeprefix("/wx")

    found = await doctor("/wx")

    assert "passes /wx/healthz on as /healthz" in found["reachable"].said("en")
    assert found["reachable"].paste.startswith("location /wx/ ")


@on_sqlite
async def test_the_gateway_tells_a_probe_of_its_own_keys_alone(gateway: str, http: httpx.AsyncClient) -> None:
    now = utcnow()
    others = KeyRing(["a key of somebody else, of 32 signs"])
    probes = {
        "own": arrivals.probe(keys(), now),
        "another's": arrivals.probe(others, now),
        "old": arrivals.probe(keys(), now - timedelta(minutes=6)),
        "made up": f"{int(now.timestamp())}.{'0' * 64}",
        "nonsense": "let me in",
    }

    told = {
        name: (await http.get(f"{gateway}/healthz", headers={arrivals.PROBE: probe})).headers.get(arrivals.ARRIVED)
        for name, probe in probes.items()
    }
    plain = await http.get(f"{gateway}/healthz")

    assert json.loads(told.pop("own"))["peer"] == "127.0.0.1"
    assert set(told.values()) == {None}
    assert arrivals.ARRIVED not in plain.headers


@pytest.mark.parametrize("said", [None, "", "{}", "[1]", "null", '{"peer": "127.0.0.1"}', "<html>"])
def test_what_another_program_answers_is_no_arrival(said: str | None) -> None:
    assert arrivals.read(said) is None
