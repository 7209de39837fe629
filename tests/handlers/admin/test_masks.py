"""Masks on pages and in the file, by role; a person shown in the clear with a reason; look-ups on record."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.databases import on_sqlite
from tests.factories import AttemptFactory, UserChannelFactory, UserFactory
from tests.handlers.admin import exported
from tests.handlers.admin.conftest import SignIn
from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.exporting.subjects.users import COLUMNS
from wxadmin.handlers.admin.menu import EXPORTERS
from wxadmin.models import Attempt, AuditEntry, Reveal, Role, Site, StaffSession, User
from wxadmin.queries.masking import Field, Sight, of_role

pytestmark = on_sqlite

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]

PERSONAL = {
    Field.OPENID: "oABC0123456789wxyz",
    Field.UNIONID: "oUNI0123456789wxyz",
    Field.NICKNAME: "小雨点",
    Field.AVATAR: "thirdwx.qlogo.cn/mmopen/vi_32/42",
    Field.IP: "203.0.113.77",
    Field.REF: "M-10086",
}


@pytest.fixture
def person(store: Store, shop: Site) -> User:
    """Whoever is behind PERSONAL, come through a channel."""
    made: User = store(
        lambda: UserFactory(
            site=shop,
            account_id=shop.account_id,
            openid=PERSONAL[Field.OPENID],
            unionid=PERSONAL[Field.UNIONID],
            nickname=PERSONAL[Field.NICKNAME],
            headimgurl="https://" + PERSONAL[Field.AVATAR],
            last_ref=PERSONAL[Field.REF],
        )
    )
    store(lambda: UserChannelFactory(user=made, last_ref=PERSONAL[Field.REF]))
    return made


@pytest.fixture
def attempt(store: Store, shop: Site, person: User) -> Attempt:
    made: Attempt = store(
        lambda: AttemptFactory(site=shop, user_id=person.id, ref=PERSONAL[Field.REF], ip=PERSONAL[Field.IP])
    )
    return made


def address_of(attempt: Attempt) -> str:
    return f"/admin/attempts/{support_codes.show(attempt.support_code)}"


def entries(stored: Stored, action: str) -> list[tuple[str, str, Any]]:
    found = [entry for entry in stored(AuditEntry) if entry.action == action]
    return [(entry.actor, entry.subject, json.loads(entry.details)) for entry in found]


@pytest.mark.parametrize("role", Role)
async def test_no_page_and_no_file_shows_a_role_more_than_the_masks_leave(
    staff: SignIn, person: User, attempt: Attempt, role: Role
) -> None:
    visitor = staff(role, ["shop"] if role is Role.DEVELOPER else [])
    pages = ["/admin/", "/admin/users", f"/admin/users/{person.id}", "/admin/attempts"]
    pages += [address_of(attempt), f"/admin/users/{person.id}/check", f"/admin/users/{person.id}/refresh"]

    answers = [await visitor.get(path) for path in pages]
    if role in EXPORTERS:
        answers.append(await exported.file_of_users(visitor, columns=list(COLUMNS)))

    shown = "".join(answer.text for answer in answers if answer.status_code == 200)
    seen = {field for field, value in PERSONAL.items() if value in shown}
    opened = {Field.IP} if role is not Role.MARKETER else set()
    clear = {field for field in Field if of_role(role).sight(field) is Sight.CLEAR}
    assert seen <= clear
    assert clear - seen <= {Field.IP} - opened


async def test_the_file_of_a_marketer_is_masked_as_the_page_is(staff: SignIn, person: User) -> None:
    lin = staff("marketer")

    page = await lin.get(f"/admin/users/{person.id}")
    file = await exported.file_of_users(lin, columns=["openid", "unionid", "nickname", "ref", "account"])

    [_, row] = csv.reader(io.StringIO(file.text, newline=""))
    assert row[:3] == [PERSONAL[Field.OPENID], PERSONAL[Field.UNIONID], PERSONAL[Field.NICKNAME]]
    assert row[4] == "…86"
    assert "…86" in page.text


@pytest.mark.parametrize(("q", "finds"), [("oABC0123456789wxyz", True), ("oABC01234567", False), ("雨", False)])
async def test_support_finds_by_all_of_it_only_and_it_is_on_record(
    staff: SignIn, stored: Stored, person: User, q: str, finds: bool
) -> None:
    grace = staff("support")

    page = await grace.get(f"/admin/users?q={q}")

    assert (f"/admin/users/{person.id}" in page.text) is finds
    found = [str(person.id)] if finds else []
    by = ["nickname", "openid", "ref", "unionid"]
    assert entries(stored, "looked_up") == [(grace.name, "users", {"by": by, "rows": len(found), "found": found})]
    assert q not in "".join(entry.details or "" for entry in stored(AuditEntry))


async def test_attempts_looked_for_by_a_masked_field_are_on_record(
    staff: SignIn, stored: Stored, attempt: Attempt
) -> None:
    grace, ada = staff("support"), staff("admin")

    for who in (grace, ada):
        await who.get(f"/admin/attempts?ref={PERSONAL[Field.REF]}")
        await who.get("/admin/attempts?outcome=failed")

    code = support_codes.show(attempt.support_code)
    assert entries(stored, "looked_up") == [(grace.name, "attempts", {"by": ["ref"], "rows": 1, "found": [code]})]


async def test_a_reason_shows_one_person_to_one_browser_for_ten_minutes(
    staff: SignIn, stored: Stored, person: User, attempt: Attempt
) -> None:
    grace, other = staff("support"), staff("support")
    own = f"/admin/users/{person.id}"

    offered = await grace.get(own)
    answer = await grace.post(f"{own}/reveal", {"reason": "customer_asks", "note": "ticket 77"})
    shown, shown_attempt = await grace.get(own), await grace.get(address_of(attempt))
    elsewhere, listed = await other.get(own), await grace.get("/admin/users")

    assert f'action="{own}/reveal"' in offered.text
    assert (answer.status_code, answer.headers["Location"]) == (303, own)
    assert all(PERSONAL[field] in shown.text for field in Field if field is not Field.IP)
    assert PERSONAL[Field.IP] in shown_attempt.text
    assert f'action="{own}/reveal"' not in shown.text
    assert not any(PERSONAL[field] in elsewhere.text + listed.text for field in Field)
    told = {"reason": "customer_asks", "note": "ticket 77"}
    assert entries(stored, "revealed") == [(grace.name, f"user {person.id}", told)]


async def test_what_was_revealed_is_masked_again_when_its_time_is_up(
    staff: SignIn, database: Database, stored: Stored, person: User
) -> None:
    grace = staff("support")
    await grace.post(f"/admin/users/{person.id}/reveal", {"reason": "own_data"})
    past = utcnow() - timedelta(seconds=1)

    database.write_now(lambda session: session.execute(update(Reveal).values(until=past)))

    page = await grace.get(f"/admin/users/{person.id}")
    assert PERSONAL[Field.NICKNAME] not in page.text
    await grace.post("/admin/sign-out")
    assert (stored(StaffSession), stored(Reveal)) == ([], [])


async def test_an_attempt_of_nobody_known_is_revealed_by_itself(
    staff: SignIn, store: Store, stored: Stored, shop: Site
) -> None:
    grace = staff("support")
    lost = store(lambda: AttemptFactory(site=shop, user_id=None, ip="198.51.100.9"))

    await grace.post(f"{address_of(lost)}/reveal", {"reason": "right_person"})

    assert "198.51.100.9" in (await grace.get(address_of(lost))).text
    assert [subject for _, subject, _ in entries(stored, "revealed")] == [
        f"attempt {support_codes.show(lost.support_code)}"
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "reason"),
        ({"reason": "curious"}, "reason"),
        ({"reason": "other"}, "note"),
        ({"reason": "own_data", "note": "x" * 201}, "note"),
    ],
)
async def test_without_a_reason_nobody_is_shown(
    staff: SignIn, stored: Stored, person: User, fields: dict[str, str], field: str
) -> None:
    grace = staff("support")

    refused = await grace.post(f"/admin/users/{person.id}/reveal", fields)

    assert refused.status_code == 400
    assert f'id="{field}-fault"' in refused.text
    assert (stored(Reveal), entries(stored, "revealed")) == ([], [])


@pytest.mark.parametrize("path", ["/admin/users/1/reveal", f"/admin/users/{2**63}/reveal", "/admin/attempts/x/reveal"])
async def test_nobody_who_is_not_there_is_revealed(staff: SignIn, path: str) -> None:
    grace = staff("support")

    answers = [await grace.get(path), await grace.post(path, {"reason": "own_data"})]

    assert [answer.status_code for answer in answers] == [404, 404]
