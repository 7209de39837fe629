"""Filling a database with a sample: everything in one transaction, so that it is there as a whole or not at all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random

from sqlalchemy import Connection, update
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.database.engines import database_url as parsed_url
from wxadmin.database.engines import make_writer
from wxadmin.database.failures import translated
from wxadmin.errors import BadValue
from wxadmin.models import Counter
from wxadmin.sample import bulk, places
from wxadmin.sample.crowd import Crowd
from wxadmin.sample.moments import PastIds, from_datetime, to_datetime
from wxadmin.sample.people import People
from wxadmin.sample.refreshing import Refreshing
from wxadmin.sample.season import Season
from wxadmin.sample.telling import Telling
from wxadmin.security.keys import KeyRing
from wxadmin.services import house

FEWEST_USERS = 100
Progress = Callable[[str, float], None]
"""Told what is being written, and the share of it that is done, from 0 to 1."""

# Of all events.
_REFRESHES = 0.12
# One node number for each part of the story that goes through the season from its start.
_PARTS = 3
_GREATEST_SHARE_OF_NEWCOMERS = 0.45
_LOGINS_AN_EVENT = 0.15


@dataclass(frozen=True, slots=True)
class Filled:
    """Rows that were added."""

    users: int
    events: int
    attempts: int
    tokens: int


def fill(
    database_url: str,
    keys: KeyRing,
    *,
    users: int,
    events: int,
    seed: int = 1,
    until: datetime | None = None,
    for_demo: bool = False,
    progress: Progress | None = None,
) -> Filled:
    """Adds a sample to a database at the newest schema: ninety days up to `until`, or to now; for a demo six weeks,
    with something to show at their end.

    The same seed, sizes and `until` tell the same story in a fresh database; a further fill adds other people.
    Raises BadValue, DatabaseUnavailable.
    """
    if users < FEWEST_USERS or events < 0:
        raise BadValue(f"a sample has at least {FEWEST_USERS} users, and no fewer than 0 events")
    season = (Season.leading_to if for_demo else Season.ending)(from_datetime(until or utcnow()))
    show = progress or _unseen
    engine = make_writer(parsed_url(database_url), connections=1)
    try:
        with translated():
            # By itself, or no process could start, and so draw its own, until the sample is there.
            with engine.begin() as connection:
                nodes = _draw_nodes(connection)
            with engine.begin() as connection:
                bulk.prepare(connection)
                filled = _Filling(connection, keys, season, show).fill(users, events, nodes=nodes, seed=seed)
                show("commit", 0)
            show("commit", 1)
            return filled
    finally:
        engine.dispose()


class _Filling:
    def __init__(self, connection: Connection, keys: KeyRing, season: Season, progress: Progress) -> None:
        self._connection = connection
        self._keys = keys
        self._season = season
        self._progress = progress

    def fill(self, users: int, events: int, *, nodes: range, seed: int) -> Filled:
        first, second, third = nodes
        rng = Random(f"{seed}/{first}")  # noqa: S311, nothing of the sample is a secret
        crowd = Crowd(self._season, self._places(first), rng, first)
        part = partial(Telling, self._connection, self._season, crowd, rng)
        of_visits = events - int(events * _REFRESHES)
        newcomers = int(min(users * _GREATEST_SHARE_OF_NEWCOMERS, of_visits * _LOGINS_AN_EVENT / 2))

        crowd.settle(users - newcomers)
        main = part(node=first, budget=of_visits, newcomers=newcomers)
        self._follow("visits", main.tell())
        crowd.settle_latest(users - len(crowd))
        refreshing = Refreshing(self._connection, self._season, crowd, rng, node=second)
        self._follow("refreshes", refreshing.tell(events - of_visits))
        # What the members' tokens had no use for.
        rest = part(node=third, budget=events - of_visits - refreshing.events, newcomers=0)
        self._follow("more visits", rest.tell())
        people = People(crowd, self._keys, rng, until=self._season.until, renewed=refreshing.renewed)
        self._follow("users", people.store(self._connection))
        self._progress("channels", 0)
        people.store_channels(self._connection)
        self._progress("channels", 1)
        with Session(self._connection) as session:
            house.settings_changed(session)
        return Filled(users, events, main.attempts + rest.attempts, people.tokens)

    def _places(self, node: int) -> list[places.Place]:
        ids = PastIds(node)
        with Session(self._connection) as session:
            house.require_keys(session, self._keys.ids)
            since = self._season.start
            stored = places.stored(session, self._keys, lambda: ids.draw(since), since=to_datetime(since))
            session.flush()
        return stored

    def _follow(self, what: str, shares: Iterable[float]) -> None:
        for share in shares:
            self._progress(what, share)


def _draw_nodes(connection: Connection) -> range:
    """Numbers of nodes that no process has, so that no id of the sample is one of theirs."""
    draw = update(Counter).where(Counter.name == "nodes").values(value=Counter.value + _PARTS).returning(Counter.value)
    last = connection.execute(draw).scalar_one()
    return range(last - _PARTS + 1, last + 1)


def _unseen(what: str, share: float) -> None:
    """Nobody watches."""
