"""What the gateway stored, held against WeChat's own log of calls and against what visitors were promised."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from typing import Any

import httpx

from tests.soak.fates import MixedCrowd
from tests.soak.oracle import Oracle, StoredAttempt
from wxadmin.security.hashes import sha256
from wxadmin.simulator import DEFAULT_APPID
from wxadmin.simulator.people import Person

INTERRUPTED = "gw_interrupted"
_BUSY = -1


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call for a code that WeChat's simulator has looked at; `is_lost` where its answer did not arrive."""

    code_hash: bytes
    errcode: int
    openid: str
    is_lost: bool

    @property
    def is_success(self) -> bool:
        return self.errcode == 0

    @property
    def may_be_repeated(self) -> bool:
        return self.is_lost or self.errcode == _BUSY


@dataclass
class Witness:
    """Asked when the storm is over and every attempt has been given the time to end."""

    oracle: Oracle
    crowd: MixedCrowd
    simulator: httpx.Client

    def contradictions(self) -> dict[str, list[Any]]:
        """Whatever speaks against the gateway, by what it is; empty where all is right."""
        found = {question.__name__.strip("_"): list(question()) for question in self._questions}
        return {name: contradicting for name, contradicting in found.items() if contradicting}

    @property
    def summary(self) -> str:
        ends = [self._attempt_of(call).outcome or "" for call in self._successes]
        lost = sum(call.is_lost for call in self._successes)
        interrupted = sum(attempt.ended_by == INTERRUPTED for attempt in self._attempts.values())
        return (
            f"{len(self._attempts)} attempts; WeChat: {len(self._exchanges)} exchanges, {len(ends)} successes, of "
            f"which {ends.count('succeeded')} stored, {ends.count('snapshot')} of the snapshot page, {lost} whose "
            f"answer was lost on purpose; interrupted {interrupted}, callbacks cut off {len(self.crowd.cut_off)}"
        )

    @property
    def _questions(self) -> tuple[Callable[[], Iterator[Any]], ...]:
        return (
            self._attempts_without_one_end,
            self._tickets_of_no_login,
            self._tickets_of_somebody_else,
            self._logins_that_wechat_does_not_know,
            self._successes_that_came_to_nothing,
            self._codes_exchanged_again,
            self._interrupted_though_nobody_was_cut_off,
            self._visitors_sent_in_circles,
            self._visitors_met_by_a_bug,
            self._counts_that_differ,
        )

    @cached_property
    def _exchanges(self) -> list[Exchange]:
        calls = self.simulator.get("/calls", params={"endpoint": "exchange"}).json()["calls"]
        return [self._read(call) for call in calls if call["code"]]

    def _read(self, call: dict[str, Any]) -> Exchange:
        code_hash = bytes.fromhex(call["code"])
        # Of the faults, an errcode alone is an answer. A busy machine may be slower than the gateway waits.
        is_lost = call["fault"] not in {None, "errcode"} or self._states[code_hash] in self._timed_out
        return Exchange(code_hash, call["errcode"], call["openid"] or "", is_lost)

    @cached_property
    def _timed_out(self) -> set[bytes]:
        return self.oracle.states_with("gw_timeout")

    @cached_property
    def _attempts(self) -> dict[bytes, StoredAttempt]:
        return self.oracle.attempts()

    @cached_property
    def _states(self) -> dict[bytes, bytes]:
        """By a code's hash, that of the state which it came back with."""
        return {sha256(code): sha256(state) for code, state in self.crowd.states.items()}

    @property
    def _successes(self) -> list[Exchange]:
        return [call for call in self._exchanges if call.is_success]

    def _attempt_of(self, call: Exchange) -> StoredAttempt:
        return self._attempts[self._states[call.code_hash]]

    def _attempts_without_one_end(self) -> Iterator[Any]:
        yield from self.oracle.without_one_end()

    def _tickets_of_no_login(self) -> Iterator[str]:
        stored = self.oracle.ticket_hashes()
        yield from (ticket for ticket in self.crowd.tickets if sha256(ticket) not in stored)

    def _tickets_of_somebody_else(self) -> Iterator[str]:
        openids = self.oracle.openids_of_tickets()
        for ticket, person in self.crowd.owners.items():
            if openids.get(sha256(ticket)) != Person(person).openid(DEFAULT_APPID):
                yield ticket

    def _logins_that_wechat_does_not_know(self) -> Iterator[Any]:
        """Each has one success at WeChat, with its last code and its openid."""
        known = Counter((call.code_hash, call.openid) for call in self._successes)
        for attempt in self._attempts.values():
            if attempt.outcome == "succeeded" and known[attempt.code_hash, attempt.openid or ""] != 1:
                yield attempt

    def _successes_that_came_to_nothing(self) -> Iterator[Any]:
        """But for those that were in the middle of it when their process was killed, or whose answer was lost."""
        for call in self._successes:
            attempt = self._attempt_of(call)
            is_stored = (attempt.outcome, attempt.code_hash) == ("succeeded", call.code_hash)
            if not (is_stored or call.is_lost or attempt.outcome == "snapshot" or attempt.ended_by == INTERRUPTED):
                yield call, attempt

    def _codes_exchanged_again(self) -> Iterator[Any]:
        """Without need: once is allowed where WeChat gave no answer."""
        by_code = sorted(self._exchanges, key=lambda call: call.code_hash)
        for _, group in groupby(by_code, key=lambda call: call.code_hash):
            calls = list(group)
            if len(calls) > 2 or not all(earlier.may_be_repeated for earlier, _ in pairwise(calls)):
                yield calls

    def _interrupted_though_nobody_was_cut_off(self) -> Iterator[StoredAttempt]:
        cut_off = {sha256(way.state) for way in self.crowd.cut_off}
        for state_hash, attempt in self._attempts.items():
            if attempt.ended_by == INTERRUPTED and state_hash not in cut_off:
                yield attempt

    def _visitors_sent_in_circles(self) -> Iterator[str]:
        yield from (end for end in self.crowd.ends if "in circles" in end)

    def _visitors_met_by_a_bug(self) -> Iterator[str]:
        yield from (end for end in self.crowd.ends if "500" in end)

    def _counts_that_differ(self) -> Iterator[Any]:
        yield from self.oracle.differences()
        yield from self.oracle.faults_of_the_file()
