"""Logins a second in the store: three steps each, written one login at a time and 32 as a set."""

import asyncio
import time
from datetime import timedelta

from tests.benchmarks.report import Report
from tests.benchmarks.stores import databases, furnished_store
from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.database import Database
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
SECONDS = 6.0


class LoginStatements:
    """One visitor after the other: what the journal is asked to write for each, WeChat left out."""

    def __init__(self, journal: Journal, ids: Ids, account_id: int, site_id: int) -> None:
        self._journal = journal
        self._ids = ids
        self._account_id = account_id
        self._site_id = site_id

    async def login(self) -> None:
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


async def logins_per_second(statements: LoginStatements, at_once: int) -> float:
    done = 0
    began = time.perf_counter()

    async def visitors() -> None:
        nonlocal done
        while time.perf_counter() - began < SECONDS:
            await statements.login()
            done += 1

    await asyncio.gather(*(visitors() for _ in range(at_once)))
    return done / (time.perf_counter() - began)


def run(report: Report) -> None:
    for name, url in databases(report, "journal"):
        with furnished_store(url) as store:
            one = asyncio.run(_measured(store.database, store.node, store.account_id, store.site_id, 1))
            many = asyncio.run(_measured(store.database, store.node, store.account_id, store.site_id, AT_ONCE))
        report.compare(f"journal, {name}: logins/s, {AT_ONCE} at once, as a set", many, "one login at a time", one)


async def _measured(database: Database, node: int, account_id: int, site_id: int, at_once: int) -> float:
    ids = Ids(node)
    journal = Journal(Writer(database.writer, ids=ids, node=node), database.journal_thread)
    statements = LoginStatements(journal, ids, account_id, site_id)
    return await logins_per_second(statements, at_once)
