"""The gateway is killed again and again under load: what was promised is there."""

import asyncio
import random
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx
import pytest

from tests.running import Program, SiteKeys, serve, unused_port
from tests.soak import careless
from tests.soak.crowd import Crowd
from tests.soak.oracle import Oracle, asked
from tests.soak.scale import SCALE, scaled, with_a_guard_off
from tests.soak.sweeping import sweep_later
from wxadmin.security.hashes import sha256
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

KILLS = scaled(10, least=1)
LOGINS_A_SECOND = 100
FEWEST_A_ROUND = 20
SECONDS_A_ROUND = (2.0, 4.0) if SCALE >= 1 else (1.2, 1.5)
CARELESS = (careless.__file__,)


@dataclass
class Storm:
    """Where it happens, and what came of it."""

    settings: Settings
    site_key: str
    port: int
    folder: Path
    crowd: Crowd
    redeemed: int = 0

    @property
    def gateway(self) -> str:
        return self.crowd.gateway

    async def rage(self, program: Program) -> None:
        """Visitors come until some time after the kill, which they notice."""
        over, already = asyncio.Event(), len(self.crowd.tickets)
        visiting = asyncio.create_task(self.crowd.visit(LOGINS_A_SECOND, over))
        await asyncio.sleep(random.uniform(*SECONDS_A_ROUND))
        await self.crowd.has_brought(already + FEWEST_A_ROUND)
        program.kill()
        over.set()
        await visiting

    async def redeem(self, tickets: list[str]) -> None:
        """The site's server redeems what its visitors brought; counts what it got for them."""
        places = asyncio.Semaphore(32)
        async with self.crowd.http() as http, asyncio.TaskGroup() as group:
            for ticket in tickets:
                group.create_task(self._redeem(http, ticket, places))

    async def _redeem(self, http: aiohttp.ClientSession, ticket: str, places: asyncio.Semaphore) -> None:
        headers = {"Authorization": f"Bearer {self.site_key}"}
        url = f"{self.gateway}/api/v1/tickets/redeem"
        async with places, http.post(url, json={"ticket": ticket}, headers=headers) as response:
            self.redeemed += response.status == 200 and bool((await response.json())["openid"])


@pytest.fixture
def storm(settings: Settings, site_keys: SiteKeys, simulator: httpx.Client, tmp_path: Path) -> Storm:
    # A WeChat that takes its time leaves more logins half done when the kill comes.
    assert simulator.post("/settings", json={"latency_ms": 20}).is_success
    port = unused_port()
    patient = settings.model_copy(update={"wechat_timeout": 5.0, "log_level": "warning"})
    return Storm(patient, site_keys.shop, port, tmp_path, Crowd(f"http://127.0.0.1:{port}"))


def claims_left_behind(oracle: Oracle) -> int:
    return int(
        oracle.one(
            "SELECT count(*) FROM attempt JOIN code_claim ON code_claim.attempt_id = attempt.id WHERE outcome IS NULL"
        )
    )


async def test_no_login_that_was_promised_is_lost(storm: Storm, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(KILLS):
        already = len(storm.crowd.tickets)
        with serve(storm.settings, storm.port, folder=storm.folder) as program:
            await storm.rage(program)
        with serve(storm.settings, storm.port, folder=storm.folder) as program:
            await storm.redeem(storm.crowd.tickets[already:])
            assert program.terminate() == 0

    with asked(storm.settings.database) as oracle:
        left_behind = claims_left_behind(oracle)
    swept = await sweep_later(storm.settings, monkeypatch)
    with asked(storm.settings.database) as oracle:
        lost = {sha256(ticket) for ticket in storm.crowd.tickets} - oracle.ticket_hashes()
        interrupted = oracle.one("SELECT count(*) FROM attempt WHERE ended_by = 'gw_interrupted'")
        differences, faults = oracle.differences(), oracle.faults_of_the_file()
        half_done = claims_left_behind(oracle)
        stored = oracle.one("SELECT count(*) FROM attempt WHERE outcome = 'succeeded'")
    print(
        f"\n{KILLS} kills under {LOGINS_A_SECOND} logins/s: {len(storm.crowd.tickets)} promised, {stored} stored, "
        f"{len(lost)} lost, {storm.redeemed} redeemed; {left_behind} claims left behind, {interrupted} interrupted, "
        f"{swept} rows swept; ends {dict(storm.crowd.ends)}"
    )

    assert len(storm.crowd.tickets) > 10 * KILLS
    assert lost == set()
    assert storm.redeemed == len(storm.crowd.tickets)
    assert interrupted == left_behind
    assert half_done == 0
    assert differences == []
    assert faults == []


@with_a_guard_off
async def test_a_journal_that_answers_before_its_commit_would_be_found_out(storm: Storm) -> None:
    with serve(storm.settings, storm.port, folder=storm.folder, wxadmin=CARELESS) as program:
        await storm.rage(program)

    with asked(storm.settings.database) as oracle:
        lost = {sha256(ticket) for ticket in storm.crowd.tickets} - oracle.ticket_hashes()
    print(f"\na careless journal: {len(storm.crowd.tickets)} promised, {len(lost)} lost")

    assert lost
