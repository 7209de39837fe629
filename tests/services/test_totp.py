"""The second step of a sign-in where it is kept: sealed, good once whoever is first, and through a change of keys."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import StaffFactory
from tests.rings import BOTH, NEW, OLD
from tests.test_canaries import everything_in
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import BadValue
from wxadmin.models import KeyInUse, StaffTotp
from wxadmin.queries.staff import Identity, identity
from wxadmin.services import staff_keys, totp
from wxadmin.tasks import keys as tasks

Store = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def grace(session: Session) -> Identity:
    return identity(session, StaffFactory(name="grace"))


def code(secret: str, **later: float) -> str:
    return pyotp.TOTP(secret).at(utcnow() + timedelta(**later))


def begun(session: Session, owner: Identity) -> str:
    totp.begin(session, OLD, owner)
    session.flush()
    secret = totp.pending(session, OLD, owner.id)
    assert secret is not None
    return secret


def test_a_secret_that_was_not_confirmed_in_time_is_made_anew(session: Session, grace: Identity) -> None:
    secret = begun(session, grace)
    session.get_one(StaffTotp, grace.id).made_at -= totp.PENDING

    with pytest.raises(BadValue, match="begin anew"):
        totp.confirm(session, OLD, grace, code(secret))

    assert begun(session, grace) != secret


def test_who_has_it_on_is_not_given_another_secret(session: Session, grace: Identity) -> None:
    secret = begun(session, grace)
    totp.confirm(session, OLD, grace, code(secret))
    session.expire_all()

    with pytest.raises(BadValue, match="on already"):
        totp.begin(session, OLD, grace)

    assert totp.pending(session, OLD, grace.id) is None


def test_a_secret_moved_to_somebody_else_opens_for_nobody(session: Session, grace: Identity) -> None:
    secret = begun(session, grace)
    other = identity(session, StaffFactory())
    sealed = session.get_one(StaffTotp, grace.id).secret_sealed

    session.add(StaffTotp(staff_id=other.id, secret_sealed=sealed, made_at=utcnow(), confirmed_at=utcnow()))
    session.flush()

    assert not totp.take(session, OLD, other.id, code(secret))


def test_of_many_who_bring_a_code_at_once_one_is_let_in(database: Database, store: Store) -> None:
    owner = database.read_now(identity, store(lambda: StaffFactory(name="grace")))
    database.write_now(totp.begin, OLD, owner)
    secret = database.read_now(totp.pending, OLD, owner.id)
    assert secret is not None
    brought, start = code(secret), threading.Barrier(6)
    let_in: list[bool] = []

    def bring() -> None:
        start.wait()
        let_in.append(database.write_now(totp.take, OLD, owner.id, brought))

    threads = [threading.Thread(target=bring) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(let_in) == [False] * 5 + [True]


def test_codes_go_on_through_a_change_of_keys(database: Database, store: Store) -> None:
    owner = database.read_now(identity, store(lambda: StaffFactory(name="grace")))
    database.write_now(totp.begin, OLD, owner)
    secret = database.read_now(totp.pending, OLD, owner.id)
    assert secret is not None

    rotation = tasks.rotate(database, BOTH, actor="test", progress=lambda *_: None)

    assert rotation.resealed == {"two-step secrets": 1}
    assert database.read_now(lambda session: session.scalars(select(KeyInUse.key_id)).all()) == [NEW.sealing_id]
    assert database.write_now(totp.take, NEW, owner.id, code(secret))


def test_neither_secrets_nor_keys_are_in_the_database_as_they_are(
    database: Database, store: Store, database_url: str
) -> None:
    owner = database.read_now(identity, store(lambda: StaffFactory(name="grace")))
    database.write_now(totp.begin, OLD, owner)
    secret = database.read_now(totp.pending, OLD, owner.id)
    key = database.write_now(staff_keys.make, owner, "morning report")
    assert secret is not None

    raw = everything_in(database_url)

    assert secret.encode() not in raw
    assert key.encode() not in raw
    assert b"morning report" in raw
