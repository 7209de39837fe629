"""How the members' tokens were refreshed up to the end of the season: rounds of a hundred and five minutes each."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from random import Random

from sqlalchemy import Connection

from wxadmin.models import Class, Stage
from wxadmin.sample import fates, troubles
from wxadmin.sample.crowd import Crowd
from wxadmin.sample.moments import DAY, MINUTE, SECOND, PastIds
from wxadmin.sample.season import Season
from wxadmin.sample.telling import store_events
from wxadmin.sample.visits import Happening

ROUND = 105 * MINUTE
REFRESH_TOKEN_LIFE = 30 * DAY
_FAILS = 0.004
_KEPT_FOR_RETRIES = 0.01
_RETRY_AFTER = 35 * SECOND


@dataclass(slots=True)
class Renewed:
    """A member's token: refreshed last at `at`, and `round_of_end` rounds before that its life was over, if it was.

    Rounds are counted backwards from the end of the season; the one of the authorization is `round_of_start`.
    """

    person: int
    at: int
    round_of_start: int
    round_of_end: int | None = None
    times: int = 0
    # What the newest of its events tell.
    refreshed: int | None = None
    ended: int | None = None

    def moment(self, number: int) -> int:
        return self.at - number * ROUND


class Refreshing:
    """Refreshes of the members' tokens as far back as a budget of events goes: before that, refreshing was not
    switched on."""

    def __init__(self, connection: Connection, season: Season, crowd: Crowd, rng: Random, *, node: int) -> None:
        self._connection = connection
        self._season = season
        self._crowd = crowd
        self._rng = rng
        self._ids = PastIds(node)
        self._retries_left = 0
        self.events = 0
        self.renewed: dict[int, Renewed] = {}

    def tell(self, budget: int) -> Iterator[float]:
        """Stores up to `budget` events; yields the share that is told after each round."""
        tokens = sorted(self._tokens(), key=lambda token: token.at)
        rounds = self._rounds(tokens, int(budget * (1 - _KEPT_FOR_RETRIES)))
        self._retries_left = budget - sum(map(len, rounds))
        for number in reversed(range(len(rounds))):
            events = [event for token in rounds[number] for event in self._events(token, number)]
            store_events(self._connection, sorted(events, key=attrgetter("at")), self._ids)
            self.events += len(events)
            yield 1 - number / len(rounds)
        self.renewed = {token.person: token for token in tokens if token.times or token.ended}

    def _tokens(self) -> Iterator[Renewed]:
        until = self._season.until
        for person in range(len(self._crowd)):
            issued = self._crowd.last[person]
            if not self._crowd.is_member(person) or issued < self._season.start:
                continue
            at = until - int(self._rng.random() * ROUND)
            token = Renewed(person, at, round_of_start=(at - issued - 1) // ROUND)
            if issued + REFRESH_TOKEN_LIFE <= at:
                token.round_of_end = (at - issued - REFRESH_TOKEN_LIFE) // ROUND
            yield token

    def _rounds(self, tokens: list[Renewed], budget: int) -> list[list[Renewed]]:
        """The tokens of each round, the newest round first. The oldest round has what the budget leaves."""
        rounds: list[list[Renewed]] = []
        while budget > 0:
            number = len(rounds)
            due = [token for token in tokens if (token.round_of_end or 0) <= number < token.round_of_start]
            if not due and all(token.round_of_start <= number for token in tokens):
                break
            rounds.append(due[-budget:])
            budget -= len(rounds[-1])
        return rounds

    def _events(self, token: Renewed, number: int) -> Iterator[Happening]:
        at = token.moment(number)
        if number == token.round_of_end:
            token.ended = at
            yield self._event(token, at, troubles.refused("42002", at, self._rng))
            return
        token.times += 1
        if number and self._retries_left and self._rng.random() < _FAILS:
            self._retries_left -= 1
            yield self._event(token, at, troubles.refused("-1", at, self._rng))
            at += _RETRY_AFTER
        token.refreshed = at
        yield self._event(token, at, None)

    def _event(self, token: Renewed, at: int, trouble: troubles.Trouble | None) -> Happening:
        place = self._crowd.last_place(token.person)
        return Happening(
            at=at,
            account_id=place.account_id,
            site_id=None,
            attempt_id=None,
            user_id=self._crowd.ids[token.person],
            scope=fates.CONSENT,
            browser_family="",
            stage=Stage.REFRESH.value,
            event_class=Class.FAILURE.value if trouble else Class.OK.value,
            code=trouble.code if trouble else "",
            errmsg=trouble and trouble.errmsg,
            rid=trouble and trouble.rid,
            http_status=trouble and trouble.http_status,
            duration_ms=60 + self._rng.getrandbits(7),
            outcome=None,
            recovered=False,
            new_user=False,
            first_of_day=False,
        )
