"""Whom an uploaded list holds, and who is not to be contacted: as filters of users, and how they are found."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.crowd import NOON, ZONE
from tests.factories import (
    AccountFactory,
    SiteFactory,
    UploadedListFactory,
    UploadedValueFactory,
    UserChannelFactory,
    UserFactory,
)
from tests.queries.test_users import by, exactly, in_file, openids
from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchList
from wxadmin.models import IdKind, Site, UploadedList, User
from wxadmin.queries import uploaded, users, wanted_users
from wxadmin.queries.masking import CLEAR
from wxadmin.queries.uploaded import Matched
from wxadmin.queries.user_filters import UserFilters, choices


@pytest.fixture
def site(session: Session) -> Site:
    made: Site = SiteFactory(account=AccountFactory(name="leaf"))
    return made


def listed(site: Site, kind: IdKind, *values: str, **more: Any) -> UploadedList:
    made: UploadedList = UploadedListFactory(account_id=site.account_id, kind=kind, held=len(values), **more)
    for value in values:
        UploadedValueFactory(of_list=made, value=value)
    return made


def people(site: Site, number: int = 6) -> list[User]:
    """The latest login first, each with a reference of its own."""
    made = [
        UserFactory(site=site, openid=f"oLeaf{at}", unionid=f"oUni{at}", last_login_at=NOON - timedelta(minutes=at))
        for at in range(number)
    ]
    for at, person in enumerate(made):
        UserChannelFactory(user=person, last_ref=f"M-{at}")
    return made


def everywhere(session: Session, filters: UserFilters) -> list[str]:
    """Who is on the pages; count and file say the same."""
    session.flush()
    found = openids(session, filters, size=2)
    assert users.count(session, filters, ZONE, masks=CLEAR).number == exactly(session, filters) == len(found)
    assert sorted(row[0] for row in in_file(session, filters)) == sorted(found)
    return found


@pytest.fixture(params=["few", "many"])
def of_any_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found beforehand, and looked for in order."""
    monkeypatch.setattr(wanted_users, "FEW", 5_000 if request.param == "few" else 0)


KINDS = {IdKind.OPENID: "oLeaf", IdKind.UNIONID: "oUni", IdKind.REF: "M-"}


@pytest.mark.usefixtures("of_any_size")
@pytest.mark.parametrize("kind", KINDS)
def test_only_whom_a_list_holds_and_all_but_them(session: Session, site: Site, kind: IdKind) -> None:
    people(site)
    one = listed(site, kind, *(f"{KINDS[kind]}{at}" for at in (1, 4, 9)))

    assert everywhere(session, by(only=str(one.id))) == ["oLeaf1", "oLeaf4"]
    assert everywhere(session, by(without=str(one.id))) == ["oLeaf0", "oLeaf2", "oLeaf3", "oLeaf5"]
    assert everywhere(session, by(only=str(one.id), without=str(one.id))) == []


@pytest.mark.usefixtures("of_any_size")
def test_whoever_logs_in_later_is_found(session: Session, site: Site) -> None:
    one = listed(site, IdKind.OPENID, "oLeaf7")
    before = everywhere(session, by(only=str(one.id)))

    UserFactory(site=site, openid="oLeaf7")

    assert (before, everywhere(session, by(only=str(one.id)))) == ([], ["oLeaf7"])


@pytest.mark.usefixtures("of_any_size")
@pytest.mark.parametrize("kind", KINDS)
def test_a_list_holds_nobody_of_another_account(session: Session, site: Site, kind: IdKind) -> None:
    [person] = people(site, 1)
    elsewhere = SiteFactory()
    same = UserFactory(site=elsewhere, openid="oWard0", unionid=person.unionid, last_login_at=NOON)
    UserChannelFactory(user=same, last_ref="M-0")
    one = listed(site, kind, f"{KINDS[kind]}0", "oWard0")

    assert everywhere(session, by(only=str(one.id))) == ["oLeaf0"]
    assert everywhere(session, by(without=str(one.id))) == ["oWard0"]
    assert uploaded.matched(session, one) == Matched(found=1, elsewhere=1 if kind is IdKind.OPENID else 0)


@pytest.mark.usefixtures("of_any_size")
def test_capitals_tell_people_apart_in_lists_too(session: Session, site: Site) -> None:
    for name in ("oleaf", "oLEAF"):
        person = UserFactory(site=site, openid=name)
        UserChannelFactory(user=person, last_ref=f"{name}-ref")
    openid, ref = listed(site, IdKind.OPENID, "oLEAF"), listed(site, IdKind.REF, "oleaf-ref")

    assert everywhere(session, by(only=str(openid.id))) == ["oLEAF"]
    assert everywhere(session, by(only=str(ref.id))) == ["oleaf"]


def test_nobody_forgotten_is_found_or_matched(session: Session, site: Site) -> None:
    UserFactory(site=site, openid="oGone", forgotten_at=utcnow(), blocked_at=utcnow())
    one = listed(site, IdKind.OPENID, "oGone")

    assert everywhere(session, by(only=str(one.id))) == []
    assert everywhere(session, by(contact="blocked")) == []
    assert uploaded.matched(session, one) == Matched(0, 0)


@pytest.mark.usefixtures("of_any_size")
def test_whoever_is_not_to_be_contacted_can_be_listed_and_left_out(session: Session, site: Site) -> None:
    made = people(site)
    for at in (0, 3):
        made[at].blocked_at = utcnow()

    assert everywhere(session, by(contact="blocked")) == ["oLeaf0", "oLeaf3"]
    assert everywhere(session, by(contact="allowed")) == ["oLeaf1", "oLeaf2", "oLeaf4", "oLeaf5"]
    assert len(everywhere(session, by())) == 6


@pytest.mark.usefixtures("of_any_size")
def test_lists_marks_and_other_filters_combine(session: Session, site: Site) -> None:
    made = people(site)
    made[2].blocked_at = utcnow()
    made[1].logins = 9
    some, other = listed(site, IdKind.OPENID, "oLeaf1", "oLeaf2", "oLeaf3"), listed(site, IdKind.REF, "M-3")

    found = everywhere(session, by(only=str(some.id), without=str(other.id), account="leaf"))

    assert found == ["oLeaf1", "oLeaf2"]
    assert everywhere(session, by(only=str(some.id), contact="blocked")) == ["oLeaf2"]
    assert everywhere(session, by(only=str(some.id), logins_min="9", contact="allowed", q="M-1")) == ["oLeaf1"]


@pytest.mark.parametrize("typed", ["x", "-1", "1.5", "٣", "9" * 20, str(2**63), "1 OR 1=1"])
@pytest.mark.parametrize("name", ["only", "without"])
def test_a_list_goes_by_its_number(name: str, typed: str) -> None:
    with pytest.raises(BadValue, match=f"{name} is the number of an uploaded list"):
        by(**{name: typed})


def test_contact_is_one_of_two_words() -> None:
    with pytest.raises(BadValue, match="contact is one of allowed, blocked"):
        by(contact="perhaps")


@pytest.mark.parametrize("name", ["only", "without"])
@pytest.mark.parametrize("state", ["missing", "half stored"])
def test_a_list_that_is_not_there_is_refused_rather_than_passed_over(
    session: Session, site: Site, name: str, state: str
) -> None:
    filters = by(**{name: str(listed(site, IdKind.OPENID, ready_at=None).id if state == "half stored" else 1)})

    with pytest.raises(NoSuchList):
        choices(session, filters)
    with pytest.raises(NoSuchList):
        users.page(session, filters, ZONE, masks=CLEAR)


def test_the_kind_is_recognised_by_whom_the_values_name(session: Session, site: Site) -> None:
    people(site)

    assert uploaded.recognised(session, ["oLeaf1", "oLeaf2", "oUni3"], site.account_id) is IdKind.OPENID
    assert uploaded.recognised(session, ["oUni1", "oUni2"], site.account_id) is IdKind.UNIONID
    assert uploaded.recognised(session, ["M-1", "x"], site.account_id) is IdKind.REF
    assert uploaded.recognised(session, ["nobody"], site.account_id) is None
    assert uploaded.recognised(session, ["oLeaf1"], SiteFactory().account_id) is None


def test_portions_lead_through_all_whom_a_list_holds(session: Session, site: Site) -> None:
    made = people(site)
    one = listed(site, IdKind.REF, *(f"M-{at}" for at in range(6)), "M-unknown")

    found, after = [], ""
    while True:
        some, last = uploaded.portion(session, one, after=after, size=2)
        found += some
        if last is None:
            break
        after = last

    assert sorted(found) == sorted(person.id for person in made)


@pytest.mark.parametrize("kind", KINDS)
def test_no_list_is_looked_through_for_each_user(session: Session, site: Site, kind: IdKind) -> None:
    """Each look for a user goes by the key of the list and the value; of few, each value by the index of the users."""
    people(site)
    one = listed(site, kind, f"{KINDS[kind]}1")

    for filters in (by(only=str(one.id)), by(without=str(one.id))):
        plans = explained(session, filters)
        assert plans
        for plan in plans:
            assert not any("uploaded_value" in line and ("SCAN" in line or "Seq Scan" in line) for line in plan), plan


def explained(session: Session, filters: UserFilters) -> list[list[str]]:
    """The plans of all statements of a page that look at the lists' values."""
    session.flush()
    connection, met = session.connection(), []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        met.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    users.page(session, filters, ZONE, masks=CLEAR)
    event.remove(connection, "before_cursor_execute", note)
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:
        # Of six rows, it would rather read all of them.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    ask = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    return [
        [str(row[-1]) for row in connection.exec_driver_sql(ask + statement, parameters)]
        for statement, parameters in met
        if "uploaded_value" in statement
    ]
