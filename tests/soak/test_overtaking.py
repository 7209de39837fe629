"""People log in while their tokens are being refreshed, at random moments: the newest token is always stored."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from tests import running
from tests.running import SiteKeys, keys
from tests.soak.crowd import Crowd
from tests.soak.holders import Holders
from tests.soak.scale import scaled, with_a_guard_off
from wxadmin import app
from wxadmin.clock import utcnow
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.refresh import refresh_pass
from wxadmin.models import Token
from wxadmin.services.batch import Batch
from wxadmin.services.refreshed import Refreshed
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

PEOPLE = 20
ROUNDS = scaled(50, least=5)
LATENCY_MS = 30
MOST_ROUNDS = 50
# Both begin within so long, so that logins are stored before, during and after the refresh.
WITHIN_S = 0.2
_apply = Refreshed.apply.__func__  # type: ignore[attr-defined]


@dataclass
class Race:
    """Logins at one process against the passes of another."""

    crowd: Crowd
    gateway: Gateway
    holders: Holders
    simulator: httpx.Client
    renewed: int = 0
    overtaken: int = 0

    async def round(self) -> list[str]:
        """Everybody's token is due, and everybody logs in: whose stored token is not the newest afterwards."""
        due = update(Token).values(next_refresh_at=utcnow() - timedelta(seconds=1))
        await self.gateway.database.write(lambda session: session.execute(due))
        await asyncio.gather(self._refresh(), *(self._log_in(person) for person in range(1, PEOPLE + 1)))
        self.holders.have_logged_in(self.simulator)
        return self.holders.overtaken(keys())

    async def _refresh(self) -> None:
        await asyncio.sleep(random.uniform(0, WITHIN_S))
        report = await refresh_pass(self.gateway)
        self.renewed += report.renewed
        self.overtaken += report.overtaken

    async def _log_in(self, person: int) -> None:
        await asyncio.sleep(random.uniform(0, WITHIN_S))
        await self.crowd.log_in_each([person])


@pytest.fixture
async def race(settings: Settings, site_keys: SiteKeys, simulator: httpx.Client) -> AsyncIterator[Race]:
    assert simulator.post("/settings", json={"latency_ms": LATENCY_MS}).is_success
    holders = Holders(settings.database, keys())
    holders.settle(PEOPLE, due_within=timedelta())
    # The process that serves leaves the refreshing to the other.
    changed = settings.model_copy(update={"refresh_interval": 3_600.0, "wechat_timeout": 5.0, "log_level": "warning"})
    async with running.serving(changed) as address, app.make_front(changed, address) as front:
        yield Race(Crowd(address), front.gateway, holders, simulator)


async def test_the_newest_token_is_always_the_one_stored(race: Race) -> None:
    wrong = [openid for _ in range(ROUNDS) for openid in await race.round()]
    print(
        f"\n{PEOPLE * ROUNDS} logins while tokens were refreshed: {dict(race.crowd.ends)}; {race.renewed} refreshes "
        f"stored, {race.overtaken} overtaken by a login; {len(wrong)} tokens stored that were not the newest"
    )

    assert race.crowd.ends == {"a ticket": PEOPLE * ROUNDS}
    assert race.renewed > 0
    assert race.overtaken > 0
    assert wrong == []


@with_a_guard_off
async def test_without_versions_older_tokens_would_be_stored(race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Refreshed, "apply", classmethod(whatever_came_between))

    wrong: list[str] = []
    rounds = 0
    while not wrong and rounds < MOST_ROUNDS:
        wrong = await race.round()
        rounds += 1
    print(f"\nwithout versions: {len(wrong)} tokens stored that were not the newest, after {rounds} rounds")

    assert wrong


def whatever_came_between(cls: type[Refreshed], batch: Batch, steps: Sequence[Refreshed]) -> list[bool]:
    """Stores each result as if its token were still at the version that was leased."""
    users = [step.token.user_id for step in steps]
    query = select(Token.user_id, Token.version).where(Token.user_id.in_(users))
    versions = {row.user_id: row.version for row in batch.connection.execute(query)}
    tokens = [replace(step.token, version=versions[step.token.user_id]) for step in steps]
    return list(_apply(cls, batch, [replace(step, token=token) for step, token in zip(steps, tokens, strict=True)]))
