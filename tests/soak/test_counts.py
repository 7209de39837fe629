"""What the dashboard shows is what the database's own shell counts: while visitors come, at rest, and after a kill."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.running import Program, SiteKeys, keys, serve, unused_port
from tests.soak import forgetful
from tests.soak.fates import REFUSALS, MixedCrowd
from tests.soak.oracle import asked
from tests.soak.scale import SCALE, scaled, with_a_guard_off
from tests.soak.sweeping import sweep_later
from tests.soak.watcher import Watcher
from wxadmin import sample
from wxadmin.clock import hour_of, utcnow
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

ROUNDS = scaled(6, least=1)
RESTS_A_ROUND = scaled(3, least=1)
LOGINS_A_SECOND = 60
SECONDS_OF_LOAD = 8.0 if SCALE >= 1 else 1.5
FEWEST_A_ROUND = 20
EARLIER_USERS, EARLIER_EVENTS = scaled(5_000, least=200), scaled(50_000, least=3_000)
FORGETFUL = (forgetful.__file__,)


@dataclass
class Storm:
    """Where it happens."""

    settings: Settings
    port: int
    folder: Path
    crowd: MixedCrowd
    watcher: Watcher
    visited_until: datetime = field(default_factory=utcnow)

    def serve(self) -> AbstractContextManager[Program]:
        return serve(self.settings, self.port, folder=self.folder)

    async def load(self, seconds: float, meanwhile: Callable[[asyncio.Event], Awaitable[object]]) -> None:
        """Visitors come for so long; it returns when the last has had an answer."""
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, over.set)
        await asyncio.gather(self.crowd.visit(LOGINS_A_SECOND, over), meanwhile(over))
        self.visited_until = utcnow()

    async def load_and_kill(self, program: Program) -> None:
        over, already = asyncio.Event(), len(self.crowd.tickets)
        visiting = asyncio.create_task(self.crowd.visit(LOGINS_A_SECOND, over))
        await asyncio.sleep(SECONDS_OF_LOAD)
        await self.crowd.has_brought(already + FEWEST_A_ROUND)
        program.kill()
        over.set()
        await visiting
        self.visited_until = utcnow()

    async def differences(self) -> list[str]:
        """Between pages and shell, now that nobody comes."""
        return await self.watcher.hold_against(self.visited_until)


@pytest.fixture
async def storm(
    settings: Settings, database_url: str, site_keys: SiteKeys, simulator: httpx.Client, tmp_path: Path
) -> AsyncIterator[Storm]:
    for fault in REFUSALS:
        assert simulator.post("/faults", json=fault).is_success
    # A WeChat that takes its time leaves more logins half done when the kill comes.
    assert simulator.post("/settings", json={"deny_returns_state": True, "latency_ms": 10}).is_success
    # A month of earlier days, so that yesterday, people and tokens are more than zeros.
    sample.fill(database_url, keys(), users=EARLIER_USERS, events=EARLIER_EVENTS)
    port = unused_port()
    changes = {"wechat_timeout": 3.0, "log_level": "warning", "trusted_proxies": ["127.0.0.0/8"]}
    patient = settings.model_copy(update=changes)
    gateway = f"http://127.0.0.1:{port}"
    crowd = MixedCrowd(gateway, people=400, site_key=site_keys.shop)
    async with httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        yield Storm(patient, port, tmp_path, crowd, Watcher.hired(gateway, patient, browser))


async def before_the_hour_ends() -> None:
    """The sweep looks ahead by the length of a lease: what it ends must not fall into the next hour."""
    left = 3600 - (utcnow() - hour_of(utcnow())).total_seconds()
    if left < 60:
        await asyncio.sleep(left + 1)


async def test_pages_show_what_the_shells_count(storm: Storm, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong: dict[str, list[str]] = {}
    interrupted = 0
    for number in range(ROUNDS):
        with storm.serve() as program:
            if not number:
                await storm.watcher.sign_in()
            for rest in range(RESTS_A_ROUND):
                await storm.load(SECONDS_OF_LOAD, storm.watcher.watch)
                wrong[f"round {number}, rest {rest}"] = await storm.differences()
            await storm.load_and_kill(program)
        with storm.serve() as program:
            wrong[f"round {number}, after the kill"] = await storm.differences()
            await before_the_hour_ends()
            interrupted += await sweep_later(storm.settings, monkeypatch)
            wrong[f"round {number}, when the leases were over"] = await storm.differences()
            assert program.terminate() == 0

    with asked(storm.settings.database) as oracle:
        [[attempts, events]] = oracle.all("SELECT (SELECT count(*) FROM attempt), (SELECT count(*) FROM event)")
        missing, faults = oracle.differences_of_steps(), oracle.faults_of_the_file()
    print(
        f"\n{ROUNDS} kills, {len(wrong)} times at rest; {attempts} attempts, {events} events; figures compared: "
        f"{dict(storm.watcher.compared)}; rows swept: {interrupted}; ends {dict(storm.crowd.ends)}"
    )

    assert {when: figures for when, figures in wrong.items() if figures} == {}
    assert faults == []
    assert missing == []
    assert len(storm.crowd.tickets) >= FEWEST_A_ROUND * ROUNDS
    assert storm.watcher.compared["in motion"] > 50


@with_a_guard_off
async def test_counts_that_forget_would_be_found_out(storm: Storm) -> None:
    with serve(storm.settings, storm.port, folder=storm.folder, wxadmin=FORGETFUL):
        await storm.watcher.sign_in()
        await storm.load(SECONDS_OF_LOAD, asyncio.Event.wait)
        wrong = await storm.differences()
    print(f"\nforgetful counts: {len(storm.crowd.tickets)} promised; {wrong}")

    assert any(figure.startswith("('succeeded', 'today')") for figure in wrong)
