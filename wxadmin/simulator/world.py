"""Everything that one simulator knows: its accounts, settings, codes, tokens, faults and calls."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable

from .accounts import DEFAULT_APPID, SimulatedAccount, by_appid
from .calls import CallLog
from .codes import Authorization, Codes
from .errmsg import Refused
from .faults import Faults
from .people import Person
from .settings import Settings
from .tokens import Tokens


class World:
    """The state behind the simulator's routes. `seed` decides who comes and whom faults hit; codes are always new."""

    def __init__(
        self,
        accounts: Iterable[SimulatedAccount] | None = None,
        *,
        people: int = 1_000,
        token_lifetime: int = 7200,
        seed: int | None = None,
        answer: str = "ask",
        lan_hosts: bool = False,
        public_url: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`public_url` is where browsers find the simulator's avatars; without it the address that the caller used."""
        self.accounts = by_appid([SimulatedAccount(DEFAULT_APPID)] if accounts is None else accounts)
        self.settings = Settings().changed(
            {"people": people, "token_lifetime": token_lifetime, "answer": answer, "lan_hosts": lan_hosts}
        )
        self.public_url = public_url.rstrip("/")
        self.clock = clock
        self.chance = random.Random(seed)  # noqa: S311 - draws made-up people, no secret depends on it
        self.codes = Codes()
        self.tokens = Tokens()
        self.faults = Faults(self.chance)
        self.calls = CallLog()
        self._minute = 0
        self._spent: Counter[tuple[str, str]] = Counter()

    def anyone(self) -> int:
        """The number of a person drawn at random."""
        return self.chance.randint(1, self.settings.people)

    def authorize(self, appid: str, person: Person, scope: str) -> str:
        """A new code for a person who agreed."""
        return self.codes.issue(Authorization(appid, person, scope, self.clock()))

    def count(self, appid: str, endpoint: str) -> None:
        """Count a call against the account's quota for this minute. Raises Refused 45011 over it."""
        minute = int(self.clock() // 60)
        if minute != self._minute:
            self._minute = minute
            self._spent.clear()
        self._spent[appid, endpoint] += 1
        if self._spent[appid, endpoint] > self.settings.quota:
            raise Refused(45011)
