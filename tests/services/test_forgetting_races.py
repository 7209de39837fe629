"""Forgetting a person while they log in, their token is refreshed, their ticket redeemed: whoever comes second finds a
tombstone, and nothing is written into it."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests import steps
from tests.factories import SiteFactory, stored
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import NoSuchUser
from wxadmin.ids import Ids
from wxadmin.journal.writer import Writer
from wxadmin.models import Attempt, Erasure, Site, Ticket, Token, User, UserChannel
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services import forgetting, house, leases
from wxadmin.services.leases import Lease
from wxadmin.services.refreshed import Refreshed, Renewed
from wxadmin.services.tickets import Redeem

ROUNDS = 12
OPENID = "oRace-openid"


class Place:
    """A site, and a process that serves it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.site: Site = database.write_now(stored, SiteFactory)
        self.node = database.write_now(house.register_node)
        self._lock = threading.Lock()
        self._writer = Writer(database.writer, ids=Ids(self.node), node=self.node)

    def write(self, *made: Any) -> list[Any]:
        """As the journal does, one batch after the other."""
        with self._lock:
            return self._writer.write(list(made))

    def log_in(self, ticket_hash: bytes | None = None) -> int:
        start = steps.start(self.site, ref="member-7")
        self.write(start)
        login = steps.login_with_profile(
            steps.seen(start), OPENID, ticket_hash=ticket_hash or sha256(random_text(32)), at=utcnow()
        )
        [user_id] = self.write(login)
        assert isinstance(user_id, int), user_id
        return user_id

    def known(self) -> int:
        query = select(User.id).where(User.openid == OPENID)
        return self.database.read_now(lambda session: session.scalars(query).one())

    def forget(self) -> bool:
        try:
            self.database.write_now(forgetting.forget, self.known(), reason="person_asks", actor="ada")
        except NoSuchUser:
            return False
        return True


@pytest.fixture
def place(database: Database) -> Place:
    return Place(database)


def at_once(*what: Callable[[], Any]) -> list[Any]:
    """All of them, begun in the same moment, give or take a little."""
    gate = threading.Barrier(len(what))

    def begun(one: Callable[[], Any]) -> Any:
        gate.wait()
        threading.Event().wait(random.uniform(0, 0.004))
        return one()

    with ThreadPoolExecutor(len(what)) as pool:
        return [future.result() for future in [pool.submit(begun, one) for one in what]]


def require_clean_tombstones(place: Place) -> None:
    """Nothing of the person is in any of them, nor does anything lead from them to the person."""
    database = place.database
    tombs = database.read_now(lambda session: session.scalars(select(User).where(User.forgotten_at.is_not(None))).all())
    assert tombs
    ids = [tomb.id for tomb in tombs]
    for tomb in tombs:
        left = (tomb.unionid, tomb.nickname, tomb.headimgurl, tomb.last_ref, tomb.last_channel, tomb.profile_at)
        assert left == (None,) * len(left)
        assert tomb.openid.startswith("forgotten-")

    def those(session: Any, model: Any) -> list[Any]:
        return list(session.scalars(select(model).where(model.user_id.in_(ids))))

    assert database.read_now(those, Token) == []
    assert {channel.last_ref for channel in database.read_now(those, UserChannel)} <= {None}
    attempts = database.read_now(those, Attempt)
    assert {(attempt.ip, attempt.ref, attempt.nonce) for attempt in attempts} <= {(None, None, None)}
    assert len(database.read_now(those, Erasure)) == len(tombs)


def test_a_login_at_the_same_moment_is_of_the_old_user_or_of_a_new_one(place: Place) -> None:
    place.log_in()
    for _ in range(ROUNDS):
        old = place.known()

        user_id, _ = at_once(place.log_in, place.forget)

        if user_id == old:
            # It came first, and was forgotten with the rest.
            place.log_in()
        assert place.known() != old
    require_clean_tombstones(place)


def test_a_refresh_at_the_same_moment_brings_no_token_back(place: Place) -> None:
    for _ in range(ROUNDS):
        user_id = place.log_in()
        lease = place.database.write_now(leases.lease_one, user_id, node=place.node, lease=timedelta(minutes=1))
        assert isinstance(lease, Lease)
        now = utcnow()
        renewed = Refreshed(lease.tokens[0], steps.call(now), Renewed(steps.tokens(now), now))

        at_once(lambda renewed=renewed: place.write(renewed), place.forget)

        require_clean_tombstones(place)


def test_a_lease_at_the_same_moment_is_of_a_token_or_of_none(place: Place) -> None:
    for _ in range(ROUNDS):
        user_id = place.log_in()

        def lease(user_id: int = user_id) -> Any:
            return place.database.write_now(leases.lease_one, user_id, node=place.node, lease=timedelta(minutes=1))

        at_once(lease, place.forget)

        require_clean_tombstones(place)


def test_a_redemption_at_the_same_moment_writes_nothing_into_a_tombstone(place: Place) -> None:
    for _ in range(ROUNDS):
        ticket = sha256(random_text(32))
        place.log_in(ticket)
        redeem = Redeem(ticket, place.site.id, utcnow(), None, ref="member-of-theirs")

        at_once(lambda redeem=redeem: place.write(redeem), place.forget)

        require_clean_tombstones(place)
    assert place.database.read_now(lambda session: session.scalars(select(Ticket)).all()) == []


def test_two_who_forget_at_the_same_moment_leave_one_receipt(place: Place) -> None:
    for _ in range(ROUNDS):
        place.log_in()
        user_id = place.known()

        def forget(user_id: int = user_id) -> bool:
            try:
                place.database.write_now(forgetting.forget, user_id, reason="person_asks", actor="ada")
            except NoSuchUser:
                return False
            return True

        assert sorted(at_once(forget, forget)) == [False, True]
    require_clean_tombstones(place)
