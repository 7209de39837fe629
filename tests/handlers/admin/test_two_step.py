"""The two-step code: switched on with an app, asked for after the password, good once, reset by an administrator."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import update

from tests import rings, running
from tests.databases import on_sqlite
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from tests.handlers.admin.test_sign_in import NAME, PASSWORD, as_whom, sign_in_as
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.handlers.admin import half_way
from wxadmin.models import AuditEntry, StaffTotp
from wxadmin.queries import staff as queries
from wxadmin.security.totp import STEP_S
from wxadmin.services import staff as services
from wxadmin.services import totp

Stored = Callable[[type[Any]], Sequence[Any]]


@pytest.fixture
def grace(database: Database) -> None:
    database.write_now(services.add, name=NAME, role="support", password=PASSWORD, actor="test")


@pytest.fixture
def stranger(gateway: str, http: httpx.AsyncClient, grace: None) -> StaffVisitor:
    return StaffVisitor(gateway, http, "stranger", "")


@pytest.fixture
def secret(database: Database, grace: None) -> str:
    """That of grace's app; no code of it has been used yet."""
    person = database.read_now(queries.credentials, NAME)
    assert person is not None
    owner = queries.Identity(person.staff_id, NAME, "support", None)  # type: ignore[arg-type]
    database.write_now(totp.begin, running.keys(), owner)
    made = database.read_now(totp.pending, running.keys(), owner.id)
    assert made is not None
    database.write_now(lambda session: session.execute(update(StaffTotp).values(confirmed_at=utcnow())))
    return made


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(utcnow() + timedelta(seconds=steps * STEP_S))


def half_way_there(visitor: StaffVisitor, answer: httpx.Response) -> StaffVisitor:
    """The browser after its password was right: what it was given is what it brings."""
    (cookie,) = (line for line in answer.headers.get_list("Set-Cookie") if "half_way=" in line)
    name, _, value = cookie.partition(";")[0].partition("=")
    assert "HttpOnly" in cookie
    return StaffVisitor(visitor.gateway, visitor.http, NAME, value, session_cookie=name)


async def test_the_code_comes_after_the_password(stranger: StaffVisitor, secret: str) -> None:
    password = await sign_in_as(stranger, next="/admin/users")
    browser = half_way_there(stranger, password)
    asked = await browser.get(password.headers["Location"])

    answer = await browser.post("/admin/sign-in/code", {"code": code_of(secret), "next": "/admin/users"})

    assert "wxadmin_session" not in password.headers["Set-Cookie"]
    assert 'autocomplete="one-time-code"' in asked.text
    assert 'name="next" value="/admin/users"' in asked.text
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/users")
    assert (await as_whom(stranger, answer).get("/admin/users")).status_code == 200


async def test_a_code_is_good_once_and_so_is_none_that_is_older(stranger: StaffVisitor, secret: str) -> None:
    browser = half_way_there(stranger, await sign_in_as(stranger))

    codes = [code_of(secret), code_of(secret), code_of(secret, -1)]
    answers = [(await browser.post("/admin/sign-in/code", {"code": code})).status_code for code in codes]

    assert answers == [303, 401, 401]


@pytest.mark.parametrize("stamp", ["", "1.2.3", "1.99999999999." + "0" * 64])
async def test_without_the_password_no_code_is_taken(stranger: StaffVisitor, secret: str, stamp: str) -> None:
    browser = StaffVisitor(stranger.gateway, stranger.http, NAME, stamp, session_cookie="wxadmin_half_way")

    answers = [await browser.get("/admin/sign-in/code"), await browser.post("/admin/sign-in/code", {"code": "1"})]

    assert [answer.headers["Location"].partition("?")[0] for answer in answers] == ["/admin/sign-in"] * 2


async def test_a_new_password_ends_what_the_old_one_began(
    stranger: StaffVisitor, secret: str, database: Database
) -> None:
    browser = half_way_there(stranger, await sign_in_as(stranger))
    code = code_of(secret)

    database.write_now(services.reset, NAME, "another good password", actor="test")

    answer = await browser.post("/admin/sign-in/code", {"code": code})
    assert answer.headers["Location"].startswith("/admin/sign-in?")


async def test_half_way_lasts_five_minutes(
    stranger: StaffVisitor, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(half_way, "LIFETIME_S", -1)
    browser = half_way_there(stranger, await sign_in_as(stranger))

    answer = await browser.post("/admin/sign-in/code", {"code": code_of(secret)})

    assert answer.headers["Location"].startswith("/admin/sign-in?")


async def test_codes_are_guessed_as_slowly_as_passwords(stranger: StaffVisitor, secret: str) -> None:
    browser = half_way_there(stranger, await sign_in_as(stranger))

    guesses = [(await browser.post("/admin/sign-in/code", {"code": "000000"})).status_code for _ in range(5)]
    refused = await browser.post("/admin/sign-in/code", {"code": code_of(secret)})

    assert guesses == [401] * 5
    assert (refused.status_code, "Retry-After" in refused.headers) == (429, True)


async def test_a_reset_lets_the_password_alone_in_again(
    staff: SignIn, stranger: StaffVisitor, secret: str, stored: Stored
) -> None:
    ada = staff("admin")

    reset = await ada.post(f"/admin/staff/{NAME}/reset")

    (password,) = re.findall(r'<code id="password">(.*?)</code>', reset.text)
    assert (await sign_in_as(stranger, password)).headers["Location"] == "/admin/"
    assert stored(StaffTotp) == []
    assert '{"two_step_off": true}' in [entry.details for entry in stored(AuditEntry)]


@on_sqlite
async def test_it_is_switched_on_by_a_code_of_the_app_and_off_by_another(staff: SignIn, stored: Stored) -> None:
    grace = staff("support")
    begun = await grace.post("/admin/me/two-step", {"begin": "1"})
    page = await grace.get(begun.headers["Location"])
    (secret,) = re.findall(r'<code id="secret">([A-Z2-7]{32})</code>', page.text)

    wrong = await grace.post("/admin/me/two-step", {"code": "000000"})
    on = await grace.post("/admin/me/two-step", {"code": code_of(secret, -1)})
    shown = await grace.get("/admin/me")
    again = await grace.post("/admin/me/two-step/off", {"code": code_of(secret, -1)})
    off = await grace.post("/admin/me/two-step/off", {"code": code_of(secret)})

    assert "<svg" in page.text
    assert (wrong.status_code, f'<code id="secret">{secret}</code>' in wrong.text) == (400, True)
    assert (on.status_code, "/admin/me/two-step/off" in shown.text, secret in shown.text) == (303, True, False)
    assert (again.status_code, off.status_code) == (400, 303)
    assert stored(StaffTotp) == []
    actions = [entry.action for entry in stored(AuditEntry)]
    assert sorted(action for action in actions if action.startswith("two_step")) == ["two_step_off", "two_step_on"]


@on_sqlite
async def test_who_has_it_on_is_given_no_other_secret(staff: SignIn, database: Database, stored: Stored) -> None:
    grace = staff("support")
    await grace.post("/admin/me/two-step", {"begin": "1"})
    database.write_now(lambda session: session.execute(update(StaffTotp).values(confirmed_at=utcnow())))
    [before] = stored(StaffTotp)

    shown, refused = await grace.get("/admin/me/two-step"), await grace.post("/admin/me/two-step", {"begin": "1"})

    assert (shown.status_code, refused.status_code) == (303, 303)
    assert [kept.secret_sealed for kept in stored(StaffTotp)] == [before.secret_sealed]


@on_sqlite
async def test_guessing_codes_on_ones_own_page_is_slow_too(staff: SignIn) -> None:
    grace = staff("support")
    await grace.post("/admin/me/two-step", {"begin": "1"})

    guesses = [(await grace.post("/admin/me/two-step", {"code": "000000"})).status_code for _ in range(6)]

    assert guesses == [400] * 5 + [429]


@on_sqlite
async def test_a_secret_whose_key_is_lost_lets_nobody_in(
    stranger: StaffVisitor, secret: str, database: Database
) -> None:
    browser = half_way_there(stranger, await sign_in_as(stranger))
    sealed = rings.OLD.seal(secret, "elsewhere")

    database.write_now(lambda session: session.execute(update(StaffTotp).values(secret_sealed=sealed)))

    assert (await browser.post("/admin/sign-in/code", {"code": code_of(secret)})).status_code == 401
