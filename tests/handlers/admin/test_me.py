"""My sign-in: browsers listed and signed out, keys made, seen once and revoked."""

import html
import re
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from tests.databases import on_sqlite
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import AuditEntry, StaffKey, StaffSession
from wxadmin.queries import staff as queries
from wxadmin.security.hashes import sha256
from wxadmin.services import sessions
from wxadmin.services import staff as services
from wxadmin.services.staff_keys import MOST

pytestmark = on_sqlite

Stored = Callable[[type[Any]], Sequence[Any]]
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131"


def key_in(page: httpx.Response) -> str:
    (key,) = re.findall(r'<code id="staff-key">(.*?)</code>', page.text)
    return html.unescape(key)


def elsewhere(visitor: StaffVisitor, database: Database) -> StaffVisitor:
    """The same person at another browser."""
    person = database.read_now(queries.credentials, visitor.name)
    assert person is not None
    signed_in = {"name": visitor.name, "now": utcnow(), "ip": "203.0.113.9", "user_agent": EDGE}
    token = database.write_now(sessions.begin, person.staff_id, **signed_in)
    return StaffVisitor(visitor.gateway, visitor.http, visitor.name, token)


def actions(stored: Stored) -> list[str]:
    """Of what was done about sign-ins, but signing in."""
    done = [entry.action for entry in stored(AuditEntry)]
    return sorted(action for action in done if action.startswith(("session", "other_sessions", "staff_key")))


async def test_browsers_are_listed_and_one_is_signed_out_from_here(
    staff: SignIn, database: Database, stored: Stored
) -> None:
    here = staff("marketer")
    there, third = elsewhere(here, database), elsewhere(here, database)
    listed = await here.get("/admin/me")
    mark = sha256(there.token).hex()[:16]

    question = await here.get(f"/admin/me/sessions/{mark}/end")
    ended = await here.post(f"/admin/me/sessions/{mark}/end")

    assert listed.text.count("Edge · Windows</td>") == 2
    assert "203.0.113.9" in listed.text
    assert listed.text.count("this one") == 1
    assert (question.status_code, ended.status_code) == (200, 303)
    assert [(await one.get("/admin/")).status_code for one in (here, there, third)] == [200, 302, 200]
    assert actions(stored) == ["session_ended"]


async def test_all_other_browsers_are_signed_out_at_once(staff: SignIn, database: Database, stored: Stored) -> None:
    here, colleague = staff("operator"), staff("operator")
    there, third = elsewhere(here, database), elsewhere(here, database)

    await here.post("/admin/me/sessions/end-others")

    opened = [(await one.get("/admin/")).status_code for one in (here, there, third, colleague)]
    assert opened == [200, 302, 302, 200]
    assert actions(stored) == ["other_sessions_ended"]


async def test_nobody_signs_out_somebody_else(staff: SignIn, stored: Stored) -> None:
    here, colleague = staff("operator"), staff("operator")

    await here.post(f"/admin/me/sessions/{sha256(colleague.token).hex()[:16]}/end")

    assert (await colleague.get("/admin/")).status_code == 200
    assert len(stored(StaffSession)) == 2


async def test_a_key_is_seen_once_and_kept_as_a_hash(staff: SignIn, stored: Stored) -> None:
    grace = staff("support")

    made = await grace.post("/admin/me/new-key", {"name": "早报 <b>"})
    listed = await grace.get("/admin/me")

    key = key_in(made)
    [kept] = stored(StaffKey)
    assert re.fullmatch(r"wxk_[A-Z2-7]{40}", key)
    assert (kept.name, kept.key_hash, kept.ending) == ("早报 <b>", sha256(key), key[-4:])
    assert key not in listed.text
    assert "早报 &lt;b&gt;" in listed.text
    assert actions(stored) == ["staff_key_made"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\nb"])
async def test_a_key_needs_a_name(staff: SignIn, stored: Stored, name: str) -> None:
    refused = await staff("support").post("/admin/me/new-key", {"name": name})

    assert refused.status_code == 400
    assert 'id="name-fault"' in refused.text
    assert stored(StaffKey) == []


async def test_nobody_has_keys_without_end(staff: SignIn, stored: Stored) -> None:
    grace = staff("support")

    codes = [(await grace.post("/admin/me/new-key", {"name": "one more"})).status_code for _ in range(MOST + 1)]

    assert codes == [200] * MOST + [400]
    assert len(stored(StaffKey)) == MOST


async def test_everybody_revokes_their_own_keys_and_an_administrator_anybodys(staff: SignIn, stored: Stored) -> None:
    grace, other, ada = staff("support"), staff("support"), staff("admin")
    for name in ("first", "second"):
        await grace.post("/admin/me/new-key", {"name": name})
    [first, second] = sorted(stored(StaffKey), key=lambda key: str(key.name))

    stolen = await other.post(f"/admin/me/keys/{first.id}/revoke")
    own = await grace.post(f"/admin/me/keys/{first.id}/revoke")
    seen = await ada.get(f"/admin/staff/{grace.name}")
    by_admin = await ada.post(f"/admin/staff/{grace.name}/keys/{second.id}/revoke")

    assert (stolen.status_code, own.status_code, by_admin.status_code) == (400, 303, 303)
    assert "second" in seen.text
    assert stored(StaffKey) == []
    revoked = [(entry.actor, entry.subject) for entry in stored(AuditEntry) if entry.action == "staff_key_revoked"]
    assert sorted(revoked) == sorted([(grace.name, grace.name), (ada.name, grace.name)])


@pytest.mark.parametrize("how", ["disable", "reset"])
async def test_keys_end_with_their_owners_sign_in(staff: SignIn, database: Database, stored: Stored, how: str) -> None:
    grace = staff("support")
    await grace.post("/admin/me/new-key", {"name": "report"})

    if how == "reset":
        database.write_now(services.reset, grace.name, "another good password", actor="test")
    else:
        database.write_now(services.disable, grace.name, actor="test")

    assert stored(StaffKey) == []
