"""What is written down of one call to WeChat, whether it went well or not."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from wxadmin.models import Class, Outcome, Stage
from wxadmin.services.ledger import Ledger, Subject


@dataclass(frozen=True, slots=True)
class CallFact:
    """One call: its stage, when it ended, how long it took; `code` and what follows where it failed."""

    stage: Stage
    at: datetime
    duration_ms: int
    code: str = ""
    errmsg: str | None = None
    rid: str | None = None
    http_status: int | None = None

    def record(
        self, ledger: Ledger, subject: Subject, *, user_id: int | None = None, outcome: Outcome | None = None
    ) -> None:
        """Adds the call's event to the ledger, and the end that it gave its attempt."""
        write = partial(ledger.record, subject, self.stage, at=self.at, duration_ms=self.duration_ms, user_id=user_id)
        if self.code:
            write(
                Class.FAILURE,
                code=self.code,
                errmsg=self.errmsg,
                rid=self.rid,
                http_status=self.http_status,
                outcome=outcome,
            )
        else:
            write(outcome=outcome)
