"""Values sealed anew, keys that come onto the list of keys in use and leave it, and what a lost key takes along."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from tests import steps
from tests.databases import on_postgresql
from tests.factories import (
    AttemptFactory,
    KeyInUseFactory,
    SiteFactory,
    TokenFactory,
    UserFactory,
    sealed_account,
    sealed_token,
    stored,
)
from tests.rings import BOTH, NEW, OLD, in_use
from tests.running import until
from tests.services.conftest import Apply
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import SealBroken
from wxadmin.models import KeyInUse, Token
from wxadmin.models.sealed import SEALED_KINDS, SealedKind, tokens_bound_to
from wxadmin.queries import keys as queries
from wxadmin.queries import registry
from wxadmin.queries.keys import Window
from wxadmin.services import accounts, house, keys
from wxadmin.services.keys import Resealed

SECRETS, HANDOFFS, TOKENS, _ = SEALED_KINDS
ALL = Window(-1, None)
LISTED = {"key_id": OLD.sealing_id}


@pytest.fixture(autouse=True)
def no_keys(session: Session) -> None:
    session.execute(delete(KeyInUse))


def resealed(session: Session, kind: SealedKind = TOKENS) -> list[Resealed]:
    session.flush()
    rows = queries.not_under(session, kind, NEW.sealing_id, ALL)
    return [keys.resealed(BOTH, kind, row) for row in rows]


def store(session: Session, changed: list[Resealed], kind: SealedKind = TOKENS) -> int:
    session.flush()
    number = keys.store(session, kind, changed)
    session.expire_all()
    return number


def test_a_token_sealed_anew_opens_with_the_new_key_alone(session: Session) -> None:
    token = sealed_token(OLD, user=(user := UserFactory()), version=4)

    number = store(session, resealed(session))

    access, refresh = tokens_bound_to(user.account_id, user.openid)
    assert number == 1
    assert NEW.open(token.access_sealed, access) == f"access of {user.openid}"
    assert NEW.open(token.refresh_sealed, refresh) == f"refresh of {user.openid}"
    # A refresh in flight has read this version, and what it brings is newer.
    assert token.version == 4


def test_an_appsecret_sealed_anew_opens_with_the_new_key_alone(session: Session) -> None:
    account = sealed_account(OLD)

    number = store(session, resealed(session, SECRETS), SECRETS)

    assert number == 1
    assert accounts.open_secret(NEW, account.appid, account.secret_sealed) == "0123456789abcdef"


def test_what_was_stored_since_the_row_was_read_stays(session: Session) -> None:
    overtaken, other = sealed_token(OLD), sealed_token(OLD)
    changed = resealed(session)
    overtaken.refresh_sealed = newer = NEW.seal("of a login meanwhile", "row")

    number = store(session, changed)

    assert number == 1
    assert overtaken.refresh_sealed == newer
    assert other.refresh_sealed[:4].hex() == NEW.sealing_id


def test_a_row_that_is_gone_by_then_is_passed_over(session: Session) -> None:
    session.delete(sealed_token(OLD))
    gone = sealed_token(OLD)
    changed = resealed(session)
    session.delete(gone)

    number = store(session, changed)

    assert number == 0


def test_a_row_that_was_altered_does_not_open_and_says_so(session: Session) -> None:
    moved, other = sealed_token(OLD), sealed_token(OLD)
    moved.access_sealed = other.access_sealed
    session.flush()
    rows = {row.id: row for row in queries.not_under(session, TOKENS, NEW.sealing_id, ALL)}

    with pytest.raises(SealBroken, match="moved to another row"):
        keys.resealed(BOTH, TOKENS, rows[moved.user_id])

    assert keys.resealed(BOTH, TOKENS, rows[other.user_id]).row.id == other.user_id


@pytest.mark.parametrize("is_known", [True, False], ids=["logged in before", "first login"])
def test_a_login_puts_the_key_that_it_was_sealed_under_on_the_list(
    session: Session, apply: Apply, is_known: bool
) -> None:
    site = SiteFactory()
    openid = UserFactory(site=site).openid if is_known else "oNobodyKnownYet"
    sealed = steps.tokens(utcnow(), access_sealed=OLD.seal("a", "b"), refresh_sealed=OLD.seal("a", "b"))

    apply(steps.login(steps.seen(AttemptFactory(site=site, returned=True)), openid, tokens=sealed))

    assert in_use(session) == [OLD.sealing_id]


def test_an_appsecret_puts_the_key_that_it_was_sealed_under_on_the_list(session: Session) -> None:
    accounts.add(session, OLD, name="tea", appid="wx00112233", secret="0123456789", title=None, actor="ada")
    accounts.replace_secret(session, NEW, "tea", "9876543210", actor="ada")

    assert in_use(session) == sorted([OLD.sealing_id, NEW.sealing_id])


def test_a_key_leaves_the_list_when_nothing_was_sealed_under_it_meanwhile(session: Session) -> None:
    KeyInUseFactory(**LISTED)

    marked = keys.mark_leaving(session, OLD.sealing_id, by=7)
    session.flush()
    gone = keys.take_off(session, OLD.sealing_id, by=7)

    assert (marked, gone) == (7, True)
    assert in_use(session) == []


def test_what_is_sealed_under_a_leaving_key_keeps_it_on_the_list(session: Session) -> None:
    KeyInUseFactory(**LISTED)
    keys.mark_leaving(session, OLD.sealing_id, by=7)
    session.flush()

    house.keep_keys(session.connection(), {OLD.sealing_id})
    gone = keys.take_off(session, OLD.sealing_id, by=7)

    assert not gone
    assert in_use(session) == [OLD.sealing_id]


def test_a_key_is_taken_off_only_by_whoever_marked_it_last(session: Session) -> None:
    KeyInUseFactory(**LISTED)
    keys.mark_leaving(session, OLD.sealing_id, by=7)
    house.keep_keys(session.connection(), {OLD.sealing_id})
    session.expire_all()
    keys.mark_leaving(session, OLD.sealing_id, by=8)
    session.flush()

    first = keys.take_off(session, OLD.sealing_id, by=7)
    second = keys.take_off(session, OLD.sealing_id, by=8)

    assert (first, second) == (False, True)


def test_a_key_that_is_on_no_list_is_not_marked(session: Session) -> None:
    assert not keys.mark_leaving(session, OLD.sealing_id, by=7)


def test_a_process_that_starts_under_a_leaving_key_keeps_it(session: Session) -> None:
    KeyInUseFactory(**LISTED)
    keys.mark_leaving(session, OLD.sealing_id, by=7)
    session.flush()

    house.require_keys(session, OLD.ids)

    assert not keys.take_off(session, OLD.sealing_id, by=7)


@on_postgresql
def test_a_key_is_not_marked_before_what_is_being_stored_under_it_can_be_seen(database: Database) -> None:
    """Else its rows would be looked for too early, and the key taken off under them."""
    database.write_now(stored, lambda: KeyInUseFactory(**LISTED))
    user = database.write_now(stored, lambda: UserFactory())
    pool = ThreadPoolExecutor(1)

    with Session(database.writer) as storing:
        house.keep_keys(storing.connection(), {OLD.sealing_id})
        marking = pool.submit(database.write_now, keys.mark_leaving, OLD.sealing_id, by=7)
        until(lambda: database.read_now(waiting))
        before = marking.done()
        storing.execute(insert_token(user.id, user.account_id))
        storing.commit()
    marked = marking.result()
    pool.shutdown()

    assert not before
    assert marked
    assert database.read_now(queries.is_needed, OLD.sealing_id)


@on_postgresql
def test_whoever_seals_while_a_key_is_being_marked_takes_the_mark_away(database: Database) -> None:
    database.write_now(stored, lambda: KeyInUseFactory(**LISTED))
    pool = ThreadPoolExecutor(1)

    with Session(database.writer) as marking:
        keys.mark_leaving(marking, OLD.sealing_id, by=7)
        marking.flush()
        keeping = pool.submit(
            database.write_now, lambda session: house.keep_keys(session.connection(), {OLD.sealing_id})
        )
        until(lambda: database.read_now(waiting))
        marking.commit()
    keeping.result()
    pool.shutdown()

    assert not database.write_now(keys.take_off, OLD.sealing_id, by=7)


@on_postgresql
def test_a_row_that_somebody_is_writing_is_left_alone_not_waited_for(database: Database) -> None:
    database.write_now(stored, lambda: [sealed_token(OLD) for _ in range(2)])
    rows = database.read_now(queries.not_under, TOKENS, NEW.sealing_id, ALL)
    changed = [keys.resealed(BOTH, TOKENS, row) for row in rows]

    with Session(database.writer) as writing:
        writing.execute(select(Token).where(Token.user_id == rows[0].id).with_for_update())
        number = database.write_now(keys.store, TOKENS, changed)

    assert number == 1


def test_what_only_a_lost_key_opens_is_given_up(session: Session) -> None:
    account, token = sealed_account(OLD), sealed_token(OLD, leased=True, version=5)
    site = SiteFactory(account=account, handoff="openid", handoff_key_sealed=OLD.seal("wxh_1", "the site"))
    session.flush()
    before = registry.version(session)

    numbers = [keys.give_up(session, kind, OLD.sealing_id, ALL) for kind in SEALED_KINDS]

    session.expire_all()
    assert numbers == [1, 1, 1, 0]
    assert account.secret_sealed is None
    assert (site.handoff_key_sealed, site.handoff) == (None, "ticket")
    assert (token.state, token.last_code, token.access_sealed, token.refresh_sealed) == (
        "needs_consent", "gw_key_missing", b"", b"",
    )  # fmt: skip
    assert (token.lease_owner, token.lease_until, token.version) == (None, None, 6)
    # Every process learns that the account has no AppSecret, and the site no key.
    assert registry.version(session) == before + 2


def test_what_other_keys_open_is_kept(session: Session) -> None:
    account, token, unsealed = sealed_account(NEW), sealed_token(NEW), TokenFactory()
    before = registry.version(session)

    numbers = [keys.give_up(session, kind, OLD.sealing_id, ALL) for kind in SEALED_KINDS]

    session.expire_all()
    assert numbers == [0, 0, 0, 0]
    assert account.secret_sealed is not None
    assert {token.state, unsealed.state} == {"active"}
    assert registry.version(session) == before


def waiting(session: Session) -> Any:
    """Whether somebody waits for a lock in this database."""
    return session.scalar(
        text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    )


def insert_token(user_id: int, account_id: int) -> Any:
    later = utcnow()
    return Token.__table__.insert().values(
        user_id=user_id, account_id=account_id, access_sealed=OLD.seal("a", "b"), refresh_sealed=OLD.seal("a", "b"),
        scope="snsapi_base", expires_at=later, refresh_expires_at=later, next_refresh_at=later, state="active",
        failures=0, version=1,
    )  # fmt: skip
