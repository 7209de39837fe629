"""Visitors of all kinds, a WeChat that fails in every way, and two processes of which one is killed again and again:
every login ends once, and what visitors were promised is what WeChat granted."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.running import Program, SiteKeys, serve, unused_port
from tests.soak import unguarded
from tests.soak.fates import BREAKDOWNS, REFUSALS, MixedCrowd
from tests.soak.oracle import asked
from tests.soak.scale import SCALE, scaled, with_a_guard_off
from tests.soak.sweeping import STATE_IS_OVER, sweep_later
from tests.soak.witness import INTERRUPTED, Witness
from wxadmin.security.hashes import sha256
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

LOGINS = scaled(10_000, least=100)
AT_ONCE = 32
# From when the process serves that is to be killed to when it is.
SECONDS_TO_LIVE = (2.0, 4.0) if SCALE >= 1 else (0.1, 0.3)
FEWEST_BEFORE_A_KILL = 20
WITHOUT_CLAIMS = (unguarded.__file__, "claims")


@dataclass
class Storm:
    """Two processes under one address: one lives on, the other is killed again and again."""

    settings: Settings
    crowd: MixedCrowd
    simulator: httpx.Client
    ports: tuple[int, int]
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    kills: int = 0

    @asynccontextmanager
    async def serving(self, port: int, **more: tuple[str, ...]) -> AsyncIterator[Program]:
        """Started while the visitors go on."""
        with ExitStack() as ends:
            starting = serve(self.settings, port, folder=self.folder, **more)
            yield await asyncio.to_thread(ends.enter_context, starting)

    async def visit(self) -> None:
        people = (random.randint(1, self.crowd.people) for _ in range(LOGINS))
        await self.crowd.log_in_each(people, at_once=AT_ONCE)

    async def rage(self) -> None:
        steady, killed = self.ports
        visiting = None
        async with self.serving(steady):
            while visiting is None or not visiting.done():
                async with self.serving(killed) as program:
                    visiting = visiting or asyncio.create_task(self.visit())
                    await self._a_while(visiting)
                    program.kill()
                    self.kills += 1
            await visiting

    async def _a_while(self, visiting: asyncio.Task[None]) -> None:
        already = self.crowd.ends.total()
        await asyncio.wait([visiting], timeout=random.uniform(*SECONDS_TO_LIVE))
        while self.crowd.ends.total() < already + FEWEST_BEFORE_A_KILL and not visiting.done():
            await asyncio.sleep(0.05)

    async def reload(self) -> Counter[str]:
        """Those who were cut off come back when the leases of the dead are over: what those get whose exchange was in
        flight, and who had not been restarted before."""
        await self.sweep()
        self.simulator.delete("/faults")
        with asked(self.settings.database) as oracle:
            attempts = oracle.attempts()
        ways = {sha256(way.state): way for way in self.crowd.cut_off}
        async with self.serving(self.ports[0]):
            ends = await self.crowd.reload(list(ways.values()))
        self.crowd.ends.update(f"cut off, {end}" for end in ends)
        return Counter(
            end
            for (state_hash, way), end in zip(ways.items(), ends, strict=True)
            if attempts[state_hash].ended_by == INTERRUPTED and not way.restarts
        )

    async def sweep(self, later: timedelta | None = None) -> None:
        await sweep_later(self.settings, self.monkeypatch, later)


@pytest.fixture
def storm(
    settings: Settings, site_keys: SiteKeys, simulator: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Storm:
    for fault in (*REFUSALS, *BREAKDOWNS):
        assert simulator.post("/faults", json=fault).is_success
    # A WeChat that takes its time leaves more logins half done when the kill comes.
    assert simulator.post("/settings", json={"deny_returns_state": True, "latency_ms": 20}).is_success
    ports = unused_port(), unused_port()
    public, other = (f"http://127.0.0.1:{port}" for port in ports)
    changes = {"public_url": public, "wechat_timeout": 5.0, "log_level": "warning", "trusted_proxies": ["127.0.0.0/8"]}
    crowd = MixedCrowd(public, people=400, site_key=site_keys.shop, more_gateways=(other,))
    return Storm(settings.model_copy(update=changes), crowd, simulator, ports, tmp_path, monkeypatch)


async def test_every_login_ends_once_and_every_ticket_stands_for_what_wechat_granted(storm: Storm) -> None:
    await storm.rage()
    reloaded = await storm.reload()
    await storm.sweep(STATE_IS_OVER)

    with asked(storm.settings.database) as oracle:
        witness = Witness(oracle, storm.crowd, storm.simulator)
        contradictions, summary = witness.contradictions(), witness.summary
    print(
        f"\n{LOGINS} visitors, {storm.kills} kills: {len(storm.crowd.tickets)} tickets promised; {summary}; "
        f"those interrupted reloaded: {dict(reloaded)}; ends {dict(storm.crowd.ends.most_common())}; "
        f"contradictions {contradictions}"
    )

    assert contradictions == {}
    assert set(reloaded) <= {"begun anew, a ticket"}
    assert storm.crowd.ends.total() >= LOGINS
    assert len(storm.crowd.tickets) > LOGINS / 2


@with_a_guard_off
async def test_a_gateway_without_claims_would_be_found_out(storm: Storm) -> None:
    async with (
        storm.serving(storm.ports[0], wxadmin=WITHOUT_CLAIMS),
        storm.serving(storm.ports[1], wxadmin=WITHOUT_CLAIMS),
    ):
        await storm.visit()
    await storm.sweep(STATE_IS_OVER)

    with asked(storm.settings.database) as oracle:
        contradictions = Witness(oracle, storm.crowd, storm.simulator).contradictions()
    print(f"\nwithout claims: { ({name: len(found) for name, found in contradictions.items()}) }")

    assert "codes_exchanged_again" in contradictions
