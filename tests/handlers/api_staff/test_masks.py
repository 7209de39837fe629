"""The API shows each role as much of a person as the dashboard does, field by field."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.factories import AttemptFactory, EventFactory, UserChannelFactory, UserFactory
from tests.handlers.admin.test_masks import PERSONAL
from tests.handlers.api_staff.conftest import Scripts
from wxadmin.models import Attempt, AuditEntry, Role, Site, User
from wxadmin.queries.masking import Field, Masks, of_role

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]


@pytest.fixture
def person(store: Store, shop: Site) -> User:
    return store(  # type: ignore[no-any-return]
        lambda: UserFactory(
            site=shop,
            account_id=shop.account_id,
            openid=PERSONAL[Field.OPENID],
            unionid=PERSONAL[Field.UNIONID],
            nickname=PERSONAL[Field.NICKNAME],
            headimgurl=PERSONAL[Field.AVATAR],
            last_ref=PERSONAL[Field.REF],
        )
    )


@pytest.fixture
def attempt(store: Store, shop: Site, person: User) -> Attempt:
    """Made by that person."""
    store(lambda: UserChannelFactory(user=person, last_ref=PERSONAL[Field.REF]))
    made: Attempt = store(
        lambda: AttemptFactory(site=shop, user_id=person.id, ref=PERSONAL[Field.REF], ip=PERSONAL[Field.IP])
    )
    store(lambda: EventFactory(attempt=made, user_id=person.id))
    return made


def left(masks: Masks, *fields: Field) -> list[str | None]:
    return [masks.shown(field, PERSONAL[field]) for field in fields]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DEVELOPER])
async def test_users_are_masked_as_the_role_has_it(script: Scripts, person: User, attempt: Attempt, role: Role) -> None:
    asker, masks = script(role), of_role(role)

    [item] = (await asker.get("/users")).json()["items"]
    told = (await asker.get(f"/users/{person.id}")).json()

    names = ("openid", "unionid", "nickname")
    assert [item[name] for name in names] == left(masks, Field.OPENID, Field.UNIONID, Field.NICKNAME)
    assert [told[name] for name in names] == left(masks, Field.OPENID, Field.UNIONID, Field.NICKNAME)
    assert [told["headimgurl"], told["ref"]] == left(masks, Field.AVATAR, Field.REF)
    assert [came["ref"] for came in told["came_through"]] == left(masks, Field.REF)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OPERATOR, Role.SUPPORT])
async def test_attempts_are_masked_as_the_role_has_it(script: Scripts, attempt: Attempt, role: Role) -> None:
    told = (await script(role).get(f"/attempts/{attempt.support_code}")).json()["person"]

    fields = (Field.OPENID, Field.NICKNAME, Field.REF, Field.IP)
    assert [told[field.value] for field in fields] == left(of_role(role), *fields)


async def test_a_developer_is_told_nothing_personal_by_any_call(script: Scripts, attempt: Attempt) -> None:
    asker = script("developer", ["shop"])

    answers = [
        await asker.get(path) for path in ("/attempts", f"/attempts/{attempt.support_code}", "/events", "/failures")
    ]

    told = "".join(json.dumps(answer.json(), ensure_ascii=False) for answer in answers)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert [value for value in PERSONAL.values() if value in told] == []
    assert str(attempt.user_id) not in told


async def test_what_is_masked_is_found_by_all_of_it_and_on_record(
    script: Scripts, stored: Stored, person: User, attempt: Attempt
) -> None:
    asker = script("support")

    found = [(await asker.get(f"/users?q={q}")).json()["items"] for q in ("oABC012345", PERSONAL[Field.OPENID])]
    await asker.get(f"/attempts?ref={PERSONAL[Field.REF]}")

    assert [[item["id"] for item in items] for items in found] == [[], [str(person.id)]]
    lookups = [entry for entry in stored(AuditEntry) if entry.action == "looked_up"]
    assert sorted(entry.subject for entry in lookups) == ["attempts", "users", "users"]
    assert {entry.actor for entry in lookups} == {asker.name}


async def test_a_reveal_on_a_page_is_none_for_scripts(script: Scripts, person: User) -> None:
    told = (await script("support").get(f"/users/{person.id}")).json()

    assert told["openid"] == "oABC…wxyz"
