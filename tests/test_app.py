"""The application as a whole: where its routes live, what every answer carries, and how large a request may be."""

import asyncio
import re
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests import running
from tests.databases import on_sqlite
from tests.running import RETURN_URL, SiteKeys, serving
from tests.visiting import Visitor, redeem
from wxadmin.database import Database
from wxadmin.errors import KeyMissing, SchemaNotCurrent
from wxadmin.models import Attempt, Event, Node
from wxadmin.models.sealed import SEALED_KINDS
from wxadmin.queries.keys import Window
from wxadmin.security.keys import KeyRing
from wxadmin.services import accounts
from wxadmin.services.keys import give_up
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Stored = Callable[[type], Sequence]
ADDRESSES = [
    "/auth",
    "/auth?url=https://evil.example.com/",
    "/auth/callback",
    "/auth/callback?state=Abc&code=def",
    "/api/v1/tickets/redeem",
    "/MP_verify_0000000000000000.txt",
    "/healthz",
    "/readyz",
    "/metrics",
    "/nothing",
    "/",
    "/static/none.css",
]


async def ask(gateway: str, request: bytes, then: bytes = b"") -> bytes:
    """What comes back for these very bytes; nothing where the connection is only closed."""
    address = urlsplit(gateway)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(request + then)
        await writer.drain()
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@on_sqlite
async def test_a_public_url_with_a_path_carries_everything(
    settings: Settings, site_keys: SiteKeys, http: httpx.AsyncClient
) -> None:
    chosen = settings.model_copy(update={"public_url": "https://m.example.com/wx"})
    async with serving(chosen) as gateway:
        visitor = Visitor(gateway, http)
        begun = await visitor.start("/wx/auth")
        back = await visitor.get(await visitor.agree(begun))
        page = await visitor.get("/wx/auth/callback")
        style = re.search(r'href="(/[^"]+\.css)"', page.text)
        assert style
        answers = {
            path: (await visitor.get(path)).status_code
            for path in ("/wx/healthz", "/wx/readyz", style[1], "/healthz", "/auth", "/auth/callback", "/wx")
        }
        redeemed = await redeem(
            http, f"{gateway}/wx", site_keys.shop, parse_qs(urlsplit(back.headers["Location"]).query)["ticket"][0]
        )

    redirect_uri = parse_qs(urlsplit(begun.headers["Location"]).query)["redirect_uri"]

    assert redirect_uri == ["https://m.example.com/wx/auth/callback"]
    assert redeemed.status_code == 200
    assert style[1].startswith("/wx/static/")
    assert answers == {
        "/wx/healthz": 200,
        "/wx/readyz": 200,
        style[1]: 200,
        "/healthz": 404,
        "/auth": 404,
        "/auth/callback": 404,
        "/wx": 404,
    }


@pytest.mark.parametrize("method", ["GET", "POST", "PROPFIND"])
@on_sqlite
async def test_every_answer_is_kept_from_caches_frames_and_guesses(
    gateway: str, http: httpx.AsyncClient, method: str
) -> None:
    responses = [await http.request(method, gateway + path) for path in ADDRESSES]

    for response in responses:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in response.headers
        if response.headers.get("Content-Type", "").startswith("text/html"):
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["Cache-Control"] == "no-store"


@on_sqlite
async def test_pages_carry_no_script_or_style_of_their_own(gateway: str, http: httpx.AsyncClient) -> None:
    pages = [(await http.get(gateway + path)).text for path in ("/nothing", "/auth", "/auth/callback")]

    for page in pages:
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"\s(on\w+|style)=", page)


@on_sqlite
async def test_an_address_that_is_no_route_is_a_page(gateway: str, http: httpx.AsyncClient) -> None:
    response = await http.get(f"{gateway}/wp-login.php?code=abc", headers={"Accept-Language": "en"})

    assert response.status_code == 404
    assert "There is no such page" in response.text
    assert response.headers["X-Request-Id"] in response.text


@pytest.mark.parametrize(
    "head",
    [
        f"GET /auth?url={'x' * 70_000} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /auth HTTP/1.1\r\nHost: x\r\nCookie: wx_a={'x' * 70_000}\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: x\r\n" + "X-Filler: y\r\n" * 6_000 + "\r\n",
        "POST /api/v1/tickets/redeem HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + "x" * 70_000,
        "POST /auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n"
        + "x" * 70_000
        + "\r\n0\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + "x" * 70_000,
    ],
    ids=["address", "cookie", "many headers", "body", "chunked body", "body of a GET"],
)
@on_sqlite
async def test_a_request_beyond_64_kilobytes_is_cut_off_and_stores_nothing(
    gateway: str, http: httpx.AsyncClient, stored: Stored, head: str
) -> None:
    answer = await ask(gateway, head.encode())

    assert answer.partition(b"\r\n")[0] in {
        b"",
        b"HTTP/1.1 400 Bad Request",
        b"HTTP/1.1 431 Request Header Fields Too Large",
    }
    assert stored(Attempt) == []
    assert (await http.get(f"{gateway}/healthz")).status_code == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /auth HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"GET /a HTTP/1.1\r\nbad\r\n\r\n",
    ],
)
@on_sqlite
async def test_what_is_not_http_is_closed_and_does_no_harm(
    gateway: str, http: httpx.AsyncClient, request_: bytes
) -> None:
    answer = await ask(gateway, request_, then=b"\r\n" * 4)

    assert b"200" not in answer.partition(b"\r\n")[0]
    assert b"Traceback" not in answer
    assert (await http.get(f"{gateway}/healthz")).status_code == 200


@pytest.mark.parametrize(
    ("trusted", "forwarded", "seen"),
    [
        ([], "203.0.113.9", "127.0.0.1"),
        (["10.0.0.0/8"], "203.0.113.9", "127.0.0.1"),
        (["127.0.0.0/8"], "203.0.113.9", "203.0.113.9"),
        (["127.0.0.0/8"], "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (["127.0.0.0/8", "10.0.0.0/8"], "198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        (["127.0.0.0/8"], "2001:db8::7", "2001:db8::7"),
        (["127.0.0.0/8"], "'; DROP TABLE attempt; --", "127.0.0.1"),
        (["127.0.0.0/8"], "", "127.0.0.1"),
    ],
)
@on_sqlite
async def test_forwarded_addresses_are_believed_of_trusted_proxies_alone(
    settings: Settings, site_keys: SiteKeys, http: httpx.AsyncClient, stored: Stored,
    *, trusted: list[str], forwarded: str, seen: str,
) -> None:  # fmt: skip
    values = settings.model_dump(exclude_unset=True) | {"trusted_proxies": trusted}
    async with serving(Settings(_env_file=None, **values)) as gateway:
        headers = {"X-Forwarded-For": forwarded, "X-Real-Ip": "192.0.2.66", "Forwarded": "for=192.0.2.66"}
        await Visitor(gateway, http).start(headers=headers)

    [attempt] = stored(Attempt)

    assert attempt.ip == seen


async def test_the_ownership_file_of_an_account_is_served_as_it_is(
    gateway: str, http: httpx.AsyncClient, database: Database
) -> None:
    name = "MP_verify_a1B2c3D4e5F6g7H8.txt"
    database.write_now(accounts.change, "tea", verify_file=(name, "a1B2c3D4e5F6g7H8"), actor="test")

    response = await http.get(f"{gateway}/{name}")
    other = await http.get(f"{gateway}/MP_verify_0000000000000000.txt")

    assert (response.status_code, response.text) == (200, "a1B2c3D4e5F6g7H8")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert other.status_code == 404


async def test_what_people_change_is_seen_within_a_second(visitor: Visitor, database: Database, stored: Stored) -> None:
    before = await visitor.start(account="tea")
    database.write_now(accounts.disable, "tea", actor="test")
    await asyncio.sleep(1.1)

    after = await visitor.start(account="tea")

    assert (before.status_code, after.status_code) == (302, 403)
    assert {attempt.ended_by for attempt in stored(Attempt)} == {None, "gw_account_off"}


async def test_an_account_switched_off_during_a_login_ends_it_with_its_reason(
    visitor: Visitor, database: Database, stored: Stored
) -> None:
    callback = await visitor.agree(await visitor.start())
    database.write_now(accounts.disable, "tea", actor="test")
    await asyncio.sleep(1.1)

    response = await visitor.get(callback)

    assert response.status_code == 403
    assert [(event.stage, event.code) for event in stored(Event)][-1] == ("exchange", "gw_account_off")


async def test_a_database_that_is_not_migrated_is_not_served(bed: object, settings: Settings) -> None:
    empty = bed.empty()  # type: ignore[attr-defined]
    try:
        with pytest.raises(SchemaNotCurrent, match="wxadmin migrate"):
            async with serving(settings.model_copy(update={"database_url": empty})):
                pass
    finally:
        bed.drop(empty)  # type: ignore[attr-defined]


async def test_a_database_sealed_under_another_key_is_not_served(settings: Settings, site_keys: SiteKeys) -> None:
    chosen = settings.model_copy(update={"secret_keys": ["a key that never sealed anything here"]})

    with pytest.raises(KeyMissing, match="WXADMIN_SECRET_KEYS"):
        async with serving(chosen):
            pass


async def test_a_process_is_known_with_its_keys_while_it_serves(
    settings: Settings, site_keys: SiteKeys, stored: Stored
) -> None:
    ring = [*settings.secret_keys, "another key that nothing is sealed under"]

    async with serving(settings.model_copy(update={"secret_keys": ring})):
        during = [(node.key_ids, node.ended_at) for node in stored(Node)]

    assert during == [(",".join(KeyRing(ring).ids), None)]
    assert [node.ended_at is None for node in stored(Node)] == [False]


async def test_a_login_at_an_account_whose_key_was_forgotten_names_the_reason(
    visitor: Visitor, database: Database, stored: Stored
) -> None:
    callback = await visitor.agree(await visitor.start())
    database.write_now(give_up, SEALED_KINDS[0], running.keys().sealing_id, Window(-1, None))
    await asyncio.sleep(1.1)

    response = await visitor.get(callback)

    assert response.status_code == 502
    assert [(event.stage, event.code) for event in stored(Event)][-1] == ("exchange", "gw_key_missing")


@on_sqlite
async def test_the_link_on_a_page_begins_the_login_again(visitor: Visitor, world: World) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=40029, times=1))
    page = await visitor.get(await visitor.agree(await visitor.start(nonce="n-1", channel="door")))
    restart = re.search(r'href="(/auth\?[^"]+)"', page.text)
    assert restart

    begun = await visitor.get(restart[1].replace("&amp;", "&"))

    assert begun.status_code == 302
    assert parse_qs(urlsplit(restart[1].replace("&amp;", "&")).query) == {
        "url": [RETURN_URL],
        "scope": ["snsapi_base"],
        "account": ["tea"],
        "channel": ["door"],
        "nonce": ["n-1"],
    }
