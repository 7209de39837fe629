"""Forgetting a person: what goes, what stays, and that nothing brings them back."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import steps
from tests.factories import (
    AttemptFactory,
    AttemptNoteFactory,
    AuditEntryFactory,
    EventFactory,
    ExportFactory,
    SiteFactory,
    TicketFactory,
    TokenFactory,
    UserChannelFactory,
    UserFactory,
)
from tests.services.conftest import Apply
from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, NoSuchUser
from wxadmin.ids import Ids
from wxadmin.models import (
    Account,
    Attempt,
    AttemptNote,
    AuditEntry,
    Counter,
    Erasure,
    Event,
    Site,
    Ticket,
    Token,
    TokenState,
    User,
    UserChannel,
)
from wxadmin.refreshing.moods import Fate
from wxadmin.services import forgetting, leases
from wxadmin.services.leases import Lease, NoLease
from wxadmin.services.refreshed import Refreshed, Renewed
from wxadmin.services.repeats import Repeat
from wxadmin.services.tickets import Redeem, TicketRefused

TOLD = ("unionid", "nickname", "headimgurl", "language", "profile_at", "last_channel", "last_ref")


@pytest.fixture
def person(session: Session) -> User:
    made: User = UserFactory(last_ref="member-77", last_channel="poster")
    TokenFactory(user=made)
    UserChannelFactory(user=made, channel="poster", last_ref="member-77")
    return made


def forget(session: Session, person: User, **said: Any) -> Erasure:
    session.flush()
    receipt = forgetting.forget(session, person.id, **{"reason": "person_asks", "actor": "ada"} | said)
    session.flush()
    session.expire_all()
    return receipt


def login_of(person: User, session: Session, **columns: Any) -> Attempt:
    site = session.get_one(Site, person.last_site_id)
    made: Attempt = AttemptFactory(site=site, succeeded=True, user=person, **columns)
    return made


def test_the_row_becomes_a_tombstone_that_says_nothing_of_whose_it_was(session: Session, person: User) -> None:
    openid, logins, first_seen_at = person.openid, person.logins, person.first_seen_at

    forget(session, person)

    assert [getattr(person, name) for name in TOLD] == [None] * len(TOLD)
    assert person.openid.startswith("forgotten-")
    assert openid not in person.openid
    assert person.forgotten_at is not None
    assert (person.logins, person.first_seen_at) == (logins, first_seen_at)


def test_two_tombstones_of_one_account_have_aliases_of_their_own(session: Session, person: User) -> None:
    other: User = UserFactory(site=session.get_one(Site, person.last_site_id))

    forget(session, person)
    forget(session, other)

    assert person.account_id == other.account_id
    assert person.openid != other.openid


def test_tokens_and_tickets_go_and_channels_lose_only_their_reference(session: Session, person: User) -> None:
    attempt = login_of(person, session)
    TicketFactory(attempt=attempt)
    TicketFactory(attempt=attempt, spent=True)

    receipt = forget(session, person)

    assert session.scalars(select(Token)).all() == []
    assert session.scalars(select(Ticket)).all() == []
    [channel] = session.scalars(select(UserChannel)).all()
    assert (channel.channel, channel.logins, channel.last_ref) == ("poster", 3, None)
    assert receipt.rows == {"attempt": 1, "ticket": 2, "token": 1, "user": 1, "user_channel": 1}


def test_their_logins_keep_what_is_counted_and_lose_what_tells_who_it_was(session: Session, person: User) -> None:
    attempt = login_of(person, session, ref="member-77", return_url="https://shop.example.com/u/77?name=rain#x")
    before = {name: getattr(attempt, name) for name in ("support_code", "outcome", "started_at", "channel", "user_id")}
    hashes = attempt.state_hash, attempt.cookie_hash, attempt.code_hash
    event = EventFactory(attempt=attempt, user_id=person.id)

    forget(session, person)

    assert (attempt.ip, attempt.ref, attempt.nonce) == (None, None, None)
    assert attempt.return_url == "https://shop.example.com/"
    assert not {attempt.state_hash, attempt.cookie_hash, attempt.code_hash} & set(hashes)
    assert None not in {attempt.state_hash, attempt.cookie_hash, attempt.code_hash}
    assert {name: getattr(attempt, name) for name in before} == before
    assert session.get_one(Event, event.id).user_id == person.id


def test_logins_of_others_are_left_as_they_are(session: Session, person: User) -> None:
    other = AttemptFactory(succeeded=True, ref="member-8")
    note = AttemptNoteFactory(attempt=other)

    forget(session, person)

    assert (other.ip, other.ref, other.nonce) == ("203.0.113.7", "member-8", "nonce-7")
    assert session.get(AttemptNote, note.id) is not None


def test_all_of_many_logins_are_cut(session: Session, person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "_AT_A_TIME", 3)
    for _ in range(7):
        AttemptNoteFactory(attempt=login_of(person, session))

    receipt = forget(session, person)

    assert set(session.scalars(select(Attempt.ip))) == {None}
    assert session.scalars(select(AttemptNote)).all() == []
    assert (receipt.rows["attempt"], receipt.rows["attempt_note"]) == (7, 7)


def test_the_audit_log_says_who_did_it_and_nothing_of_the_person(session: Session, person: User) -> None:
    known = [person.openid, person.unionid, person.nickname, person.last_ref]

    forget(session, person, reason="other", note="by letter of 2026-11-20")

    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "personal_data_deleted"))
    assert (entry.actor, entry.subject) == ("ada", f"user {person.id}")
    assert json.loads(entry.details or "") == {"reason": "other", "note": "by letter of 2026-11-20", "rows": 3}
    assert not any(value and value in (entry.details or "") for value in known)


def test_what_staff_said_when_they_looked_is_cut_and_that_they_looked_stays(session: Session, person: User) -> None:
    attempt = login_of(person, session)
    told = json.dumps({"reason": "customer_asks", "note": "小雨 rang"}, ensure_ascii=False)
    subjects = [f"user {person.id}", f"attempt {support_codes.show(attempt.support_code)}", "user 1"]
    for subject in subjects:
        AuditEntryFactory(action="revealed", subject=subject, details=told, at=utcnow())

    forget(session, person)

    found = session.scalars(select(AuditEntry).where(AuditEntry.action == "revealed")).all()
    notes = {entry.subject: json.loads(entry.details or "") for entry in found}
    assert notes.pop("user 1")["note"] == "小雨 rang"
    assert list(notes.values()) == [{"reason": "customer_asks", "note": None}] * 2


def test_the_receipt_names_the_exports_that_may_have_held_the_person(session: Session, person: User) -> None:
    account = "tea-of-theirs"
    session.get_one(Site, person.last_site_id)
    session.flush()
    from wxadmin.models import Account

    session.get_one(Account, person.account_id).name = account
    now = utcnow()

    def export(at: Any, **filters: str) -> int:
        details = json.dumps({"rows": 40, "filters": filters})
        return int(AuditEntryFactory(action="users_exported", subject="users", details=details, at=at).id)

    export(person.first_seen_at - timedelta(minutes=1))
    older = export(now - timedelta(hours=2), account=account)
    export(now - timedelta(hours=1), account="another")
    newer = export(now - timedelta(minutes=1), scope="explicit")
    # The command's, which has a receipt, and is found by that.
    AuditEntryFactory(action="users_exported", subject="export 7", details='{"rows": 40}', at=now)

    receipt = forget(session, person)

    assert [one["number"] for one in receipt.exports] == [newer, older]
    assert receipt.exports[0]["filters"] == {"scope": "explicit"}
    assert (receipt.exports[0]["rows"], receipt.exports_total) == (40, 2)


def test_kept_files_that_may_hold_the_person_are_withdrawn(session: Session, person: User) -> None:
    account = session.get_one(Account, person.account_id).name
    since = person.first_seen_at
    before = ExportFactory(done=True, as_of=since - timedelta(minutes=1))
    of_another = ExportFactory(done=True, as_of=utcnow(), filters='{"account": "another"}')
    of_theirs = ExportFactory(done=True, as_of=utcnow(), filters=json.dumps({"account": account}))
    running = ExportFactory(state="running", attempt=1)

    receipt = forgetting.forget(session, person.id, reason="person_asks", actor="ada")

    assert [one["number"] for one in receipt.exports] == [of_theirs.id]
    assert of_theirs.withdrawn_at == of_theirs.kept_until == receipt.at
    assert [one.withdrawn_at for one in (before, of_another, running)] == [None] * 3
    assert (running.cancel_asked, of_another.cancel_asked) == (True, False)


def test_files_of_attempts_and_events_are_withdrawn_too_and_counts_of_failures_are_not(
    session: Session, person: User
) -> None:
    minutes = timedelta(minutes=1)
    # Their first attempt began before they were known.
    made = [
        ExportFactory(done=True, subject=subject, as_of=person.first_seen_at - minutes)
        for subject in ("attempts", "events", "failures", "users")
    ]

    forgetting.forget(session, person.id, reason="person_asks", actor="ada")

    assert [one.withdrawn_at is not None for one in made] == [True, True, False, False]


def test_a_change_number_is_drawn_so_that_others_hear_of_it(session: Session, person: User) -> None:
    last = session.scalars(select(Counter.value).where(Counter.name == "user_changes")).one()

    forget(session, person)

    assert person.change_no == last + 1


def test_all_identities_are_forgotten_together_or_none(session: Session, person: User) -> None:
    other: User = UserFactory(unionid=person.unionid)
    session.flush()

    with pytest.raises(NoSuchUser):
        forgetting.forget_all(session, [person.id, other.id, 1], reason="person_asks", actor="ada")
    receipts = forgetting.forget_all(session, [person.id, other.id], reason="person_asks", actor="ada")

    assert {receipt.user_id for receipt in receipts} == {person.id, other.id}
    assert {person.unionid, other.unionid} == {None}
    assert abs(person.change_no - other.change_no) == 1


def test_nobody_is_forgotten_twice(session: Session, person: User) -> None:
    forget(session, person)

    with pytest.raises(NoSuchUser):
        forget(session, person)

    assert len(session.scalars(select(Erasure)).all()) == 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "whim"}, "reason"),
        ({"reason": "other"}, "note"),
        ({"note": "x" * 201}, "note"),
        ({"note": "as 小雨 🌧 asked"}, "note"),
        ({"note": "for MEMBER-77"}, "note"),
    ],
)
def test_a_reason_is_needed_and_must_not_name_the_person(
    session: Session, person: User, said: dict[str, str], field: str
) -> None:
    with pytest.raises(BadValue) as refused:
        forget(session, person, **said)

    assert refused.value.field == field
    assert person.forgotten_at is None


def test_the_persons_next_login_is_that_of_a_new_user(session: Session, person: User, apply: Apply) -> None:
    openid, site = person.openid, session.get_one(Site, person.last_site_id)
    forget(session, person)
    attempt = AttemptFactory(site=site, returned=True)

    [new_id] = apply(steps.login_with_profile(steps.seen(attempt), openid))

    new = session.get_one(User, new_id)
    assert new.id != person.id
    assert (new.openid, new.logins, new.forgotten_at) == (openid, 1, None)
    assert person.nickname is None
    assert [token.user_id for token in session.scalars(select(Token))] == [new.id]


@pytest.mark.parametrize("is_renewed", [True, False])
def test_a_refresh_in_flight_brings_no_token_back(
    session: Session, person: User, apply: Apply, *, is_renewed: bool
) -> None:
    session.flush()
    lease = leases.lease_one(session, person.id, node=1, lease=timedelta(minutes=1))
    assert isinstance(lease, Lease)
    forget(session, person)
    now = utcnow()
    result = Renewed(steps.tokens(now), now) if is_renewed else Fate(TokenState.ACTIVE, now, None)

    stored = apply(Refreshed(lease.tokens[0], steps.call(now, "" if is_renewed else "-1"), result))

    assert stored == [False]
    assert session.scalars(select(Token)).all() == []
    assert leases.lease_one(session, person.id, node=1, lease=timedelta(minutes=1)) is NoLease.MISSING


def test_a_ticket_that_was_issued_meanwhile_tells_no_site_who_it_was(
    session: Session, person: User, apply: Apply
) -> None:
    attempt = login_of(person, session)
    forget(session, person)
    ticket = TicketFactory(attempt=attempt)

    [answer] = apply(Redeem(ticket.ticket_hash, attempt.site_id, utcnow(), None))

    assert answer == TicketRefused("gw_ticket_unknown")


def test_a_repeated_return_tells_no_site_who_it_was(session: Session, person: User, apply: Apply) -> None:
    attempt = login_of(person, session)
    forget(session, person)

    [repeated] = apply(Repeat(attempt.id, b"t" * 32, utcnow(), asks_person=True))

    assert repeated.person is None


def test_counts_of_hours_are_what_they_were(session: Session, ids: Ids, apply: Apply) -> None:
    from wxadmin.clock import hour_of
    from wxadmin.models import LoginHour, StepHour
    from wxadmin.queries import counts

    site: Site = SiteFactory()
    start = steps.start(site)
    apply(start)
    [user_id] = apply(steps.login(steps.seen(start), "oA"))
    hours = [select(*table.__table__.c) for table in (LoginHour, StepHour)]
    before = [session.execute(query).all() for query in hours]

    forget(session, session.get_one(User, user_id))

    assert [session.execute(query).all() for query in hours] == before
    assert not counts.differing(session, hour_of(start.at))
