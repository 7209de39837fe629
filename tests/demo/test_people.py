"""The demo's staff: whoever clones the project can sign in, at the first start and at every later one."""

import stat
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.factories import SiteFactory
from wxadmin.demo.people import FILE_NAME, kept_password, let_in
from wxadmin.models import Role
from wxadmin.queries.staff import all_rows, credentials
from wxadmin.security.hashes import password_matches
from wxadmin.services import staff

PASSWORD = "oolong at noon"


def can_sign_in(session: Session, name: str, password: str) -> bool:
    known = credentials(session, name)
    return known is not None and password_matches(known.password_hash, password)


def test_the_password_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    first, second = kept_password(tmp_path), kept_password(tmp_path)

    assert first == second
    assert len(first) >= staff.SHORTEST_PASSWORD
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_there_is_someone_of_each_role_and_the_developer_sees_the_sites_that_are_there(session: Session) -> None:
    SiteFactory(name="shop")

    let_in(session, PASSWORD, sites=["shop", "closed-long-ago"])

    session.flush()
    assert {person.name: person.role for person in all_rows(session)} == {role.value: role for role in Role}
    assert [person.sites for person in all_rows(session) if person.sites] == [["shop"]]
    assert all(can_sign_in(session, role, PASSWORD) for role in Role)


@pytest.mark.parametrize("change", ["reset", "disable"])
def test_what_is_printed_at_a_later_start_is_true_again(session: Session, change: str) -> None:
    SiteFactory(name="shop")
    let_in(session, PASSWORD, sites=["shop"])
    if change == "reset":
        staff.reset(session, "support", "another password", actor="admin")
    else:
        staff.disable(session, "support", actor="admin")

    let_in(session, PASSWORD, sites=["shop"])

    assert can_sign_in(session, "support", PASSWORD)
    assert can_sign_in(session, "admin", PASSWORD)
