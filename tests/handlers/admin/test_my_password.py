"""People choose a password of their own: the old one stops, and so does every other browser of theirs."""

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from tests.handlers.admin.conftest import StaffVisitor
from tests.handlers.admin.test_sign_in import NAME, PASSWORD, as_whom, sign_in_as
from wxadmin.database import Database
from wxadmin.models import AuditEntry
from wxadmin.services import staff as services

Stored = Callable[[type[Any]], Sequence[Any]]
CHOSEN = "a blank at the end "


@pytest.fixture
async def grace(gateway: str, http: httpx.AsyncClient, database: Database) -> StaffVisitor:
    """Signed in, with the password that somebody else made for her."""
    database.write_now(services.add, name=NAME, role="support", password=PASSWORD, actor="test")
    stranger = StaffVisitor(gateway, http, "stranger", "")
    return as_whom(stranger, await sign_in_as(stranger))


async def test_a_password_is_changed_by_whoever_has_it(grace: StaffVisitor, stored: Stored) -> None:
    elsewhere = as_whom(grace, await sign_in_as(grace))

    changed = await grace.post("/admin/me/password", {"old": PASSWORD, "new": CHOSEN, "again": CHOSEN})

    assert (changed.status_code, changed.headers["Location"]) == (303, "/admin/me")
    assert (await grace.get("/admin/me")).status_code == 200
    assert (await elsewhere.get("/admin/me")).status_code == 302
    assert (await sign_in_as(grace, CHOSEN)).status_code == 303
    assert (await sign_in_as(grace, PASSWORD)).status_code == 401
    told = [entry for entry in stored(AuditEntry) if entry.action == "own_password_changed"]
    assert [(entry.actor, entry.subject, entry.details) for entry in told] == [(NAME, NAME, None)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"old": "not the one", "new": CHOSEN, "again": CHOSEN}, "old"),
        ({"old": "", "new": CHOSEN, "again": CHOSEN}, "old"),
        ({"old": PASSWORD, "new": CHOSEN, "again": CHOSEN.strip()}, "again"),
        ({"old": PASSWORD, "new": "too short", "again": "too short"}, "new"),
        ({}, "old"),
    ],
)
async def test_what_is_wrong_changes_nothing_and_no_password_comes_back(
    grace: StaffVisitor, fields: dict[str, str], field: str
) -> None:
    refused = await grace.post("/admin/me/password", fields)

    assert refused.status_code == 400
    assert f'id="{field}-fault"' in refused.text
    assert not [typed for typed in fields.values() if typed and typed in refused.text]
    assert (await sign_in_as(grace)).status_code == 303


async def test_an_open_browser_is_no_way_to_guess_the_password(grace: StaffVisitor) -> None:
    guess = {"old": "a wrong guess", "new": CHOSEN, "again": CHOSEN}

    guesses = [(await grace.post("/admin/me/password", guess)).status_code for _ in range(5)]
    refused = await grace.post("/admin/me/password", guess | {"old": PASSWORD})

    assert guesses == [400] * 5
    assert (refused.status_code, "Retry-After" in refused.headers) == (429, True)
