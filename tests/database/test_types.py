"""Times, hashes and texts come back from both databases as they went in."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from tests.factories import AuditEntryFactory, JobRunFactory, SiteFactory, TokenFactory, UserFactory
from wxadmin.models import AuditEntry, JobRun, User

BEIJING = timezone(timedelta(hours=8))


def test_microseconds_are_kept_and_times_come_back_in_utc(session: Session) -> None:
    at = datetime(2026, 11, 20, 8, 30, 0, 1, tzinfo=UTC)
    entry = AuditEntryFactory(at=at)

    session.expire_all()

    assert entry.at == at
    assert entry.at.tzinfo is UTC


def test_another_zone_is_stored_as_the_same_moment(session: Session) -> None:
    entry = AuditEntryFactory(at=datetime(2026, 11, 20, 0, 30, tzinfo=BEIJING))

    session.expire_all()

    assert entry.at == datetime(2026, 11, 19, 16, 30, tzinfo=UTC)


def test_a_naive_time_is_refused(session: Session) -> None:
    naive = datetime(2026, 11, 20, 8, 30)  # noqa: DTZ001

    with pytest.raises(StatementError, match="naive"):
        AuditEntryFactory(at=naive)


def test_no_time_stays_none(session: Session) -> None:
    site = SiteFactory(old_key_until=None)

    session.expire_all()

    assert site.old_key_until is None


def test_times_are_ordered_and_compared_as_times(session: Session) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    steps = [timedelta(seconds=1), timedelta(0), timedelta(microseconds=1), timedelta(days=-1)]
    stored = [AuditEntryFactory(at=noon + step) for step in steps]

    late = session.scalars(
        select(AuditEntry).where(AuditEntry.id.in_([each.id for each in stored]), AuditEntry.at > noon).order_by("at")
    ).all()

    assert [entry.at - noon for entry in late] == [timedelta(microseconds=1), timedelta(seconds=1)]


def test_openids_that_differ_in_case_only_are_different_people(session: Session) -> None:
    site = SiteFactory()

    UserFactory(site=site, openid="oAbC")
    UserFactory(site=site, openid="oabc")

    found = session.scalars(select(User.openid).where(User.openid == "oabc", User.account_id == site.account_id))
    assert found.all() == ["oabc"]


@pytest.mark.parametrize("nickname", ["小雨 🌧", "👨‍👩‍👧", "\x01\u202e\ufffd", "=cmd()|'", ""])
def test_a_nickname_of_any_sort_comes_back_unchanged(session: Session, nickname: str) -> None:
    user = UserFactory(nickname=nickname)

    session.expire_all()

    assert user.nickname == nickname


def test_every_byte_can_stand_in_a_sealed_value(session: Session) -> None:
    token = TokenFactory(access_sealed=bytes(range(256)), refresh_sealed=b"")

    session.expire_all()

    assert (token.access_sealed, token.refresh_sealed) == (bytes(range(256)), b"")


def test_ids_of_63_bits_fit(session: Session) -> None:
    run = JobRunFactory(node=2**63 - 1)

    session.expire_all()

    assert session.get_one(JobRun, run.name).node == 2**63 - 1
