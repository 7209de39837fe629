"""An administrator demands a two-step code of somebody: they see no other page until they have switched it on."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests import running
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from tests.handlers.admin.test_two_step import code_of
from wxadmin.database import Database
from wxadmin.models import AuditEntry
from wxadmin.queries import staff as queries
from wxadmin.services import totp

Stored = Callable[[type[Any]], Sequence[Any]]


async def demand(admin: StaffVisitor, name: str, demanded: str = "yes") -> int:
    return (await admin.post(f"/admin/staff/{name}/two-step", {"demanded": demanded})).status_code


def secret_of(database: Database, name: str) -> str:
    person = database.read_now(queries.credentials, name)
    assert person is not None
    secret = database.read_now(totp.pending, running.keys(), person.staff_id)
    assert secret is not None
    return secret


async def switch_on(visitor: StaffVisitor, database: Database) -> str:
    """Gives the secret."""
    await visitor.post("/admin/me/two-step", {"begin": "1"})
    secret = secret_of(database, visitor.name)
    assert (await visitor.post("/admin/me/two-step", {"code": code_of(secret)})).status_code == 303
    return secret


@pytest.mark.parametrize("page", ["/admin/", "/admin/users", "/admin/me", "/admin/me/new-key", "/admin/live/events"])
async def test_every_page_leads_to_where_it_is_switched_on(staff: SignIn, page: str) -> None:
    ada, grace = staff("admin"), staff("support")

    demanded = await demand(ada, grace.name)
    led = await grace.get(page)

    assert demanded == 303
    assert (led.status_code, led.headers["Location"]) == (302, "/admin/me/two-step")
    assert "An administrator demands a two-step code of you" in (await grace.get("/admin/me/two-step")).text


async def test_nothing_can_be_sent_before_it_is_on_but_the_way_out(staff: SignIn) -> None:
    ada, grace = staff("admin"), staff("admin")
    await demand(ada, grace.name)

    sent = await grace.post("/admin/me/new-key", {"name": "morning report"})
    lifted = await demand(grace, grace.name, "no")
    out = await grace.post("/admin/sign-out")

    assert (sent.status_code, lifted, out.status_code) == (403, 403, 303)


async def test_once_it_is_on_everything_is_open_and_it_stays_on(staff: SignIn, database: Database) -> None:
    ada, grace = staff("admin"), staff("support")
    await demand(ada, grace.name)

    secret = await switch_on(grace, database)
    refused = await grace.post("/admin/me/two-step/off", {"code": code_of(secret, 1)})
    me = await grace.get("/admin/me")

    assert (await grace.get("/admin/users")).status_code == 200
    assert refused.status_code == 400
    assert "it stays on" in refused.text
    assert "/admin/me/two-step/off" not in me.text


async def test_a_demand_outlasts_a_lost_phone(staff: SignIn, database: Database) -> None:
    ada, grace = staff("admin"), staff("support")
    await demand(ada, grace.name)
    await switch_on(grace, database)

    await ada.post(f"/admin/staff/{grace.name}/reset")

    person = database.read_now(queries.named, grace.name)
    assert person is not None
    assert (person.asks_code, person.is_code_demanded) == (False, True)


async def test_a_demand_is_taken_back_and_the_audit_tells_both_once(staff: SignIn, stored: Stored) -> None:
    ada, grace = staff("admin"), staff("support")

    for demanded in ("yes", "yes", "no", "no"):
        await demand(ada, grace.name, demanded)

    told = [entry for entry in stored(AuditEntry) if entry.action.startswith("two_step")]
    assert [(entry.actor, entry.action, entry.subject) for entry in told] == [
        (ada.name, "two_step_demanded", grace.name),
        (ada.name, "two_step_left_open", grace.name),
    ]
    assert (await grace.get("/admin/")).status_code == 200


async def test_nobody_demands_it_of_somebody_who_is_not_there(staff: SignIn) -> None:
    assert await demand(staff("admin"), "nobody") == 404
