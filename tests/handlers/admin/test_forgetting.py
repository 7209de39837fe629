"""“删除个人信息” and “个人信息副本” on their pages: what they do, for whom, and that nothing of the person is left."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from sqlalchemy import select

from tests import html_tree, remains
from tests.databases import on_sqlite
from tests.factories import AttemptFactory, AttemptNoteFactory, AuditEntryFactory, TokenFactory, UserFactory
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from tests.running import SiteKeys
from tests.visiting import Visitor, redeem, ticket_of
from wxadmin import log, support_codes
from wxadmin.clock import hour_of, utcnow
from wxadmin.database import Database, scrubbing
from wxadmin.models import Attempt, AuditEntry, Erasure, FailureHour, LoginHour, Site, StepHour, Token, User
from wxadmin.queries import counts
from wxadmin.services import cleaning

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]


@pytest.fixture
def shop(database: Database, gateway: str) -> Site:
    return database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "shop")).one())


@pytest.fixture
def person(store: Store, shop: Site) -> User:
    made: User = store(lambda: UserFactory(site=shop, account_id=shop.account_id, nickname="小雨点", last_ref="M-77"))
    store(lambda: TokenFactory(user=made))
    return made


def answered(person: User, **changes: Any) -> dict[str, Any]:
    """The form, filled in rightly."""
    return {"reason": "person_asks", "note": "", "confirmed": person.openid[-4:]} | changes


async def forget(ada: StaffVisitor, person: User, **changes: Any) -> httpx.Response:
    return await ada.post(f"/admin/users/{person.id}/forget", answered(person, **changes))


async def test_the_form_says_what_will_happen_and_to_whom(
    staff: SignIn, store: Store, shop: Site, person: User
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, succeeded=True, user=person))
    store(lambda: AttemptNoteFactory(attempt=attempt))

    page = await staff("admin").get(f"/admin/users/{person.id}/forget")

    said = html_tree.read(page.text).one("main").text
    assert page.status_code == 200
    assert person.openid in said
    assert "1 login of theirs keeps its time" in said
    assert "1 note of staff about them is deleted." in said
    assert "Their token is deleted" in said


async def test_afterwards_the_users_page_is_the_receipt(
    staff: SignIn, store: Store, stored: Stored, person: User
) -> None:
    details = json.dumps({"rows": 1_234, "filters": {"scope": "explicit"}})
    taken = {"action": "users_exported", "subject": "users", "actor": "grace"}
    store(lambda: AuditEntryFactory(details=details, at=utcnow(), **taken))
    ada = staff("admin")

    done = await forget(ada, person, reason="other", note="by letter")
    page = await ada.get(done.headers["Location"])

    [receipt] = stored(Erasure)
    said = html_tree.read(page.text).one("main").text
    assert (done.status_code, done.headers["Location"]) == (303, f"/admin/users/{person.id}")
    assert "Deleted on" in said
    for told in (str(receipt.id), ada.name, "by letter", "Not cleaned yet", "grace", "1,234", "scope=explicit"):
        assert told in said, told
    assert not any(known in page.text for known in (person.openid, person.unionid, person.nickname, "M-77"))


async def test_those_who_are_no_administrators_see_that_somebody_was_deleted_and_no_receipt(
    staff: SignIn, person: User
) -> None:
    ada = staff("admin")
    await forget(ada, person)

    page = await staff("support").get(f"/admin/users/{person.id}")

    assert "Deleted on" in page.text
    assert ada.name not in page.text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"confirmed": "xxxx"}, "these are not the last signs of the OpenID"),
        ({"confirmed": ""}, "these are not the last signs of the OpenID"),
        ({"reason": ""}, "choose a reason"),
        ({"reason": "other"}, "say in the note what the reason is"),
        ({"note": "小雨点 wants it"}, "it must not name the person"),
    ],
)
@on_sqlite
async def test_what_is_filled_in_wrongly_deletes_nothing(
    staff: SignIn, stored: Stored, person: User, changes: dict[str, str], told: str
) -> None:
    refused = await forget(staff("admin"), person, **changes)

    assert refused.status_code == 400
    assert told in refused.text
    assert stored(Erasure) == []
    assert len(stored(Token)) == 1


async def test_all_openids_of_the_person_go_unless_they_are_unticked(
    staff: SignIn, store: Store, stored: Stored, person: User
) -> None:
    others = [store(lambda: UserFactory(unionid=person.unionid)) for _ in range(2)]
    stranger = store(UserFactory)
    ada = staff("admin")

    form = html_tree.read((await ada.get(f"/admin/users/{person.id}/forget")).text)
    boxes = [box.attributes for box in form.all("input") if box.attributes.get("name") == "also"]
    await forget(ada, person, also=[str(others[0].id), str(stranger.id)])

    forgotten = {user.id for user in stored(User) if user.forgotten_at}
    assert {box["value"] for box in boxes if "checked" in box} == {str(other.id) for other in others}
    assert forgotten == {person.id, others[0].id}


async def test_sent_twice_it_leads_to_the_first_receipt(staff: SignIn, stored: Stored, person: User) -> None:
    ada = staff("admin")

    answers = [await forget(ada, person) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(stored(Erasure)) == 1


@on_sqlite
async def test_a_tombstone_has_no_pages_of_its_own(staff: SignIn, person: User) -> None:
    ada = staff("admin")
    await forget(ada, person)

    for page in ("forget", "data.json", "refresh", "check"):
        assert (await ada.get(f"/admin/users/{person.id}/{page}")).status_code == 404, page


async def test_a_tombstone_is_in_no_list_count_file_search_or_answer(
    staff: SignIn, stored: Stored, store: Store, shop: Site, person: User
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, succeeded=True, user=person))
    ada = staff("admin")
    await forget(ada, person)
    [alias] = [user.openid for user in stored(User) if user.id == person.id]

    for path in (
        *(
            "/admin/users",
            "/admin/users?scope=explicit",
            f"/admin/users?q={alias}",
            "/admin/scopes",
        ),
        *("/admin/", f"/admin/users?q={person.openid}", f"/admin/attempts?openid={alias}"),
    ):
        page = await ada.get(path)
        text = page.text.replace(f"q={alias}", "").replace(f'value="{alias}"', "")
        assert page.status_code in {200, 303}, path
        assert f"/admin/users/{person.id}" not in text, path
        assert "小雨点" not in text, path
    users = html_tree.read((await ada.get("/admin/users")).text)
    assert "Nobody has authorized yet" in users.text
    found = html_tree.read((await ada.post("/admin/search", {"q": alias})).text)
    assert not found.text.count(f"/admin/users/{person.id}")
    assert alias not in found.text
    shown = await ada.get(f"/admin/attempts/{support_codes.show(attempt.support_code)}")
    assert "Personal data deleted" in shown.text
    assert alias not in shown.text


@pytest.mark.parametrize("role", ["operator", "marketer", "support", "developer"])
@pytest.mark.parametrize("page", ["forget", "data.json"])
@on_sqlite
async def test_only_administrators_forget_and_copy(
    staff: SignIn, stored: Stored, person: User, *, role: str, page: str
) -> None:
    asker = staff(role, ["shop"] if role == "developer" else [])

    shown = await asker.get(f"/admin/users/{person.id}/{page}")
    sent = await asker.post(f"/admin/users/{person.id}/{page}", answered(person))

    assert (shown.status_code, sent.status_code) == (403, 403)
    assert stored(Erasure) == []
    assert f"/admin/users/{person.id}/forget" not in (await asker.get(f"/admin/users/{person.id}")).text


async def test_a_person_gets_all_that_is_kept_of_them_as_one_file(
    staff: SignIn, store: Store, stored: Stored, shop: Site, person: User
) -> None:
    other = store(lambda: UserFactory(unionid=person.unionid))
    attempt = store(lambda: AttemptFactory(site=shop, succeeded=True, user=person, ref="M-77"))
    store(lambda: AttemptNoteFactory(attempt=attempt, text="rang twice", author="grace"))
    ada = staff("admin")

    form = await ada.get(f"/admin/users/{person.id}/data.json")
    file = await ada.post(f"/admin/users/{person.id}/data.json", {"reason": "own_data", "also": str(other.id)})

    document = file.json()
    first, second = document["identities"]
    [login] = first["attempts"]
    assert form.status_code == 200
    assert file.headers["Content-Disposition"].startswith(f'attachment; filename="personal-data-{person.id}-')
    assert (first["profile"]["openid"], first["profile"]["nickname"]) == (person.openid, "小雨点")
    assert second["profile"]["openid"] == other.openid
    assert (login["support_code"], login["ip"], login["ref"]) == (
        support_codes.show(attempt.support_code),
        "203.0.113.7",
        "M-77",
    )
    assert [note["text"] for note in login["notes_of_staff"]] == ["rang twice"]
    assert first["token"]["scope"] == "snsapi_base,snsapi_userinfo"
    assert "sealed" not in file.text
    assert "grace" not in file.text
    noted = [(entry.actor, entry.subject) for entry in stored(AuditEntry) if entry.action == "personal_data_copied"]
    assert noted == [(ada.name, f"user {person.id}"), (ada.name, f"user {other.id}")]


@on_sqlite
async def test_no_copy_is_made_without_a_reason(staff: SignIn, stored: Stored, person: User) -> None:
    refused = await staff("admin").post(f"/admin/users/{person.id}/data.json", {"reason": ""})

    assert refused.status_code == 400
    assert person.openid + '"' not in refused.text
    assert [entry for entry in stored(AuditEntry) if entry.action == "personal_data_copied"] == []


async def test_the_audit_page_says_who_took_and_deleted(staff: SignIn, person: User) -> None:
    ada = staff("admin")
    await ada.post(f"/admin/users/{person.id}/data.json", {"reason": "own_data"})
    await forget(ada, person)

    took = await ada.get("/admin/audit?kind=took")
    changed = await ada.get("/admin/audit?kind=changed")

    assert "Personal data copied" in took.text
    assert "The person asks what is known of them" in took.text
    assert "Personal data deleted" in changed.text
    assert "The person asks for it" in changed.text


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """All that is logged, from debug on; logging is the whole process's, and given back."""
    root, access = logging.getLogger(), logging.getLogger("tornado.access")
    handlers, level, disabled = root.handlers, root.level, access.disabled
    log.set_up("debug", "json")
    written: list[str] = []

    def logged() -> str:
        written.append("".join(capsys.readouterr()))
        return "".join(written)

    yield logged
    root.handlers, access.disabled = handlers, disabled
    root.setLevel(level)


def counted(database: Database) -> list[Any]:
    queries = [select(*table.__table__.c) for table in (LoginHour, StepHour, FailureHour)]
    return [database.read_now(lambda session, query: session.execute(query).all(), query) for query in queries]


async def test_somebody_who_was_here_is_found_nowhere_afterwards_and_the_counts_are_as_before(
    logged: Callable[[], str],
    visitor: Visitor,
    http: httpx.AsyncClient,
    site_keys: SiteKeys,
    staff: SignIn,
    database: Database,
    database_url: str,
    stored: Stored,
) -> None:
    stranger = Visitor(visitor.gateway, http, person=2)
    await stranger.log_in(scope="snsapi_userinfo")
    ticket = await visitor.log_in(scope="snsapi_userinfo", ref="member-4711", nonce="nonce-of-theirs")
    await redeem(http, visitor.gateway, site_keys.shop, ticket, ref="member-4711")
    await visitor.log_in()
    attempt, user = stored(Attempt)[-1], max(stored(User), key=lambda one: one.logins)
    known = [user.openid, user.unionid, user.nickname, "member-4711", "nonce-of-theirs"]
    ada, ben = staff("admin"), staff("support")
    page = f"/admin/attempts/{support_codes.show(attempt.support_code)}"
    await ada.post(f"{page}/notes", {"text": f"{user.nickname} ({user.openid}) rang"})
    await ben.post(f"/admin/users/{user.id}/reveal", {"reason": "other", "note": f"is it {user.nickname}?"})
    for path in (f"/admin/users?q={user.openid}", f"/admin/search?q={user.nickname}", page):
        await ada.get(path)
    await ada.post(f"/admin/users/{user.id}/data.json", {"reason": "other", "note": f"for {user.nickname}"})
    assert remains.found(database_url, known[:3])
    before, hour = counted(database), hour_of(utcnow())

    await forget(ada, user)

    how = scrubbing.scrub(database.writer.url, cleaning.TABLES)
    assert how is not None
    assert remains.found(database_url, known) == []
    lines = unquote(logged())
    assert '"event"' in lines
    assert [value for value in known if value in lines] == []
    assert counted(database) == before
    for back in range(2):
        assert database.read_now(counts.differing, hour - back * timedelta(hours=1)) == {}
    assert [one.forgotten_at is None for one in stored(User) if one.id != user.id] == [True]


async def test_whoever_comes_again_is_a_new_user_and_old_links_and_tickets_lead_nowhere(
    visitor: Visitor, http: httpx.AsyncClient, site_keys: SiteKeys, staff: SignIn, stored: Stored
) -> None:
    callback = await visitor.agree(await visitor.start(scope="snsapi_userinfo"))
    ticket = ticket_of(await visitor.get(callback))
    [user] = stored(User)
    await forget(staff("admin"), user)

    redeemed = await redeem(http, visitor.gateway, site_keys.shop, ticket)
    again = await visitor.get(callback)
    new_ticket = await visitor.log_in(scope="snsapi_userinfo")
    answer = await redeem(http, visitor.gateway, site_keys.shop, new_ticket)

    assert redeemed.status_code == 404
    assert again.status_code != 302
    assert answer.json()["openid"] == user.openid
    [new] = [one for one in stored(User) if one.id != user.id]
    assert (new.openid, new.logins) == (user.openid, 1)
