"""The mark of whoever is not to be contacted: set, lifted, numbered, on record, gone with the person."""

import json
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import SiteFactory, UserChannelFactory, UserFactory
from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchUser
from wxadmin.models import AuditEntry, Counter, IdKind, Site, User
from wxadmin.services import contact, forgetting
from wxadmin.services.contact import RefOfMany


@pytest.fixture
def site(session: Session) -> Site:
    made: Site = SiteFactory()
    return made


def entries(session: Session) -> list[tuple[str, str, str, Any]]:
    session.flush()
    found = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(one.actor, one.action, one.subject, json.loads(one.details or "null")) for one in found]


def number(session: Session) -> int:
    return session.scalars(select(Counter.value).where(Counter.name == "user_changes")).one()


def by_site(session: Session, site: Site, kind: str, value: str, *, blocked: bool = True, why: str = "") -> bool:
    # Of a known site, these are all that is asked for.
    return contact.mark_by_site(session, site, IdKind(kind), value, blocked=blocked, why=why)  # type: ignore[arg-type]


def test_a_mark_says_since_when_by_whom_and_why(session: Session) -> None:
    person = UserFactory()

    changed = contact.mark(session, person.id, blocked=True, why="  来电要求\n不再打扰 ", actor="lin")

    assert changed
    assert (person.blocked_by, person.blocked_why) == ("lin", "来电要求 不再打扰")
    assert person.blocked_at is not None
    assert entries(session) == [("lin", "contact_blocked", f"user {person.id}", None)]


def test_both_ways_the_person_gets_a_new_change_number(session: Session) -> None:
    person, numbers = UserFactory(), []

    for blocked in (True, False):
        contact.mark(session, person.id, blocked=blocked, actor="lin")
        session.refresh(person)
        numbers.append((person.change_no, number(session)))

    assert numbers[0][0] == numbers[0][1] == numbers[1][0] - 1
    assert numbers[1][0] == numbers[1][1]
    assert (person.blocked_at, person.blocked_by, person.blocked_why) == (None, None, None)


@pytest.mark.parametrize("blocked", [True, False])
def test_what_is_so_already_is_not_set_again(session: Session, blocked: bool) -> None:
    person = UserFactory(blocked=blocked)
    before = (person.blocked_at, person.blocked_by, person.change_no, number(session))

    changed = contact.mark(session, person.id, blocked=blocked, why="again", actor="ada")

    session.refresh(person)
    assert not changed
    assert (person.blocked_at, person.blocked_by, person.change_no, number(session)) == before
    assert entries(session) == []


@pytest.mark.parametrize("why", ["x" * 201, "a\0b", "\u202e\x07"])
def test_a_reason_is_one_short_line(session: Session, why: str) -> None:
    person = UserFactory()

    with pytest.raises(BadValue):
        contact.mark(session, person.id, blocked=True, why=why, actor="lin")

    assert person.blocked_at is None


def test_nobody_unknown_or_forgotten_is_marked(session: Session) -> None:
    gone = UserFactory(forgotten_at=utcnow())

    for user_id in (1, gone.id):
        with pytest.raises(NoSuchUser):
            contact.mark(session, user_id, blocked=True, actor="lin")


def test_a_site_marks_people_of_its_account_by_any_id(session: Session, site: Site) -> None:
    people = [UserFactory(site=site) for _ in range(3)]
    UserChannelFactory(user=people[2], site_id=site.id, last_ref="M-3")
    asked = [("openid", people[0].openid), ("unionid", people[1].unionid), ("ref", "M-3")]

    for kind, value in asked:
        assert by_site(session, site, kind, value, why="退订短信")

    assert {(one.blocked_by, one.blocked_why) for one in people} == {(f"site {site.name}", "退订短信")}
    assert entries(session)[0] == (f"site {site.name}", "contact_blocked", f"user {people[0].id}", None)


def test_a_site_reaches_nobody_of_another_account(session: Session, site: Site) -> None:
    stranger = UserFactory()
    UserChannelFactory(user=stranger, last_ref="M-1")

    for kind, value in (("openid", stranger.openid), ("unionid", stranger.unionid), ("ref", "M-1")):
        with pytest.raises(NoSuchUser):
            by_site(session, site, kind, value)

    assert stranger.blocked_at is None


def test_a_ref_is_the_sites_own(session: Session, site: Site) -> None:
    person = UserFactory(site=site)
    other = SiteFactory(account_id=site.account_id)
    UserChannelFactory(user=person, site_id=other.id, last_ref="M-1")

    with pytest.raises(NoSuchUser):
        by_site(session, site, "ref", "M-1")

    assert by_site(session, other, "ref", "M-1")


def test_a_ref_that_everybody_came_with_means_nobody(session: Session, site: Site) -> None:
    people = UserFactory.create_batch(21, site=site)
    for person in people:
        UserChannelFactory(user=person, site_id=site.id, last_ref="guest")

    with pytest.raises(RefOfMany):
        by_site(session, site, "ref", "guest")

    assert not any(person.blocked_at for person in people)


def test_a_site_with_the_longest_name_is_on_record_too(session: Session) -> None:
    site = SiteFactory(name="s" * 63)
    person = UserFactory(site=site)

    assert by_site(session, site, "openid", person.openid)

    session.flush()
    assert person.blocked_by.startswith("site sss")


def test_a_portion_of_a_list_is_marked_with_one_entry_that_says_how_many(session: Session) -> None:
    people = UserFactory.create_batch(3)
    already = UserFactory(blocked=True)
    before = number(session)

    changed = contact.mark_all(session, [one.id for one in (*people, already)], blocked=True, actor="lin", list_id=7)

    assert changed == 3
    assert entries(session) == [("lin", "contact_blocked", "list 7", {"people": 3})]
    assert number(session) == before + 3
    assert already.blocked_why == "来电要求不再打扰"


def test_forgetting_takes_the_mark_and_its_words(session: Session) -> None:
    person = UserFactory(blocked=True)

    forgetting.forget(session, person.id, reason="person_asks", actor="ada")

    stored = session.get_one(User, person.id, populate_existing=True)
    assert (stored.blocked_at, stored.blocked_by, stored.blocked_why) == (None, None, None)
