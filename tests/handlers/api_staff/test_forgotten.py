"""The API knows nobody who was forgotten; an attempt of theirs tells its steps, and not whose it was."""

from collections.abc import Callable
from typing import Any

from tests.factories import AttemptFactory, UserFactory
from tests.handlers.api_staff.conftest import Scripts
from wxadmin import support_codes
from wxadmin.database import Database
from wxadmin.models import Site
from wxadmin.services import forgetting

Store = Callable[[Callable[[], Any]], Any]


async def test_a_forgotten_user_is_in_no_answer(script: Scripts, store: Store, shop: Site, database: Database) -> None:
    person = store(lambda: UserFactory(site=shop, account_id=shop.account_id))
    kept = store(lambda: UserFactory(site=shop, account_id=shop.account_id))
    attempt = store(lambda: AttemptFactory(site=shop, succeeded=True, user=person, ref="M-77"))
    database.write_now(forgetting.forget, person.id, reason="person_asks", actor="ada")
    admin = script("admin")

    listed = await admin.get("/users")
    asked = await admin.get(f"/users/{person.id}")
    told = await admin.get(f"/attempts/{support_codes.show(attempt.support_code)}")

    assert [item["id"] for item in listed.json()["items"]] == [str(kept.id)]
    assert asked.status_code == 404
    assert told.json()["person"] == {
        "user_id": str(person.id),
        "openid": None,
        "nickname": None,
        "ref": None,
        "ip": None,
    }
