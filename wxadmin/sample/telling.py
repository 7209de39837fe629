"""The visits of a season, hour by hour: attempts, events and counts go into the database as they are told."""

from collections.abc import Iterator
from operator import attrgetter
from random import Random

from sqlalchemy import Connection, select

from wxadmin import support_codes
from wxadmin.models import Attempt, Event
from wxadmin.sample import bulk, fates, tally
from wxadmin.sample.bulk import Row
from wxadmin.sample.chances import any_of
from wxadmin.sample.crowd import Crowd
from wxadmin.sample.fates import CONSENT, SILENT, Fate
from wxadmin.sample.moments import MINUTE, PastIds
from wxadmin.sample.places import ACCOUNTS, CAMPAIGN_CHANNEL, CLINIC, CLUB, TEA, Place, SampleAccount
from wxadmin.sample.season import Season, Slot
from wxadmin.sample.visits import ATTEMPT_COLUMNS, EVENT_COLUMNS, Happening, Visit

_EVENTS_A_VISIT = 5.2
_VISITS_AT_ONCE = 1000
# In a demo's last minutes, more people than usual have the question before them.
_NOT_SWEPT_WITHIN, _STILL_OUT = 9 * MINUTE, 0.35
# What a transaction on either database takes as parameters of one statement.
_CODES_AT_ONCE = 5000


class Telling:
    """Visits with exactly `budget` events. With `newcomers`, about so many of the visitors are new, evenly spread;
    without, members stay away, since what became of their tokens has been told."""

    def __init__(
        self,
        connection: Connection,
        season: Season,
        crowd: Crowd,
        rng: Random,
        *,
        node: int,
        budget: int,
        newcomers: int,
    ) -> None:
        self._connection = connection
        self._season = season
        self._crowd = crowd
        self._rng = rng
        self._attempt_ids, self._event_ids = PastIds(node), PastIds(node)
        self._budget = budget
        self._newcomers = newcomers
        self._met = 0
        self._told = 0
        self._untold: list[Happening] = []
        self.attempts = 0

    def tell(self) -> Iterator[float]:
        """Stores the visits; yields the share that is told after each hour."""
        slots = self._season.slots()
        visits: list[Visit] = []
        for slot in slots:
            visits += self._visits_of(slot)
            if slot is slots[-1]:
                self._store(visits, until=self._season.until)
            elif len(visits) >= _VISITS_AT_ONCE:
                self._store(visits, until=slot.end)
                visits = []
            yield slot.told

    def _store(self, visits: list[Visit], *, until: int) -> None:
        self._store_attempts(visits)
        for visit in visits:
            self._untold += visit.happenings
        self._store_events(until=until)

    def _visits_of(self, slot: Slot) -> Iterator[Visit]:
        goal, at = round(self._budget * slot.told), slot.start
        while self._told < goal:
            # In the order of time, or a person's second visit could come before the first.
            left = (goal - self._told) / _EVENTS_A_VISIT
            at += int((slot.end - at) * min(2 * self._rng.random() / (left + 1), 0.9))
            visit = self._visit(at, self._told / self._budget)
            self._told += len(visit.happenings)
            yield visit

    def _visit(self, at: int, told: float) -> Visit:
        season, fate = self._season, self._fate(at)
        person = self._person(fate, at, told)
        place = self._crowd.any_place(person)
        if fate in fates.WELCOMES:
            if at in season.incident and place.account is TEA:
                fate = fates.meet_wrong_secret
            elif at in season.outage and place.account is CLINIC:
                fate = fates.meet_frozen_secret
        visit = self._begin(person, place, at)
        fate(visit, person, self._crowd, self._rng)
        return visit

    def _fate(self, at: int) -> Fate:
        left = self._budget - self._told
        if left < fates.MOST_HAPPENINGS:
            # Of a known number of events each, so that the sum comes out.
            return fates.meet_snapshot_page if left >= fates.HAPPENINGS_OF_SNAPSHOT else fates.be_refused
        fate, until = fates.USUAL.draw(self._rng), self._season.until
        is_open = fate in fates.LINGERING and at + fates.LONGEST_WAIT > until
        if at in self._season.outage and at + _NOT_SWEPT_WITHIN > until:
            is_open = is_open or self._rng.random() < _STILL_OUT
        return fates.wait if is_open else fate

    def _person(self, fate: Fate, at: int, told: float) -> int:
        """Somebody known, or new where fewer newcomers than due by now have been met: a login of theirs succeeds."""
        among: tuple[SampleAccount, ...] = (TEA,) if self._season.is_rush(at) else ACCOUNTS
        is_due = self._met < self._newcomers * told and at not in self._season.incident
        if fate in fates.WELCOMES and is_due:
            self._met += 1
            return self._crowd.newcomer((TEA, CLUB) if at in self._season.outage else among)
        return self._crowd.someone(among, but_members=not self._newcomers)

    def _begin(self, person: int, place: Place, at: int) -> Visit:
        rng = self._rng
        return Visit(
            id=self._attempt_ids.draw(at),
            at=at,
            place=place,
            visitor=self._crowd.visitor(person),
            scope=CONSENT if rng.random() < place.site.consents else SILENT,
            path=any_of(place.site.paths, rng),
            channel=self._channel(place, at),
            ref=self._crowd.ref(person, place),
            lang=None if rng.random() < 0.97 else any_of(("en", "zh_TW"), rng),
        )

    def _channel(self, place: Place, at: int) -> str | None:
        if place.account is TEA and at in self._season.campaign and self._rng.random() < 0.6:
            return CAMPAIGN_CHANNEL
        return any_of(place.site.channels, self._rng)

    def _store_attempts(self, visits: list[Visit]) -> None:
        codes = self._new_support_codes(len(visits))
        rows = [visit.row(code, self._rng) for visit, code in zip(visits, codes, strict=True)]
        bulk.insert(self._connection, Attempt, ATTEMPT_COLUMNS, rows)
        self.attempts += len(rows)

    def _new_support_codes(self, number: int) -> list[str]:
        """Among a million codes some are alike, and the column is unique."""
        codes: set[str] = set()
        while len(codes) < number:
            drawn = {support_codes.make() for _ in range(min(number - len(codes), _CODES_AT_ONCE))}
            taken = select(Attempt.support_code).where(Attempt.support_code.in_(drawn))
            codes |= drawn.difference(self._connection.scalars(taken))
        return list(codes)

    def _store_events(self, *, until: int) -> None:
        """Those before `until`; later ones wait, so that ids rise with time."""
        self._untold.sort(key=attrgetter("at"))
        number = sum(event.at < until for event in self._untold)
        events, self._untold = self._untold[:number], self._untold[number:]
        store_events(self._connection, events, self._event_ids)


def store_events(connection: Connection, events: list[Happening], ids: PastIds) -> None:
    """Stores events that are in the order of time, and adds them to the counts."""
    rows: list[Row] = [event.row(ids) for event in events]
    bulk.insert(connection, Event, EVENT_COLUMNS, rows)
    tally.add(connection, events)
