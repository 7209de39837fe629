"""A rotation of keys while others write, broken off and begun again; and what is left without a key."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from tests.factories import NodeFactory, SiteFactory, UserFactory, sealed_account, sealed_token, stored
from tests.rings import BOTH, NEW, OLD, in_use, opened, opens
from wxadmin.database import Database
from wxadmin.errors import KeysDiffer, KeyStillNeeded
from wxadmin.models import AuditEntry, KeyInUse, Token
from wxadmin.models.sealed import SealedKind
from wxadmin.queries import keys as queries
from wxadmin.security.keys import KeyRing
from wxadmin.services import house
from wxadmin.services import keys as services
from wxadmin.services.keys import Resealed
from wxadmin.tasks import keys
from wxadmin.tasks.keys import Progress, Rotation

Stored = Callable[[type], Sequence]
TOKENS = 12


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_AT_A_TIME", 5)


@pytest.fixture
def store_token(database: Database) -> Callable[[KeyRing], Token]:
    """`store_token(ring)` stores one more token of the account, sealed with this ring."""
    site = database.write_now(stored, lambda: SiteFactory(account=sealed_account(OLD)))

    def store_token(ring: KeyRing) -> Token:
        token: Token = database.write_now(stored, lambda: sealed_token(ring, user=UserFactory(site=site)))
        return token

    return store_token


@pytest.fixture
def sealed(database: Database, store_token: Callable[[KeyRing], Token]) -> None:
    """A database that was set up with the old key alone."""
    database.write_now(house.require_keys, OLD.ids)
    for _ in range(TOKENS):
        store_token(OLD)


def rotate(database: Database, progress: Progress = lambda what, share: None) -> Rotation:
    return keys.rotate(database, BOTH, actor="ada", progress=progress)


def at(moment: int, act: Callable[[], object]) -> Progress:
    """Acts when progress is shown for the so-manieth time."""
    shown = iter(range(1_000))

    def progress(what: str, share: float) -> None:
        if next(shown) == moment:
            act()

    return progress


@pytest.mark.usefixtures("sealed")
def test_after_a_rotation_the_new_key_alone_opens_everything(database: Database, stored: Stored) -> None:
    before = database.read_now(opened, OLD)

    rotation = rotate(database)

    assert dict(rotation.resealed) == {"AppSecrets": 1, "tokens": TOKENS}
    assert (rotation.retired, rotation.needed) == (OLD.ids, [])
    assert database.read_now(opened, NEW) == before
    assert database.read_now(in_use) == [NEW.sealing_id]
    [entry] = stored(AuditEntry)
    assert (entry.actor, entry.action, entry.subject) == ("ada", "keys_rotated", NEW.sealing_id)
    assert entry.details == f'{{"resealed": {TOKENS + 1}, "retired": ["{OLD.sealing_id}"]}}'


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("moment", range(6))
def test_a_rotation_that_was_broken_off_goes_on(database: Database, moment: int) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(database, at(moment, stop))
    is_whole = database.read_now(opens, BOTH)
    done = TOKENS + 1 - len(database.read_now(not_under_the_new_key))

    rotation = rotate(database)

    assert is_whole
    assert rotation.resealed.total() == TOKENS + 1 - done
    assert database.read_now(opens, NEW)
    assert database.read_now(in_use) == [NEW.sealing_id]


@pytest.mark.usefixtures("sealed")
def test_a_second_rotation_finds_nothing_to_do(database: Database, stored: Stored) -> None:
    rotate(database)
    before = [bytes(token.access_sealed) for token in stored(Token)]

    rotation = rotate(database)

    assert (rotation.resealed.total(), rotation.retired, rotation.needed) == (0, [], [])
    assert [bytes(token.access_sealed) for token in stored(Token)] == before
    assert len(stored(AuditEntry)) == 1


@pytest.mark.usefixtures("sealed")
def test_several_rotations_at_once_harm_nothing(database: Database) -> None:
    with ThreadPoolExecutor(3) as pool:
        rotations = [running.result() for running in [pool.submit(rotate, database) for _ in range(3)]]

    assert sum(rotation.resealed.total() for rotation in rotations) >= TOKENS + 1
    assert [rotation.needed for rotation in rotations] == [[], [], []]
    assert database.read_now(opens, NEW)
    assert database.read_now(in_use) == [NEW.sealing_id]


@pytest.mark.usefixtures("sealed")
def test_what_is_stored_under_the_old_key_meanwhile_is_sealed_anew_too(
    database: Database, store_token: Callable[[KeyRing], Token]
) -> None:
    """As by a command that was started before the settings were changed."""
    rotation = rotate(database, at(4, lambda: store_token(OLD)))

    assert rotation.resealed["tokens"] == TOKENS + 1
    assert database.read_now(opens, NEW)


@pytest.mark.usefixtures("sealed")
def test_a_key_that_was_sealed_under_after_everything_was_looked_through_is_still_needed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = queries.is_needed

    def look(session: Session, key: str) -> bool:
        found = looked(session, key)
        database.write_now(lambda writing: house.keep_keys(writing.connection(), {key}))
        return found

    monkeypatch.setattr(queries, "is_needed", look)

    rotation = rotate(database)

    assert (rotation.retired, rotation.needed) == ([], OLD.ids)
    assert OLD.sealing_id in database.read_now(in_use)


@pytest.mark.usefixtures("sealed")
def test_a_value_that_does_not_open_stays_and_keeps_its_key(database: Database, stored: Stored) -> None:
    broken, other = stored(Token)[:2]
    database.write_now(lambda session: swap(session, broken, other))

    rotation = rotate(database)

    assert dict(rotation.resealed) == {"AppSecrets": 1, "tokens": TOKENS - 1}
    assert rotation.broken["tokens"] == 1
    assert (rotation.retired, rotation.needed) == ([], OLD.ids)
    assert OLD.sealing_id in database.read_now(in_use)


@pytest.mark.usefixtures("sealed")
def test_nothing_is_sealed_anew_while_a_process_could_not_open_it(
    database: Database, store: Callable[[Callable[[], object]], object]
) -> None:
    store(lambda: NodeFactory(key_ids=OLD.sealing_id))

    with pytest.raises(KeysDiffer, match=NEW.sealing_id):
        rotate(database)

    assert database.read_now(opens, OLD)


@pytest.mark.usefixtures("sealed")
def test_a_lost_key_is_forgotten_with_what_only_it_opened(
    database: Database, stored: Stored, store_token: Callable[[KeyRing], Token]
) -> None:
    store_token(NEW)
    loss = database.read_now(queries.loss, OLD.sealing_id)

    given_up = keys.forget(database, OLD.sealing_id, loss, actor="ada", progress=lambda what, share: None)

    assert dict(+given_up) == {"AppSecrets": 1, "tokens": TOKENS}
    assert sorted(token.state for token in stored(Token)) == ["active"] + ["needs_consent"] * TOKENS
    assert database.read_now(opens, NEW)
    assert OLD.sealing_id not in database.read_now(in_use)
    [entry] = stored(AuditEntry)
    assert (entry.action, entry.subject) == ("key_forgotten", OLD.sealing_id)
    assert f'"explicit": {TOKENS}, "silent": 0' in entry.details


@pytest.mark.usefixtures("sealed")
def test_a_key_that_a_process_still_has_is_not_forgotten(
    database: Database, stored: Stored, store: Callable[[Callable[[], object]], object]
) -> None:
    store(lambda: NodeFactory(key_ids=OLD.sealing_id))
    loss = database.read_now(queries.loss, OLD.sealing_id)

    with pytest.raises(KeyStillNeeded):
        keys.forget(database, OLD.sealing_id, loss, actor="ada", progress=lambda what, share: None)

    assert {token.state for token in stored(Token)} == {"active"}
    assert stored(AuditEntry) == []


@pytest.mark.usefixtures("sealed")
def test_forgetting_that_was_broken_off_goes_on(database: Database, stored: Stored) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    loss = database.read_now(queries.loss, OLD.sealing_id)
    with pytest.raises(KeyboardInterrupt):
        keys.forget(database, OLD.sealing_id, loss, actor="ada", progress=at(3, stop))
    listed = [key.key_id for key in stored(KeyInUse)]

    keys.forget(database, OLD.sealing_id, loss, actor="ada", progress=lambda what, share: None)

    assert listed == OLD.ids
    assert {token.state for token in stored(Token)} == {"needs_consent"}
    assert stored(KeyInUse) == []


@pytest.mark.usefixtures("sealed")
def test_a_login_between_reading_and_storing_wins(
    database: Database, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = NEW.seal("of a login meanwhile", "row")
    first = min(token.user_id for token in stored(Token))
    really_store = services.store

    def log_in_first(session: Session, kind: SealedKind, changed: Sequence[Resealed]) -> int:
        # After the portion with this row was read.
        if any(one.row.id == first for one in changed):
            session.execute(Token.__table__.update().where(Token.user_id == first).values(access_sealed=newer))
        return really_store(session, kind, changed)

    monkeypatch.setattr(services, "store", log_in_first)

    rotate(database)

    assert [bytes(token.access_sealed) for token in stored(Token) if token.user_id == first] == [newer]


def not_under_the_new_key(session: Session) -> list[int]:
    whole = queries.Window(-1, None)
    return [row.id for kind in keys.SEALED_KINDS for row in queries.not_under(session, kind, NEW.sealing_id, whole)]


def swap(session: Session, one: Token, other: Token) -> None:
    session.execute(
        Token.__table__.update().where(Token.user_id == one.user_id).values(access_sealed=other.access_sealed)
    )
