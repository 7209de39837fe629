"""Short-lived tokens of many people are kept alive for minutes: none is ever seen expired, and no call is wasted."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import SiteKeys, serve, unused_port
from tests.soak.crowd import Crowd
from tests.soak.oracle import asked
from tests.soak.scale import SCALE, scaled
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

USERS = scaled(200, least=20)
# Below full size everything is twice as fast.
PACE = 1 if SCALE >= 1 else 2
SECONDS = scaled(180, least=16)
TOKEN_LIFETIME_S = 20 // PACE
# Every token is renewed when 8 of its 20 seconds are left, or a little before, at the next pass of one in two seconds.
INTERVAL_S, AHEAD_S = 2.0 / PACE, 8.0 / PACE
LONGEST_CYCLE_S = 16 / PACE
SHORTEST_CYCLE_S = 8 / PACE

EXPIRED = {
    "sqlite": "SELECT count(*) FROM token WHERE state = 'active' AND expires_at < strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "postgresql": "SELECT count(*) FROM token WHERE state = 'active' AND expires_at < now()",
}


@pytest.fixture
def hurried(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"refresh_interval": INTERVAL_S, "refresh_ahead": AHEAD_S, "log_level": "warning"}
    )


async def test_no_active_token_expires(
    hurried: Settings, site_keys: SiteKeys, simulator: httpx.Client, tmp_path: Path
) -> None:
    assert simulator.post("/settings", json={"token_lifetime": TOKEN_LIFETIME_S}).is_success
    port = unused_port()
    crowd = Crowd(f"http://127.0.0.1:{port}")
    expired = EXPIRED[hurried.database.partition(":")[0]]
    with asked(hurried.database) as oracle, serve(hurried, port, folder=tmp_path) as program:
        await crowd.log_in_each(range(1, USERS + 1))
        settled = time.time() + TOKEN_LIFETIME_S
        samples = []
        while time.time() < settled + SECONDS - TOKEN_LIFETIME_S or not samples:
            await asyncio.sleep(1)
            samples.append(oracle.one(expired))
        ended = time.time()
        active = oracle.one("SELECT count(*) FROM token WHERE state = 'active'")
        differences = oracle.differences()
        assert program.terminate() == 0
    calls = simulator.get("/calls", params={"endpoint": "refresh"}).json()["calls"]
    a_second = Counter(int(call["at"]) for call in calls)
    print(
        f"\n{USERS} tokens of {TOKEN_LIFETIME_S} s for {SECONDS} s: {len(calls)} refreshes, busiest second "
        f"{max(a_second.values())}; expired at {len(samples)} samples: {sum(samples)}\n{histogram(a_second)}"
    )

    assert crowd.ends == {"a ticket": USERS}
    assert active == USERS
    assert sum(samples) == 0
    assert {call["errcode"] for call in calls} == {0}
    assert max(gaps(calls, until=ended)) <= LONGEST_CYCLE_S
    assert min(gaps(calls)) >= SHORTEST_CYCLE_S
    assert max(a_second.values()) <= USERS / 2
    assert differences == []


def gaps(calls: list[dict[str, Any]], until: float | None = None) -> list[float]:
    """Seconds between the refreshes of each token, and from the last one to the end where that is given."""
    moments: dict[str, list[float]] = {}
    for call in calls:
        moments.setdefault(call["openid"], []).append(call["at"])
    last = [] if until is None else [until]
    return [
        later - earlier for each in moments.values() for earlier, later in zip(each, [*each[1:], *last], strict=False)
    ]


def histogram(a_second: Counter[int]) -> str:
    """Refreshes in each second, ten to a line."""
    first, last = min(a_second), max(a_second)
    counts = [a_second[second] for second in range(first, last + 1)]
    return "\n".join(" ".join(f"{count:4}" for count in counts[at : at + 20]) for at in range(0, len(counts), 20))
