"""Logins a second in the store: three steps each, written one login at a time and 32 as a set."""

import asyncio
import time
from datetime import timedelta
from typing import Any

from tests.benchmarks.report import Report
from tests.benchmarks.stores import Store, databases, furnished_store
from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.ids import Ids
from wxadmin.journal import Journal
from wxadmin.journal.writer import Writer
from wxadmin.models import Stage
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services.claims import Claim, Claimed
from wxadmin.services.facts import CallFact
from wxadmin.services.logins import Login
from wxadmin.services.starts import Start
from wxadmin.services.tokens import SealedTokens

AT_ONCE = 32
STEPS = 3
SECONDS = 5.0


class Visitors:
    """What the journal is asked to write for each visitor in turn, WeChat left out."""

    def __init__(self, store: Store) -> None:
        self._ids = Ids(store.node)
        self._account_id = store.account_id
        self._site_id = store.site_id
        self._writer = Writer(store.database.writer, ids=self._ids, node=store.node)
        self._journal = Journal(self._writer, store.database.journal_thread)

    def log_in(self, at_once: int) -> float:
        """So many logins as three sets, one for each step, straight into the store. Returns the seconds they took."""
        secrets = [(random_text(32), random_text(32), random_text(32)) for _ in range(at_once)]
        _, starting = self._written([self._start(state, cookie) for state, cookie, _ in secrets])
        claimed, claiming = self._written([self._claim(*of_one) for of_one in secrets])
        results, storing = self._written([self._login(claim) for claim in claimed])
        assert all(isinstance(user_id, int) for user_id in results), results[0]
        return starting + claiming + storing

    def _written(self, steps: list[Any]) -> tuple[list[Any], float]:
        began = time.perf_counter()
        results = self._writer.write(steps)
        return results, time.perf_counter() - began

    async def log_in_through_the_queue(self) -> None:
        """One login, its steps written with those of whoever else is there."""
        state, cookie, code = random_text(32), random_text(32), random_text(32)
        await self._journal.write(self._start(state, cookie))
        claimed = await self._journal.write(self._claim(state, cookie, code))
        assert isinstance(claimed, Claimed)
        await self._journal.write(self._login(claimed))

    def _start(self, state: str, cookie: str) -> Start:
        return Start(
            attempt_id=self._ids.draw(),
            support_code=support_codes.make(),
            at=utcnow(),
            account_id=self._account_id,
            site_id=self._site_id,
            scope="snsapi_userinfo",
            lang="zh_CN",
            return_url="https://shop.example.com/back?spring=1",
            nonce=random_text(24),
            channel="spring",
            ref=None,
            browser_family="wechat-ios",
            wechat_version="8.0.49",
            ip="203.0.113.7",
            state_hash=sha256(state),
            cookie_hash=sha256(cookie),
        )

    def _claim(self, state: str, cookie: str, code: str) -> Claim:
        return Claim(
            claim_id=self._ids.draw(),
            at=utcnow(),
            state_hash=sha256(state),
            cookie_hash=sha256(cookie),
            code_hash=sha256(code),
            lease=timedelta(seconds=25),
        )

    def _login(self, claimed: Claimed) -> Login:
        now = utcnow()
        sealed = b"\0" * 182
        return Login(
            attempt=claimed.attempt,
            at=now,
            returned_at=now,
            openid=f"o{random_text(27)}",
            unionid=None,
            profile=None,
            tokens=SealedTokens(
                sealed, sealed, ("snsapi_userinfo",), now + timedelta(hours=2), now + timedelta(hours=1)
            ),
            ticket_hash=sha256(random_text(32)),
            calls=(CallFact(Stage.EXCHANGE, now, 40), CallFact(Stage.USERINFO, now, 40)),
        )


def run(report: Report) -> None:
    for name, url in databases(report, "journal"):
        with furnished_store(url) as store:
            visitors = Visitors(store)
            single = _straight(visitors, 1)
            as_sets = _straight(visitors, AT_ONCE)
            queued = asyncio.run(_queued(visitors))
        report.compare(
            f"journal, {name}: login steps/s in the store, {AT_ONCE} logins as a set, three steps each",
            as_sets * STEPS,
            "one login at a time",
            single * STEPS,
        )
        report.compare(
            f"journal, {name}: logins/s through the queue, {AT_ONCE} at once",
            queued,
            "straight into the store",
            as_sets,
        )


def _straight(visitors: Visitors, at_once: int) -> float:
    """Logins a second of the store's own time."""
    done, in_store = 0, 0.0
    while in_store < SECONDS:
        in_store += visitors.log_in(at_once)
        done += at_once
    return done / in_store


async def _queued(visitors: Visitors) -> float:
    """Logins a second."""
    done = 0
    began = time.perf_counter()

    async def visit() -> None:
        nonlocal done
        while time.perf_counter() - began < SECONDS:
            await visitors.log_in_through_the_queue()
            done += 1

    await asyncio.gather(*(visit() for _ in range(AT_ONCE)))
    return done / (time.perf_counter() - began)
