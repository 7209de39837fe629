"""A code that a page got by itself: an attempt that begins where others return, with no state and no cookie to prove
whose browser it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Self

from wxadmin.database.sets import SetInsert
from wxadmin.models import Attempt, Class, Outcome, Stage
from wxadmin.services import claims
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.batch import Batch
from wxadmin.services.claims import Claimant

SPENT = "40163"


@dataclass(frozen=True, slots=True)
class PageCode:
    """A page of a site brought a code. Returns the attempt where the code is its to exchange; None where it was brought
    before, which ends this attempt as a duplicate."""

    refusable: ClassVar[bool] = True

    attempt_id: int
    support_code: str
    at: datetime
    account_id: int
    site_id: int
    scope: str
    lang: str | None
    browser_family: str
    wechat_version: str | None
    ip: str | None
    code_hash: bytes
    lease: timedelta

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[AttemptSeen | None]:
        won = claims.take(batch, [step.claimant for step in steps])
        _ATTEMPTS.execute(batch.connection, [step.row(is_first=step.attempt_id in won) for step in steps])
        return [step.recorded(batch, is_first=step.attempt_id in won) for step in steps]

    @property
    def claimant(self) -> Claimant:
        # An attempt brings one code only, so that its own id tells its claim from others.
        return Claimant(self.account_id, self.code_hash, self.attempt_id, self.attempt_id, self.at, self.lease)

    def row(self, *, is_first: bool) -> dict[str, object]:
        return {
            "id": self.attempt_id,
            "support_code": self.support_code,
            "account_id": self.account_id,
            "site_id": self.site_id,
            "scope": self.scope,
            "lang": self.lang,
            "code_hash": self.code_hash,
            "browser_family": self.browser_family,
            "wechat_version": self.wechat_version,
            "ip": self.ip,
            "started_at": self.at,
            "returned_at": self.at,
            "ended_at": None if is_first else self.at,
            "outcome": None if is_first else Outcome.DUPLICATE.value,
            "ended_by": None if is_first else SPENT,
        }

    def recorded(self, batch: Batch, *, is_first: bool) -> AttemptSeen | None:
        attempt = self._seen()
        batch.ledger.record(attempt.subject, Stage.START, at=self.at)
        if is_first:
            batch.ledger.record(attempt.subject, Stage.RETURN, at=self.at, duration_ms=0)
            return attempt
        duplicate = Outcome.DUPLICATE
        batch.ledger.record(attempt.subject, Stage.RETURN, Class.HARMLESS, at=self.at, code=SPENT, outcome=duplicate)
        return None

    def _seen(self) -> AttemptSeen:
        return AttemptSeen(
            id=self.attempt_id,
            support_code=self.support_code,
            account_id=self.account_id,
            site_id=self.site_id,
            scope=self.scope,
            lang=self.lang,
            state_hash=b"",
            cookie_hash=b"",
            code_hash=self.code_hash,
            return_url="",
            nonce=None,
            channel=None,
            ref=None,
            browser_family=self.browser_family,
            started_at=self.at,
            returned_at=self.at,
            ended_at=None,
            outcome=None,
            ended_by=None,
            user_id=None,
        )


_ATTEMPTS = SetInsert(
    Attempt,
    [
        *("id", "support_code", "account_id", "site_id", "scope", "lang", "code_hash"),
        *("browser_family", "wechat_version", "ip", "started_at", "returned_at", "ended_at", "outcome", "ended_by"),
    ],
)
