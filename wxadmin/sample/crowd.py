"""The people of the sample, as little of each as their visits need: some forty bytes, so that millions fit."""

from array import array
from collections.abc import Collection
from random import Random
from typing import NamedTuple

from wxadmin.sample.chances import any_of, pick
from wxadmin.sample.moments import BEIJING, DAY, ID_EPOCH, PastIds
from wxadmin.sample.places import ACCOUNTS, CLINIC, CLUB, TEA, Place, SampleAccount
from wxadmin.sample.season import Season
from wxadmin.sample.visits import Visitor

# Whoever is older than the season came first within these days before it.
_PAST = 300 * DAY
# Bytes 0 to 255 of a person's traits, divided among the accounts.
_TEA_BELOW, _CLINIC_BELOW = 164, 240
_BROWSERS = ("wechat-android",) * 16 + ("wechat-ios",) * 13 + ("wechat-desktop",) * 2 + ("miniprogram",)
_VERSIONS = ("8.0.64", "8.0.64", "8.0.63", "8.0.61", "8.0.58", "8.0.50", "8.0.49", "7.0.20")
_NEVER = 0


class Past(NamedTuple):
    """The logins of a person before the season, whose events are no longer kept."""

    place: Place
    first: int
    last: int
    logins: int


class Crowd:
    """People by number, in the order in which they were first seen. Moments in microseconds, 0 for never."""

    def __init__(self, season: Season, places: list[Place], rng: Random, node: int) -> None:
        self._season = season
        self._rng = rng
        self._past_ids, self._ids = PastIds(node), PastIds(node)
        self._places = {account: [place for place in places if place.account is account] for account in ACCOUNTS}
        self._all_places = places
        self._traits = array("I")
        self.ids = array("q")
        self.first = array("q")
        self.last = array("q")
        self.logins = array("i")
        self.profile_at = array("q")
        self._last_place = array("B")
        self._last_channel = array("B")
        self._channels: list[str | None] = []
        # A bit for each day that the season touches, for every person.
        self._days = bytearray()
        self._bytes_of_days = (season.days + 7) // 8
        # When they consented explicitly for the first time.
        self.consented_at = array("q")
        self.last_consented = array("b")

    def __len__(self) -> int:
        return len(self.ids)

    def settle(self, people: int) -> None:
        """Adds people who came before the season began, one after the other."""
        start = max(self._season.start - _PAST, ID_EPOCH)
        step = (self._season.start - start) / max(people, 1)
        for number in range(people):
            self._add_settled(int(start + (number + self._rng.random()) * step))

    def settle_latest(self, people: int) -> None:
        """Adds people who came just before the season began."""
        for _ in range(people):
            self._add_settled(self._season.start - 1)

    def newcomer(self, among: Collection[SampleAccount] = ACCOUNTS) -> int:
        """The number of a person of these accounts who has not been seen yet; `id_of` gives them an id."""
        person = self._add(first=_NEVER, person_id=0)
        while self.home(person).account not in among:
            self._traits[person] = self._rng.getrandbits(32)
        return person

    def someone(self, among: Collection[SampleAccount] = ACCOUNTS, *, but_members: bool = False) -> int:
        """A person of these accounts who is known; those who came lately come back more often."""
        while True:
            person = len(self) - 1 - int(len(self) * self._rng.random() ** 2)
            if self.home(person).account in among and not (but_members and self.is_member(person)):
                return person

    def id_of(self, person: int, at: int) -> int:
        """The person's user id; a newcomer gets one of this moment."""
        if not self.ids[person]:
            self.ids[person] = self._ids.draw(at)
        return self.ids[person]

    def logged_in(self, person: int, at: int, place: Place, channel: str | None, *, consented: bool) -> bool:
        """Whether it was the first time."""
        is_new = self.first[person] == _NEVER
        if is_new:
            self.first[person] = at
        if at > self.last[person]:
            self.last[person] = at
            self._last_place[person] = place.number
            self._last_channel[person] = self._channel_number(channel)
            self.last_consented[person] = consented
        if consented and self.consented_at[person] == _NEVER:
            self.consented_at[person] = at
        self.logins[person] += 1
        return is_new

    def first_of_day(self, person: int, at: int) -> bool:
        """Whether the person has not logged in on this day in Beijing before; from now on they have."""
        day = (at + BEIJING) // DAY - (self._season.start + BEIJING) // DAY
        byte, bit = person * self._bytes_of_days + day // 8, 1 << day % 8
        is_first = not self._days[byte] & bit
        self._days[byte] |= bit
        return is_first

    def home(self, person: int) -> Place:
        """The site that the person mostly comes through."""
        traits = self._traits[person]
        share = traits & 255
        account = TEA if share < _TEA_BELOW else CLINIC if share < _CLINIC_BELOW else CLUB
        return pick(self._places[account], traits >> 8 & 15)

    def any_place(self, person: int) -> Place:
        """The person's usual site, now and then another one of the same account."""
        home = self.home(person)
        return any_of(self._places[home.account], self._rng) if self._rng.random() < 0.15 else home

    def is_member(self, person: int) -> bool:
        """Whether the person belongs to the account whose tokens are refreshed."""
        return self._traits[person] & 255 >= _CLINIC_BELOW

    def visitor(self, person: int) -> Visitor:
        traits = self._traits[person]
        # Addresses that carriers give phones behind their own NAT: nobody's on the internet.
        ip = f"100.{64 + (traits >> 4 & 63)}.{traits >> 9 & 255}.{traits >> 17 & 255}"
        return Visitor(_BROWSERS[traits >> 12 & 31], _VERSIONS[traits >> 17 & 7], ip)

    def ref(self, person: int, place: Place) -> str | None:
        prefix = place.site.ref_prefix
        return f"{prefix}{100_000 + person}" if prefix else None

    def last_place(self, person: int) -> Place:
        return self._all_places[self._last_place[person]]

    def last_channel(self, person: int) -> str | None:
        return self._channels[self._last_channel[person]]

    def past(self, person: int) -> Past | None:
        """The person's logins before the season; None for those who came first within it."""
        first = self.first[person]
        if first >= self._season.start:
            return None
        traits = self._traits[person]
        logins = 1 + (traits >> 20 & 7) * (traits >> 23 & 1)
        last = first if logins == 1 else first + (self._season.start - first) * (1 + (traits >> 24 & 127)) // 130
        return Past(self.home(person), first, last, logins)

    def _add_settled(self, first: int) -> None:
        person = self._add(first=first, person_id=self._past_ids.draw(first))
        past = self.past(person)
        assert past
        self.last[person], self.logins[person] = past.last, past.logins
        self._last_place[person] = past.place.number
        self._last_channel[person] = self._channel_number(self.past_channel(past))
        if self._traits[person] >> 24 & 127 < 100 * past.place.site.consents:
            self.profile_at[person] = past.first
            self.consented_at[person] = past.first

    @staticmethod
    def past_channel(past: Past) -> str | None:
        return past.place.site.channels[0]

    def _add(self, *, first: int, person_id: int) -> int:
        self._traits.append(self._rng.getrandbits(32))
        self.ids.append(person_id)
        self.first.append(first)
        self._days.extend(bytes(self._bytes_of_days))
        for column in (self.last, self.logins, self.profile_at, self.consented_at, self._last_place):
            column.append(0)
        self._last_channel.append(0)
        self.last_consented.append(False)
        return len(self) - 1

    def _channel_number(self, channel: str | None) -> int:
        if channel not in self._channels:
            self._channels.append(channel)
        return self._channels.index(channel)
