"""The memory of a process stays as it is, however many people it logs in and however many tokens it refreshes."""

import asyncio
import random
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from tests.databases import on_sqlite
from tests.running import Program, SiteKeys, keys, serve, unused_port
from tests.soak import leaky
from tests.soak.crowd import Crowd
from tests.soak.holders import Holders
from tests.soak.oracle import asked
from tests.soak.scale import SCALE, scaled, with_a_guard_off
from wxadmin.database import Database
from wxadmin.models import Account
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

LOGINS = scaled(100_000, least=1_000)
TOKENS = scaled(1_000_000, least=4_000)
# Memory is looked at after each fifth; during the first, caches fill and the allocator learns what is needed at once.
LOOKS = 5
AT_ONCE = 32
MOST_MB = 16.0 if SCALE >= 1 else 24.0
LEAK_MB = 100.0
NO_QUOTA = 100_000_000


def megabytes(program: Program) -> float:
    """What is resident of the process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{program.pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def growth(looks: Sequence[float]) -> float:
    """From the end of the first fifth on."""
    return max(looks[1:]) - looks[0]


def shown(looks: Sequence[float]) -> str:
    return f"{', '.join(f'{look:.0f}' for look in looks)} MB after each fifth, {growth(looks):+.1f} MB since the first"


async def visited(settings: Settings, folder: Path, *program: str) -> list[float]:
    """The megabytes of a gateway after each fifth of the logins."""
    port, looks = unused_port(), []
    quiet = settings.model_copy(update={"log_level": "warning"})
    crowd = Crowd(f"http://127.0.0.1:{port}", people=400)
    with serve(quiet, port, folder=folder, wxadmin=program or ("-m", "wxadmin")) as serving:
        for _ in range(LOOKS):
            people = (random.randint(1, crowd.people) for _ in range(LOGINS // LOOKS))
            await crowd.log_in_each(people, at_once=AT_ONCE)
            looks.append(megabytes(serving))
    assert crowd.ends["a ticket"] == LOGINS // LOOKS * LOOKS, crowd.ends
    return looks


async def test_logins_leave_nothing_behind(settings: Settings, site_keys: SiteKeys, tmp_path: Path) -> None:
    looks = await visited(settings, tmp_path)
    print(f"\n{LOGINS} logins: {shown(looks)}")

    assert growth(looks) < MOST_MB


@with_a_guard_off
async def test_a_leak_would_be_found_out(settings: Settings, site_keys: SiteKeys, tmp_path: Path) -> None:
    size = round(LEAK_MB * 1_000_000 / LOGINS / 3)
    looks = await visited(settings, tmp_path, leaky.__file__, str(size))
    print(f"\n{LOGINS} logins that leave {size} bytes a step behind: {shown(looks)}")

    assert growth(looks) > MOST_MB


@on_sqlite
async def test_refreshes_leave_nothing_behind(
    settings: Settings, site_keys: SiteKeys, simulator: httpx.Client, tmp_path: Path
) -> None:
    assert simulator.post("/settings", json={"quota": NO_QUOTA}).is_success
    Holders(settings.database, keys()).settle(TOKENS, due_within=timedelta())
    database = Database(settings.database)
    database.write_now(lambda session: session.execute(update(Account).values(refresh_quota=NO_QUOTA)))
    database.close()
    busy = settings.model_copy(update={"log_level": "warning", "refresh_interval": 0.5})
    looks: list[float] = []
    with asked(settings.database) as oracle, serve(busy, unused_port(), folder=tmp_path) as serving:
        while len(looks) < LOOKS:
            refreshed = oracle.one("SELECT count(*) FROM token WHERE refreshed_at IS NOT NULL")
            if refreshed >= TOKENS * (len(looks) + 1) // LOOKS:
                looks.append(megabytes(serving))
            await asyncio.sleep(2 if SCALE >= 1 else 0.1)
    print(f"\n{TOKENS} tokens refreshed: {shown(looks)}")

    assert growth(looks) < MOST_MB
