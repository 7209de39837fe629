"""One pass over the due tokens: leased while calls go on, called so many at once, stored in sets, given back in the end
where they were not called."""

import asyncio
from datetime import timedelta

from wxadmin.clock import utcnow
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.renewing import Held, lease_length, refreshed
from wxadmin.flows.results import Observe, Results
from wxadmin.models import Trigger
from wxadmin.queries import account_refreshes
from wxadmin.services import leases, refresh_passes, resting
from wxadmin.services.leases import LeasedToken
from wxadmin.services.refresh_passes import Pass, PassReport

# Leases are taken for about so long: one more is a transaction more, and what waits longer is called later than it
# was taken out of the account's budget.
_CALLS_AHEAD_S = 2.0
_MOST_ROUNDS = 16
_SMOOTHING = 0.05
_WOKEN_AT_A_TIME = 1_000


async def refresh_pass(
    gateway: Gateway, trigger: Trigger = Trigger.JOB, *, observe: Observe = lambda results: None
) -> PassReport:
    """Refreshes every token that is due now, unless the process is told to stop. Raises DatabaseUnavailable."""
    await _wake_resting(gateway)
    made = Pass(gateway.ids.draw(), gateway.node, trigger, utcnow())
    work = _Work(gateway, made, observe)
    try:
        await work.lease_all()
    finally:
        await work.finish()
    return made.report


async def _wake_resting(gateway: Gateway) -> None:
    for account_id in await gateway.database.read(account_refreshes.waking):
        looked_at = _WOKEN_AT_A_TIME
        while looked_at == _WOKEN_AT_A_TIME and not gateway.stopping.is_set():
            looked_at = await gateway.database.write(resting.wake, account_id, limit=_WOKEN_AT_A_TIME)


class _Work:
    """What one pass has leased and not called yet, and the workers that call."""

    def __init__(self, gateway: Gateway, made: Pass, observe: Observe) -> None:
        self._gateway = gateway
        self._made = made
        self._results = Results(gateway, made.report, observe)
        self._queue: asyncio.Queue[tuple[LeasedToken, Held] | None] = asyncio.Queue()
        self._taken = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []
        self._uncalled: list[LeasedToken] = []
        self._call_s = _CALLS_AHEAD_S / _MOST_ROUNDS

    @property
    def _is_over(self) -> bool:
        return self._gateway.stopping.is_set() or self._results.failure is not None

    async def lease_all(self) -> None:
        """Returns when nothing more is due, or nothing more shall be begun."""
        while not self._is_over:
            due = await self._gateway.database.read(account_refreshes.due)
            accounts = [account_id for account_id in due if account_id not in self._results.not_noted]
            pauses = [await self._lease(account_id, self._room // len(accounts)) for account_id in accounts]
            again_in = min((pause for pause in pauses if pause is not None), default=None)
            if again_in is None:
                return
            await self._has_room()
            await self._give_back()
            await self._pause(again_in)

    async def finish(self) -> None:
        """Returns when the calls in flight have been stored. Raises DatabaseUnavailable."""
        for _ in self._workers:
            self._queue.put_nowait(None)
        await asyncio.gather(*self._workers)
        await self._results.settled()
        await self._give_back()
        if self._workers or self._made.report.put_aside:
            await self._gateway.database.write(refresh_passes.note, self._made, ended_at=utcnow())

    async def _lease(self, account_id: int, limit: int) -> timedelta | None:
        """How long until more of the account may be leased; None where nothing more is due."""
        lease = await self._gateway.database.write(
            refresh_passes.lease,
            self._made,
            account_id,
            ids=self._gateway.ids,
            lasting=lease_length(self._gateway),
            limit=max(1, limit),
        )
        held = Held(lease)
        self._made.report.leased += len(lease.tokens)
        self._made.report.put_aside += lease.put_aside
        for token in lease.tokens:
            if not token.is_probe:
                self._results.held.discard(account_id)
            self._queue.put_nowait((token, held))
        if lease.tokens and not self._workers:
            self._workers = [asyncio.create_task(self._work()) for _ in range(self._gateway.refresh_concurrency)]
        return lease.more_in

    async def _work(self) -> None:
        while (waiting := await self._queue.get()) is not None:
            self._taken.set()
            try:
                await self._refresh(*waiting)
            except Exception as failure:
                # The others, which might wait for this one for ever, come to an end by it.
                self._results.failure = failure

    async def _refresh(self, token: LeasedToken, held: Held) -> None:
        account = (await self._gateway.registry.current()).account(token.account_id)
        is_held = token.account_id in self._results.held and not token.is_probe
        if self._is_over or account is None or is_held or not held.may_call(self._gateway.wechat.timeout):
            self._uncalled.append(token)
            return
        result = await refreshed(self._gateway, account.appid, token, held)
        self._call_s += _SMOOTHING * (result.call.duration_ms / 1000 - self._call_s)
        await self._results.put(result)

    @property
    def _ahead(self) -> int:
        """How many tokens may wait for their call."""
        rounds = min(max(1.0, _CALLS_AHEAD_S / max(self._call_s, 0.001)), _MOST_ROUNDS)
        return round(self._gateway.refresh_concurrency * rounds)

    @property
    def _room(self) -> int:
        return self._ahead - self._queue.qsize()

    async def _has_room(self) -> None:
        """Returns when half of what may wait has been called."""
        while self._queue.qsize() > self._ahead // 2 and not self._is_over:
            self._taken.clear()
            await self._taken.wait()

    async def _give_back(self) -> None:
        uncalled, self._uncalled = self._uncalled, []
        if uncalled:
            await self._gateway.database.write(leases.give_back, uncalled)
            self._made.report.given_back += len(uncalled)

    async def _pause(self, length: timedelta) -> None:
        """Returns after it, or as soon as the process is told to stop."""
        if length:
            try:
                await asyncio.wait_for(self._gateway.stopping.wait(), length.total_seconds())
            except TimeoutError:
                return
