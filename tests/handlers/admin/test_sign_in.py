"""Signing in and out: what a stranger meets, how often one may fail, and when a session ends."""

import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests import running
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.handlers.admin import sign_in
from wxadmin.models import AuditEntry, StaffSession
from wxadmin.services import sessions
from wxadmin.services import staff as services
from wxadmin.settings import Settings

NAME = "grace"
PASSWORD = "oolong at noon"


@pytest.fixture
def grace(database: Database) -> None:
    database.write_now(services.add, name=NAME, role="support", password=PASSWORD, actor="test")


@pytest.fixture
def stranger(gateway: str, http: httpx.AsyncClient, grace: None) -> StaffVisitor:
    return StaffVisitor(gateway, http, "stranger", "")


async def sign_in_as(visitor: StaffVisitor, password: str = PASSWORD, **fields: str) -> httpx.Response:
    return await visitor.post("/admin/sign-in", {"name": NAME, "password": password} | fields)


def session_cookie(response: httpx.Response) -> str:
    (cookie,) = (line for line in response.headers.get_list("Set-Cookie") if "wxadmin_session=" in line)
    return str(cookie)


def as_whom(visitor: StaffVisitor, signed_in: httpx.Response) -> StaffVisitor:
    token = session_cookie(signed_in).partition(";")[0].partition("=")[2]
    return StaffVisitor(visitor.gateway, visitor.http, NAME, token)


async def test_name_and_password_open_the_dashboard_and_sign_out_closes_it(stranger: StaffVisitor) -> None:
    signed_in = await sign_in_as(stranger)
    person = as_whom(stranger, signed_in)
    seen = await person.get("/admin/")

    signed_out = await person.post("/admin/sign-out")

    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/admin/")
    assert (seen.status_code, signed_out.status_code) == (200, 303)
    assert (await person.get("/admin/")).status_code == 302


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(stranger: StaffVisitor) -> None:
    cookie = session_cookie(await sign_in_as(stranger))

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


async def test_on_https_the_cookie_is_secure_and_of_this_host_alone(
    settings: Settings, site_keys: running.SiteKeys, http: httpx.AsyncClient, grace: None
) -> None:
    async with running.serving(settings.model_copy(update={"public_url": "https://m.example.com"})) as address:
        cookie = session_cookie(await sign_in_as(StaffVisitor(address, http, "stranger", "")))

    assert cookie.startswith("__Host-wxadmin_session=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_signing_in_twice_makes_two_sessions_and_the_database_has_no_token(
    stranger: StaffVisitor, stored: Callable[[type[Any]], list[Any]]
) -> None:
    tokens = [as_whom(stranger, await sign_in_as(stranger)).token for _ in range(2)]

    kept = stored(StaffSession)

    assert len(set(tokens)) == len(kept) == 2
    assert not any(token.encode() in session.token_hash for token in tokens for session in kept)


async def test_sign_ins_are_written_down(stranger: StaffVisitor, stored: Callable[[type[Any]], list[Any]]) -> None:
    person = as_whom(stranger, await sign_in_as(stranger))
    await person.post("/admin/sign-out")

    actions = [entry.action for entry in stored(AuditEntry) if entry.actor == NAME]

    assert sorted(actions) == ["signed_in", "signed_out"]


async def test_a_wrong_name_is_answered_like_a_wrong_password(
    stranger: StaffVisitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str] = []
    check = sign_in.password_matches
    monkeypatch.setattr(sign_in, "password_matches", lambda *pair: hashes.append(pair[0]) or check(*pair))

    wrong_password = await sign_in_as(stranger, "black tea at nine")
    wrong_name = await sign_in_as(stranger, name="nobody")

    assert (wrong_password.status_code, wrong_name.status_code) == (401, 401)
    words = [re.sub(r"value=\"[^\"]*\"", "", page.text.split("<main")[1]) for page in (wrong_password, wrong_name)]
    assert words[0] == words[1]
    # One argon2 of the same cost each: the answers take equally long.
    assert len({password_hash.rsplit("$", 2)[0] for password_hash in hashes}) == 1
    assert len(hashes) == 2


async def test_who_is_switched_off_cannot_sign_in(stranger: StaffVisitor, database: Database) -> None:
    database.write_now(services.disable, NAME, actor="test")

    assert (await sign_in_as(stranger)).status_code == 401


async def test_after_five_failures_even_the_right_password_has_to_wait(stranger: StaffVisitor) -> None:
    failures = [(await sign_in_as(stranger, "guess number ten")).status_code for _ in range(5)]

    refused = await sign_in_as(stranger)

    assert failures == [401] * 5
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "wxadmin_session" not in refused.headers.get("Set-Cookie", "")


async def test_an_address_that_guesses_many_names_has_to_wait(stranger: StaffVisitor) -> None:
    for number in range(5):
        await sign_in_as(stranger, name=f"guess-{number}")

    assert (await sign_in_as(stranger)).status_code == 429


@pytest.mark.parametrize("asked", ["/admin/audit", "/admin/audit?actor=ada&day=2026-11-20", "/admin/sites?q=a%2Fb"])
async def test_whoever_was_sent_to_sign_in_arrives_where_they_wanted(stranger: StaffVisitor, asked: str) -> None:
    sent = await stranger.get(asked)
    form = await stranger.get(sent.headers["Location"])

    signed_in = await sign_in_as(stranger, next=asked)

    assert sent.headers["Location"] == f"/admin/sign-in?next={quote(asked, safe='')}"
    assert f'name="next" value="{asked.replace("&", "&amp;")}"' in form.text
    assert signed_in.headers["Location"] == asked


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example.com/admin/",
        "//evil.example.com/admin/",
        "/admin//evil.example.com",
        "/admin/../auth",
        "/admin/%2e%2e/auth",
        "/admin/\\evil.example.com",
        "/administration",
        "/auth?url=x",
        "javascript:alert(1)",
        "",
    ],
)
async def test_nobody_is_led_out_of_the_dashboard(stranger: StaffVisitor, asked: str) -> None:
    signed_in = await sign_in_as(stranger, next=asked)
    chosen = await stranger.post("/admin/preferences", {"lang": "en", "back": asked})

    assert signed_in.headers["Location"] == "/admin/"
    assert chosen.headers["Location"] == "/admin/"


@pytest.mark.parametrize(
    "ended",
    [
        {"expires_at": timedelta(seconds=-1)},
        {"seen_at": -sessions.IDLE - timedelta(seconds=1)},
    ],
    ids=["too old", "idle"],
)
async def test_a_session_ends_by_itself(staff: SignIn, database: Database, ended: dict[str, timedelta]) -> None:
    ada = staff("admin")

    def let_it_end(session: Session) -> None:
        session.execute(update(StaffSession).values({name: utcnow() + by for name, by in ended.items()}))

    before = await ada.get("/admin/")
    database.write_now(let_it_end)

    assert before.status_code == 200
    assert (await ada.get("/admin/")).status_code == 302


async def test_use_keeps_a_session_from_idling(
    staff: SignIn, database: Database, stored: Callable[[type[Any]], list[Any]]
) -> None:
    ada = staff("admin")
    earlier = utcnow() - sessions.IDLE + timedelta(minutes=1)
    database.write_now(lambda session: session.execute(update(StaffSession).values(seen_at=earlier)))

    await ada.get("/admin/")

    (kept,) = stored(StaffSession)
    assert utcnow() - kept.seen_at < timedelta(minutes=1)
    assert kept.expires_at - kept.created_at == sessions.LIFETIME


@pytest.mark.parametrize("path", ["/admin/", "/admin/sign-in", "/admin/audit"])
async def test_other_networks_are_told_that_there_is_nothing(
    settings: Settings, site_keys: running.SiteKeys, http: httpx.AsyncClient, path: str
) -> None:
    inside = settings.model_copy(update={"admin_networks": [ip_network("10.0.0.0/8")]})
    trusting = inside.model_copy(update={"trusted_proxies": [ip_network("127.0.0.0/8")]})
    colleague, forged = {"X-Forwarded-For": "10.1.2.3"}, {"X-Forwarded-For": "10.1.2.3, 203.0.113.9"}

    async with running.serving(inside) as address:
        # Nobody vouches for the header here.
        unbelieved = await http.get(address + path, headers=colleague)
    async with running.serving(trusting) as address:
        outside = await http.get(address + path, headers=forged)
        within = await http.get(address + path, headers=colleague)

    assert (unbelieved.status_code, outside.status_code) == (404, 404)
    assert within.status_code in {200, 302}
