"""The ledger of passes: written as they go, read newest first, and not kept for ever."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.factories import AccountFactory, NodeFactory, RefreshPassFactory, SiteFactory, TokenFactory, UserFactory
from wxadmin.clock import utcnow
from wxadmin.ids import Ids, first_id_at
from wxadmin.models import RefreshPass, Trigger
from wxadmin.queries import refresh_passes as queries
from wxadmin.services import refresh_passes
from wxadmin.services.refresh_passes import Pass, PassReport

IDS = Ids(node=3_997)
LEASE = timedelta(minutes=1)


@pytest.fixture
def made(session: Session) -> Pass:
    node = NodeFactory(host="gateway-7", pid=4_711)
    return Pass(IDS.draw(), node.id, Trigger.JOB, utcnow())


def lease(session: Session, made: Pass, account_id: int) -> int:
    session.flush()
    taken = refresh_passes.lease(session, made, account_id, ids=IDS, lasting=LEASE, limit=100)
    session.flush()
    return len(taken.tokens)


def test_a_pass_stands_in_the_ledger_from_its_first_lease_on(session: Session, made: Pass) -> None:
    site = SiteFactory(account=AccountFactory())
    for _ in range(3):
        TokenFactory(user=UserFactory(site=site), due=True)

    leased = lease(session, made, site.account_id)

    [row] = queries.newest(session)
    assert leased == 3
    assert (row.id, row.host, row.pid, row.trigger, row.ended_at) == (made.id, "gateway-7", 4_711, Trigger.JOB, None)
    assert (row.leased, row.renewed) == (3, 0)


def test_a_pass_that_found_nothing_leaves_no_trace(session: Session, made: Pass) -> None:
    leased = lease(session, made, AccountFactory().id)

    assert leased == 0
    assert queries.newest(session) == []


def test_the_end_of_a_pass_says_what_became_of_its_tokens(session: Session, made: Pass) -> None:
    report = PassReport(leased=9, given_back=2, put_aside=1)
    for code, is_stored in (("", True), ("", True), ("42002", True), ("42002", True), ("-1", True), ("", False)):
        report.count(code, is_stored=is_stored)
    begun = replace(made, trigger=Trigger.STAFF, actor="ada")

    refresh_passes.note(session, begun)
    refresh_passes.note(session, replace(begun, report=report), ended_at=utcnow())

    [row] = queries.newest(session)
    assert (row.actor, row.leased, row.renewed, row.overtaken) == ("ada", 9, 2, 1)
    assert (row.given_back, row.put_aside, row.failures) == (2, 1, {"42002": 2, "-1": 1})
    assert row.ended_at is not None


def test_passes_are_read_newest_first_and_by_the_page(session: Session) -> None:
    made = [RefreshPassFactory().id for _ in range(5)]
    session.flush()

    first = queries.newest(session, limit=2)
    second = queries.newest(session, limit=2, before=first[-1].id)

    assert [row.id for row in [*first, *second]] == list(reversed(made))[:4]


def test_a_pass_whose_process_is_long_gone_is_still_told(session: Session) -> None:
    RefreshPassFactory(node=99)
    session.flush()

    [row] = queries.newest(session)

    assert (row.node, row.host, row.pid, row.seen_at) == (99, None, None, None)


def test_passes_are_deleted_after_a_week(session: Session) -> None:
    now = utcnow()
    old = RefreshPassFactory(id=first_id_at(now - timedelta(days=7, seconds=1)))
    young = RefreshPassFactory(id=first_id_at(now - timedelta(days=6)))
    session.flush()

    deleted = refresh_passes.purge(session, now=now)

    assert deleted == 1
    assert session.get(RefreshPass, young.id) is not None
    assert old.id < young.id
