"""What WeChat answered to the refreshes of a pass: stored in sets, and held for or against the accounts."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from wxadmin.flows.gateway import Gateway
from wxadmin.refreshing import moods
from wxadmin.services import account_refreshes
from wxadmin.services.account_refreshes import Answers
from wxadmin.services.refresh_passes import PassReport
from wxadmin.services.refreshed import Refreshed

Observe = Callable[[Sequence[Refreshed]], None]
"""Is told of each set that was stored."""

# As many as the journal writes at once: whoever logs in meanwhile waits for one set at most.
_MOST_WAITING = 256


class Results:
    """Takes results while calls go on, and stores what has come as one set whenever the set before is stored."""

    def __init__(self, gateway: Gateway, report: PassReport, observe: Observe) -> None:
        self._gateway = gateway
        self._report = report
        self._observe = observe
        self._waiting: list[Refreshed] = []
        self._storing: asyncio.Task[None] | None = None
        self.failure: BaseException | None = None
        # Accounts that turned out, while they were being refreshed, to be held; of some the database does not know yet.
        self.held: set[int] = set()
        self.not_noted: set[int] = set()

    async def put(self, result: Refreshed) -> None:
        """Returns at once, unless results come faster than they are stored."""
        if moods.hold_for(result.call.code):
            # Before it is stored: meanwhile the others of this process would make hundreds of calls.
            self.held.add(result.token.account_id)
            self.not_noted.add(result.token.account_id)
        self._waiting.append(result)
        if self._storing is None:
            self._storing = asyncio.create_task(self._store())
        if len(self._waiting) >= _MOST_WAITING:
            await asyncio.wait([self._storing])

    async def settled(self) -> None:
        """Returns when all is stored. Raises what it failed with, such as DatabaseUnavailable."""
        if self._storing is not None:
            await asyncio.wait([self._storing])
        if self.failure is not None:
            raise self.failure

    async def _store(self) -> None:
        try:
            while self._waiting:
                results, self._waiting = self._waiting, []
                self._note(results, await self._gateway.journal.write_all(results))
                self._observe(results)
                for account_id, is_held in (await note_answers(self._gateway, results)).items():
                    (self.held.add if is_held else self.held.discard)(account_id)
                    self.not_noted.discard(account_id)
        except Exception as failure:
            self.failure = failure
        finally:
            self._storing = None

    def _note(self, results: Sequence[Refreshed], stored: Sequence[bool | BaseException]) -> None:
        for result, is_stored in zip(results, stored, strict=True):
            if isinstance(is_stored, BaseException):
                self.failure = is_stored
            else:
                self._report.count(result.call.code, is_stored=is_stored)


async def note_answers(gateway: Gateway, results: Sequence[Refreshed]) -> dict[int, bool]:
    """Holds or releases accounts by what became of their tokens; whether each is held now, where that may have
    changed."""
    held = {}
    for account_id, answers in _by_account(results).items():
        hold = await gateway.database.write(account_refreshes.note, account_id, answers)
        held[account_id] = hold is not None
    return held


def _by_account(results: Sequence[Refreshed]) -> dict[int, Answers]:
    """What there is to note: nothing of an account whose tokens were all renewed, unless a probe was."""
    failures: dict[int, Counter[str]] = defaultdict(Counter)
    probed: dict[int, str] = {}
    for result in results:
        if result.call.code:
            failures[result.token.account_id][result.call.code] += 1
        if result.token.is_probe:
            probed[result.token.account_id] = result.call.code
    accounts = failures.keys() | probed.keys()
    return {account: Answers(failures[account], probed.get(account)) for account in sorted(accounts)}
