"""People of the dashboard: added, switched off, given new passwords, and signed out when told."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import SiteFactory, StaffFactory, StaffSessionFactory
from wxadmin.errors import BadValue, NoSuchSite, NoSuchStaff, Taken
from wxadmin.models import AuditEntry, Role, Staff, StaffSession
from wxadmin.security.hashes import password_matches
from wxadmin.services import staff

PASSWORD = "green tea at nine"


def add(session: Session, **changes: Any) -> Staff:
    given = {"name": "ada", "role": "support", "password": PASSWORD, "actor": "command line"}
    person = staff.add(session, **given | changes)
    session.flush()
    return person


def sessions_of(session: Session, person: Staff) -> list[StaffSession]:
    return list(session.scalars(select(StaffSession).where(StaffSession.staff_id == person.id)))


@pytest.mark.parametrize("role", ["admin", "operator", "marketer", "support"])
def test_a_person_is_added_with_a_hashed_password(session: Session, role: str) -> None:
    person = add(session, role=role)

    assert (person.name, person.role, person.sites) == ("ada", role, [])
    assert PASSWORD not in person.password_hash
    assert password_matches(person.password_hash, PASSWORD)


def test_a_developer_is_bound_to_sites(session: Session) -> None:
    SiteFactory(name="menu")
    SiteFactory(name="booking")

    add(session, role="developer", site_names=["menu", "booking"])

    session.expire_all()
    assert [site.name for site in staff.find(session, "ada").sites] == ["booking", "menu"]


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "boss"},
        {"role": ""},
        {"role": "Admin"},
        {"name": "Ada L"},
        {"name": ""},
        {"password": ""},
        {"password": "nine sign"},
        {"role": "developer"},
        {"role": "admin", "site_names": ["menu"]},
    ],
)
def test_what_cannot_be_a_person_is_refused(session: Session, changes: dict[str, Any]) -> None:
    SiteFactory(name="menu")

    with pytest.raises(BadValue) as refused:
        add(session, **changes)

    assert changes.get("password") in {None, ""} or changes["password"] not in str(refused.value)
    assert session.scalars(select(Staff)).all() == []


def test_the_roles_are_those_of_the_contract() -> None:
    roles = {role.value for role in Role}

    assert roles == {"admin", "operator", "marketer", "support", "developer"}


def test_a_name_in_use_is_refused(session: Session) -> None:
    StaffFactory(name="ada")

    with pytest.raises(Taken, match="ada"):
        add(session)


def test_a_site_that_is_not_there_is_named(session: Session) -> None:
    with pytest.raises(NoSuchSite, match="menu"):
        add(session, role="developer", site_names=["menu"])


def test_a_developer_is_given_other_sites_and_the_audit_says_so(session: Session) -> None:
    for name in ("menu", "booking", "mine"):
        SiteFactory(name=name)
    person = add(session, role="developer", site_names=["menu"])

    staff.change_sites(session, "ada", ["mine", "booking", "mine"], actor="bob")
    session.flush()

    session.expire_all()
    told = session.scalars(select(AuditEntry).where(AuditEntry.action == "staff_sites_changed")).one()
    assert [site.name for site in person.sites] == ["booking", "mine"]
    assert (told.actor, told.subject, told.details) == ("bob", "ada", '{"sites": ["booking", "mine"]}')


def test_a_developer_is_given_one_site_more(session: Session) -> None:
    SiteFactory(name="menu")
    SiteFactory(name="booking")
    person = add(session, role="developer", site_names=["menu"])

    staff.add_site(session, "ada", "booking", actor="bob")
    session.flush()

    session.expire_all()
    assert [site.name for site in person.sites] == ["booking", "menu"]


@pytest.mark.parametrize(
    ("role", "site_names", "error"),
    [("developer", [], BadValue), ("developer", ["nowhere"], NoSuchSite), ("support", ["menu"], BadValue)],
)
def test_sites_that_somebody_cannot_have_change_nothing(
    session: Session, role: str, site_names: list[str], error: type[Exception]
) -> None:
    SiteFactory(name="menu")
    person = add(session, role=role, site_names=["menu"] if role == "developer" else [])

    with pytest.raises(error):
        staff.change_sites(session, "ada", site_names, actor="bob")

    assert [site.name for site in person.sites] == (["menu"] if role == "developer" else [])


def test_a_person_who_is_switched_off_is_signed_out_at_once(session: Session) -> None:
    person, other = add(session), StaffFactory()
    StaffSessionFactory(staff=person)
    kept = StaffSessionFactory(staff=other)

    staff.disable(session, "ada", actor="bob")

    assert person.disabled_at is not None
    assert sessions_of(session, person) == []
    assert sessions_of(session, other) == [kept]


def test_a_reset_gives_a_new_password_switches_on_and_signs_out(session: Session) -> None:
    person = add(session)
    staff.disable(session, "ada", actor="bob")
    StaffSessionFactory(staff=person)

    staff.reset(session, "ada", "another password", actor="bob")

    assert person.disabled_at is None
    assert password_matches(person.password_hash, "another password")
    assert not password_matches(person.password_hash, PASSWORD)
    assert sessions_of(session, person) == []


def test_a_reset_to_a_short_password_changes_nothing(session: Session) -> None:
    person = add(session)
    signed_in = StaffSessionFactory(staff=person)

    with pytest.raises(BadValue, match="10 characters"):
        staff.reset(session, "ada", "short", actor="bob")

    assert password_matches(person.password_hash, PASSWORD)
    assert sessions_of(session, person) == [signed_in]


def test_a_person_who_is_not_there_is_named(session: Session) -> None:
    with pytest.raises(NoSuchStaff, match=r"'eve'.*wxadmin staff list"):
        staff.disable(session, "eve", actor="bob")


def test_the_audit_says_who_did_what_without_a_password(session: Session) -> None:
    add(session)
    staff.reset(session, "ada", "another password", actor="bob")

    told = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))

    assert [(entry.actor, entry.action) for entry in told] == [
        ("command line", "staff_added"),
        ("bob", "staff_password_reset"),
    ]
    assert not [entry for entry in told if "password" in (entry.details or "") or PASSWORD in (entry.details or "")]
