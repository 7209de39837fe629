"""The start of an attempt: recorded before the visitor is sent to WeChat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from wxadmin.database.sets import SetInsert
from wxadmin.models import Attempt, Class, Outcome, Stage
from wxadmin.services.batch import Batch
from wxadmin.services.ledger import Subject


@dataclass(frozen=True, slots=True)
class Start:
    """A visitor came to /auth. `refused` is the reason where no login can come of it; it then has no state."""

    refusable: ClassVar[bool] = True

    attempt_id: int
    support_code: str
    at: datetime
    account_id: int | None
    site_id: int | None
    scope: str
    lang: str | None
    return_url: str | None
    nonce: str | None
    channel: str | None
    ref: str | None
    browser_family: str
    wechat_version: str | None
    ip: str | None
    state_hash: bytes | None = None
    cookie_hash: bytes | None = None
    refused: str | None = None

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[None]:
        _ATTEMPTS.execute(batch.connection, [step.row() for step in steps])
        for step in steps:
            subject = Subject(step.account_id, step.site_id, step.attempt_id, step.scope, step.browser_family)
            if step.refused is None:
                batch.ledger.record(subject, Stage.START, at=step.at)
            else:
                batch.ledger.record(
                    subject, Stage.START, Class.REFUSED, at=step.at, code=step.refused, outcome=Outcome.FAILED
                )
        return [None] * len(steps)

    def row(self) -> dict[str, object]:
        return {
            "id": self.attempt_id,
            "support_code": self.support_code,
            "account_id": self.account_id,
            "site_id": self.site_id,
            "scope": self.scope,
            "lang": self.lang,
            "state_hash": self.state_hash,
            "cookie_hash": self.cookie_hash,
            "return_url": self.return_url,
            "nonce": self.nonce,
            "channel": self.channel,
            "ref": self.ref,
            "browser_family": self.browser_family,
            "wechat_version": self.wechat_version,
            "ip": self.ip,
            "started_at": self.at,
            "ended_at": self.at if self.refused else None,
            "outcome": Outcome.FAILED.value if self.refused else None,
            "ended_by": self.refused,
        }


_ATTEMPTS = SetInsert(
    Attempt,
    [
        *("id", "support_code", "account_id", "site_id", "scope", "lang", "state_hash", "cookie_hash"),
        *("return_url", "nonce", "channel", "ref", "browser_family", "wechat_version", "ip"),
        *("started_at", "ended_at", "outcome", "ended_by"),
    ],
)
