"""Uploaded lists in the store: begun, whole, withdrawn, gone; and whoever is forgotten stands in none of them."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import SiteFactory, UploadedListFactory, UploadedValueFactory, UserChannelFactory, UserFactory
from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchAccount, NoSuchList, Taken
from wxadmin.ids import first_id_at
from wxadmin.models import Account, IdKind, Site, UploadedList, UploadedValue
from wxadmin.queries import person_copy, uploaded
from wxadmin.services import forgetting, uploads
from wxadmin.services.uploaded_lines import Values, read


@pytest.fixture
def site(session: Session) -> Site:
    made: Site = SiteFactory()
    return made


@pytest.fixture
def account(session: Session, site: Site) -> str:
    return session.get_one(Account, site.account_id).name


def values(session: Session) -> set[str]:
    return set(session.scalars(select(UploadedValue.value)))


def test_a_list_is_seen_when_it_is_whole(session: Session, account: str) -> None:
    held = Values(["oA", "oB", "oC"], 1, list(range(1, 30)))
    list_id = uploads.begin(session, "  老 客户 ", IdKind.OPENID, held, account=account, actor="lin")
    for portion in uploads.portions(held.values):
        uploads.store(session, list_id, portion)
    with pytest.raises(NoSuchList):
        uploaded.find(session, list_id)

    uploads.ready(session, list_id, actor="lin")

    one = uploaded.find(session, list_id)
    assert (one.name, one.held, one.repeated, one.unreadable) == ("老 客户", 3, 1, 29)
    assert one.unreadable_lines == list(range(1, 21))
    assert values(session) == {"oA", "oB", "oC"}


def test_what_cannot_be_begun_leaves_nothing(session: Session, account: str) -> None:
    held = Values(["oA"], 0, [])
    UploadedListFactory(name="taken")

    for name, of, refusal in (("", account, BadValue), ("taken", account, Taken), ("x", "nowhere", NoSuchAccount)):
        with pytest.raises(refusal):
            uploads.begin(session, name, IdKind.OPENID, held, account=of, actor="lin")


def test_nothing_is_added_to_a_list_that_was_deleted_meanwhile(session: Session) -> None:
    with pytest.raises(NoSuchList):
        uploads.store(session, 1, ["oA"])
    with pytest.raises(NoSuchList):
        uploads.ready(session, 1, actor="lin")
    with pytest.raises(NoSuchList):
        uploads.withdraw(session, 1, actor="lin")


def test_the_kind_is_chosen_or_said_by_the_heading_or_recognised(session: Session, site: Site, account: str) -> None:
    UserFactory(site=site, unionid="oUni")

    assert uploads.kind_of(session, read(b"oUni\n"), chosen="ref", account=account) is IdKind.REF
    assert uploads.kind_of(session, read(b"openid\noUni\n"), chosen="", account=account) is IdKind.OPENID
    assert uploads.kind_of(session, read(b"oUni\n"), chosen="", account=account) is IdKind.UNIONID
    with pytest.raises(BadValue):
        uploads.kind_of(session, read(b"oNobody\n"), chosen="", account=account)
    with pytest.raises(NoSuchAccount):
        uploads.kind_of(session, read(b"oUni\n"), chosen="openid", account="nowhere")


def test_lists_whose_time_is_up_and_those_that_never_were_whole_go(session: Session) -> None:
    now = utcnow()
    old = UploadedListFactory(kept_until=now - timedelta(seconds=1))
    half = UploadedListFactory(id=first_id_at(now - timedelta(hours=2)), ready_at=None)
    UploadedListFactory(ready_at=None)
    UploadedListFactory()

    assert sorted(uploads.expired(session)) == sorted([old.id, half.id])
    session.expire_all()
    with pytest.raises(NoSuchList):
        uploaded.find(session, old.id)


def test_whoever_is_forgotten_stands_in_no_list(session: Session, site: Site) -> None:
    person = UserFactory(site=site, openid="oGone", unionid="oUniGone", last_ref="M-2")
    for ref in ("M-1", "M-2"):
        UserChannelFactory(user=person, last_ref=ref)
    elsewhere = SiteFactory()
    for kind, theirs, account_id in (
        (IdKind.OPENID, ["oGone"], site.account_id),
        (IdKind.UNIONID, ["oUniGone"], elsewhere.account_id),
        (IdKind.REF, ["M-1", "M-2"], site.account_id),
        (IdKind.REF, ["M-1"], elsewhere.account_id),
    ):
        of_list = UploadedListFactory(kind=kind, account_id=account_id, held=len(theirs) + 1)
        for value in (*theirs, f"other-{kind}-{account_id}"):
            UploadedValueFactory(of_list=of_list, value=value)

    receipt = forgetting.forget(session, person.id, reason="person_asks", actor="ada")

    session.expire_all()
    assert receipt.rows["uploaded_value"] == 4
    # That is somebody else's number, at another account.
    assert {one for one in values(session) if not one.startswith("other")} == {"M-1"}
    assert [one.held for one in session.scalars(select(UploadedList).order_by(UploadedList.id))] == [1, 1, 1, 2]


def test_the_persons_own_copy_tells_of_mark_and_lists(session: Session, site: Site) -> None:
    person = UserFactory(site=site, blocked=True)
    one = UploadedListFactory(account_id=site.account_id, name="老客户")
    UploadedValueFactory(of_list=one, value=person.openid)
    UploadedValueFactory(of_list=UploadedListFactory(account_id=site.account_id), value="oSomebodyElse")
    session.flush()

    [told] = person_copy.of_users(session, [person.id], at=utcnow())["identities"]

    assert told["do_not_contact"] == {"since": person.blocked_at.isoformat(), "reason": "来电要求不再打扰"}
    assert told["uploaded_lists"] == [{"name": "老客户", "made_at": one.made_at.isoformat()}]
