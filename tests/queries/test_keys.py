"""What is known of keys: how much each seals, which processes have them, what would be lost with one."""

from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from tests.factories import (
    AccountFactory,
    KeyInUseFactory,
    NodeFactory,
    SiteFactory,
    StaffFactory,
    StaffTotpFactory,
    TokenFactory,
    UserFactory,
    sealed_account,
    sealed_token,
)
from tests.rings import NEW, OLD
from wxadmin.clock import utcnow
from wxadmin.errors import KeysDiffer, KeyStillNeeded
from wxadmin.models import KeyInUse
from wxadmin.models.sealed import SEALED_KINDS, handoff_key_bound_to, totp_bound_to
from wxadmin.queries import keys
from wxadmin.queries.keys import Loss, Window

FIRST, SECOND = NEW.sealing_id, OLD.sealing_id
_, _, TOKENS, _ = SEALED_KINDS


@pytest.fixture(autouse=True)
def no_keys(session: Session) -> None:
    session.execute(delete(KeyInUse))


def test_each_key_holds_what_is_sealed_under_it(session: Session) -> None:
    listed = KeyInUseFactory(key_id=SECOND)
    sealed_account(OLD)
    for ring in (OLD, OLD, NEW):
        sealed_token(ring)

    held = {holding.key_id: (holding.since, dict(holding.rows)) for holding in keys.holdings(session)}

    assert held[SECOND] == (listed.first_used_at, {"AppSecrets": 1, "tokens": 2})
    assert held[FIRST] == (None, {"tokens": 1})


def test_what_was_given_up_is_sealed_under_no_key(session: Session) -> None:
    user = UserFactory(site=SiteFactory(account=AccountFactory(secret_sealed=None)))
    TokenFactory(user=user, access_sealed=b"", refresh_sealed=b"", needs_consent=True)
    session.flush()

    holdings = keys.holdings(session)
    to_seal_anew = [keys.not_under(session, kind, FIRST, Window(-1, None)) for kind in SEALED_KINDS]

    assert holdings == []
    assert to_seal_anew == [[], [], [], []]


def test_a_token_of_two_keys_needs_both(session: Session) -> None:
    token = sealed_token(OLD)
    token.refresh_sealed = NEW.seal("a", "b")
    session.flush()

    assert keys.is_needed(session, FIRST)
    assert keys.is_needed(session, SECOND)
    assert [row.id for row in keys.not_under(session, TOKENS, FIRST, Window(-1, None))] == [token.user_id]


def test_a_key_that_is_on_the_list_only_is_not_needed(session: Session) -> None:
    KeyInUseFactory(key_id=SECOND)
    sealed_token(NEW)

    assert not keys.is_needed(session, SECOND)


def test_windows_go_through_all_rows_without_a_gap(session: Session) -> None:
    ids = sorted(sealed_token(OLD).user_id for _ in range(5))
    session.flush()

    windows, after = [], -1
    while after is not None:
        windows.append(keys.window(session, TOKENS, after=after, size=2))
        after = windows[-1].last

    seen = [row.id for window in windows for row in keys.not_under(session, TOKENS, FIRST, window)]
    assert sorted(seen) == ids
    assert [window.last for window in windows] == [ids[1], ids[3], None]
    assert keys.size(session, TOKENS) == 5


def test_the_loss_of_a_key_names_accounts_and_counts_people_by_what_they_notice(session: Session) -> None:
    sealed_account(OLD, name="tea")
    sealed_account(NEW, name="coffee")
    SiteFactory(name="kiosk", handoff_key_sealed=OLD.seal("wxh_1", handoff_key_bound_to("kiosk")))
    for scope in ("snsapi_base,snsapi_userinfo", "snsapi_userinfo", "snsapi_base"):
        sealed_token(OLD, scope=scope)
    # Its owner has to consent again anyway.
    sealed_token(OLD, needs_consent=True)
    sealed_token(NEW)
    lin = StaffFactory(name="lin")
    StaffTotpFactory(staff=lin, secret_sealed=OLD.seal("ABC", totp_bound_to(lin.id)))

    assert keys.loss(session, SECOND) == Loss(["tea"], ["kiosk"], explicit=2, silent=1, staff=["lin"])


def test_processes_that_serve_are_told_with_their_keys(session: Session) -> None:
    NodeFactory(gone=True)
    NodeFactory(ended_at=utcnow())
    NodeFactory(id=21, pid=1, host="a", key_ids=None)
    NodeFactory(id=22, pid=2, host="b", key_ids=f"{FIRST},{SECOND}")

    found = [(process.host, process.pid, process.key_ids) for process in keys.processes(session, now=utcnow())]

    assert found == [("b", 2, (FIRST, SECOND)), ("a", 1, ())]


@pytest.mark.parametrize(
    ("key_ids", "told"),
    [
        (SECOND, f"does not have key {FIRST}: give it the key"),
        (None, f"does not have key {FIRST}: give it the key"),
        (f"{SECOND},{FIRST}", f"still seals under {SECOND}: put {FIRST} first"),
    ],
)
def test_a_process_that_would_not_do_with_the_key_is_named_with_what_to_do(
    session: Session, key_ids: str | None, told: str
) -> None:
    NodeFactory(pid=4711, host="gateway-2", key_ids=f"{FIRST},{SECOND}")
    NodeFactory(pid=4712, host="gateway-2", key_ids=key_ids, seen_at=utcnow() - timedelta(seconds=40))

    with pytest.raises(KeysDiffer, match=rf"process 4712 on gateway-2 {told}.*seen 40 s ago"):
        keys.require_agreement(session, FIRST, now=utcnow())


def test_processes_that_are_silent_for_long_stand_in_nobodys_way(session: Session) -> None:
    NodeFactory(key_ids=SECOND, seen_at=utcnow() - timedelta(minutes=6))
    NodeFactory(key_ids=SECOND, ended_at=utcnow())

    keys.require_agreement(session, FIRST, now=utcnow())
    keys.require_nowhere(session, SECOND, now=utcnow())


def test_a_key_that_a_process_has_is_not_lost(session: Session) -> None:
    NodeFactory(pid=4711, host="gateway-2", key_ids=f"{FIRST},{SECOND}")

    with pytest.raises(KeyStillNeeded, match=f"process 4711 on gateway-2 has key {SECOND}"):
        keys.require_nowhere(session, SECOND, now=utcnow())
