"""Who may ask: a good key, of the right role, from the right network, and not too often."""

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from tests import running
from tests.handlers.admin.test_roles import TABLES, documented
from tests.handlers.api_staff.conftest import Script, Scripts
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.handlers.api_staff.calls import CALLS
from wxadmin.handlers.limits import Limits
from wxadmin.models import Role, StaffKey
from wxadmin.services import staff, staff_keys
from wxadmin.settings import Settings

Stored = Callable[[type], Sequence[Any]]
EXAMPLES = {path: re.sub(r"\{[a-z_]+\}", "1", path) for path in CALLS}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Who may ask is no matter of the database."""
    return sqlite_url


@pytest.mark.parametrize("role", Role)
async def test_every_call_answers_its_roles_and_nobody_else(script: Scripts, role: Role) -> None:
    asker = script(role, ["shop"] if role is Role.DEVELOPER else [])

    for path, call in CALLS.items():
        answer = await asker.get(EXAMPLES[path])

        # What only takes something is asked for nothing.
        assert answer.status_code in ({200, 404, 405} if role in call.roles else {403}), path
        assert answer.status_code == 200 or answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("readme", TABLES, ids=["en", "zh_CN"])
def test_the_readmes_table_is_what_the_calls_say(readme: Any) -> None:
    assert documented(readme, "/api/v1") == {
        "/api/v1" + re.sub(r"\{[a-z_]+\}", lambda name: {"{id}": "<id>"}.get(name[0], "<code>"), path): set(call.roles)
        for path, call in CALLS.items()
        if "get" in vars(call)
    }


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wxk_NOBODYS", "Basic YTpi", "Bearer \u00e4"])
async def test_without_a_good_key_there_is_no_answer(script: Scripts, header: str) -> None:
    asker = script("admin")

    refused = await asker.get("/users", Authorization=header.encode("latin-1"))  # type: ignore[arg-type]

    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert "My sign-in" in refused.json()["detail"]


async def test_a_revoked_key_is_refused_at_once(script: Scripts, database: Database, stored: Stored) -> None:
    asker, other = script("operator"), script("operator")
    before = await asker.get("/users")
    [key] = [key for key in stored(StaffKey) if asker.key.endswith(key.ending)]

    database.write_now(staff_keys.revoke, key.id, owner=asker.name, actor="test")

    assert (before.status_code, (await asker.get("/users")).status_code) == (200, 401)
    assert (await other.get("/users")).status_code == 200


async def test_whoever_is_switched_off_asks_no_longer(script: Scripts, database: Database) -> None:
    asker = script("operator")

    database.write_now(staff.disable, asker.name, actor="test")

    assert (await asker.get("/users")).status_code == 401


async def test_a_key_tells_when_it_was_last_used_without_a_write_a_request(
    script: Scripts, database: Database, stored: Stored
) -> None:
    asker = script("operator")
    await asker.get("/users")
    [first] = [key.used_at for key in stored(StaffKey)]
    await asker.get("/users")
    [second] = [key.used_at for key in stored(StaffKey)]

    assert first is not None
    assert first == second
    long_ago = utcnow() - 2 * staff_keys._USED_EVERY
    database.write_now(lambda session: session.execute(update(StaffKey).values(used_at=long_ago)))
    await asker.get("/users")
    assert stored(StaffKey)[0].used_at > first


async def test_an_address_with_many_bad_keys_has_to_wait_and_good_ones_do_not(script: Scripts) -> None:
    asker = script("admin")
    limit = Limits().staff_keys.a_minute

    codes = {(await asker.get("/users", Authorization="Bearer wxk_GUESS")).status_code for _ in range(limit)}
    waiting = await asker.get("/users", Authorization="Bearer wxk_GUESS")

    assert codes == {401}
    assert (waiting.status_code, waiting.json()["reason"]) == (429, "gw_rate_limited")
    assert 0 < int(waiting.headers["Retry-After"]) <= 60
    assert (await asker.get("/users")).status_code == 200


async def test_a_script_in_a_loop_has_to_wait_and_others_do_not(script: Scripts) -> None:
    asker, other = script("admin"), script("admin")
    limit = Limits().staff_requests.a_minute

    codes = {(await asker.get("/users/1")).status_code for _ in range(limit)}
    waiting = await asker.get("/users/1")

    assert codes == {404}
    assert (waiting.status_code, waiting.json()["detail"].partition(":")[0]) == (429, "this key asks too often")
    assert (await other.get("/users")).status_code == 200


@pytest.mark.parametrize("path", ["/users", "/openapi.json"])
async def test_other_networks_are_told_that_there_is_nothing(
    settings: Settings, site_keys: running.SiteKeys, http: httpx.AsyncClient, path: str
) -> None:
    inside = settings.model_copy(update={"admin_networks": [ip_network("10.0.0.0/8")]})

    async with running.serving(inside) as address:
        outside = await Script(address, http, "stranger", "wxk_x").get(path)

    assert outside.status_code == 404
    assert outside.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("path", ["/nothing", "/users/", "/users/1/more", "/"])
async def test_where_there_is_no_call_a_problem_says_so(script: Scripts, path: str) -> None:
    answer = await script("admin").get(path)

    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (404, "application/problem+json")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "TRACE"])
async def test_only_get_is_allowed(script: Scripts, method: str) -> None:
    asker = script("admin")

    answer = await asker.http.request(
        method, f"{asker.gateway}/api/v1/users", headers={"Authorization": f"Bearer {asker.key}"}
    )

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


async def test_the_document_is_open_and_says_where_it_is_served(script: Scripts) -> None:
    asker = script("admin")

    answer = await asker.http.get(f"{asker.gateway}/api/v1/openapi.json")

    document = answer.json()
    assert answer.status_code == 200
    assert document["servers"] == [{"url": f"{asker.gateway}/api/v1"}]
    assert set(document["paths"]) == set(CALLS)
