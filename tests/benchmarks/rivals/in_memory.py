"""`wxadmin …` whose journal writes into dictionaries: the same gateway, were storing for nothing."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from itertools import count
from operator import attrgetter
from typing import Any

from sqlalchemy import Engine, select

from wxadmin import app
from wxadmin.__main__ import main
from wxadmin.models import Account
from wxadmin.services import claims, tickets
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.claims import Claim, Claimed, NotClaimed
from wxadmin.services.logins import Login
from wxadmin.services.starts import Start
from wxadmin.services.steps import Step
from wxadmin.services.tickets import Redeem, RedeemedLogin, TicketRefused

_SAID_AT_START = sorted({field.name for field in fields(AttemptSeen)} & {field.name for field in fields(Start)})
_NOT_YET: dict[str, Any] = dict.fromkeys(
    {field.name for field in fields(AttemptSeen)} - {*_SAID_AT_START, "id", "started_at"}
)
_said_at_start = attrgetter(*_SAID_AT_START)


class InMemoryWriter:
    """Stands behind the journal as the real one does. Knows the steps of visitors whose logins succeed, whose results
    are those of the real one; whoever asks for another step is told by a KeyError."""

    def __init__(self, engine: Engine, **_: Any) -> None:
        with engine.connect() as connection:
            self._accounts = dict(connection.execute(select(Account.id, Account.name)).tuples().all())
        self._attempts: dict[bytes, AttemptSeen] = {}
        self._claims: set[tuple[int, bytes | None]] = set()
        self._users: dict[tuple[int, str], int] = {}
        self._tickets: dict[bytes | None, tuple[Login, int]] = {}
        self._ids = count(1)
        self._answers: dict[type, Callable[[Any], Any]] = {
            Start: self._start,
            Claim: self._claim,
            Login: self._log_in,
            Redeem: self._redeem,
        }

    def write(self, steps: Sequence[Step[Any]]) -> list[Any]:
        return [self._answers[type(step)](step) for step in steps]

    def _start(self, step: Start) -> None:
        said = dict(zip(_SAID_AT_START, _said_at_start(step), strict=True))
        if step.state_hash is not None:
            self._attempts[step.state_hash] = AttemptSeen(id=step.attempt_id, started_at=step.at, **said, **_NOT_YET)

    def _claim(self, step: Claim) -> Claimed | NotClaimed:
        attempt = self._attempts.get(step.state_hash)
        if attempt is None:
            return NotClaimed(claims.STATE_UNKNOWN)
        if step.cookie_hash != attempt.cookie_hash:
            return NotClaimed(claims.OTHER_BROWSER, attempt)
        claim = attempt.account_id, step.code_hash
        if claim in self._claims:
            return NotClaimed(claims.STATE_USED, attempt)
        self._claims.add(claim)
        return Claimed(attempt)

    def _log_in(self, step: Login) -> int:
        user_id = self._users.setdefault((step.attempt.account_id, step.openid), next(self._ids))
        self._tickets[step.ticket_hash] = step, user_id
        return user_id

    def _redeem(self, step: Redeem) -> RedeemedLogin | TicketRefused:
        if step.ticket_hash not in self._tickets:
            return TicketRefused(tickets.UNKNOWN)
        login, _ = self._tickets.pop(step.ticket_hash)
        return RedeemedLogin(
            attempt_id=login.attempt.id,
            openid=login.openid,
            unionid=login.unionid,
            scope=",".join(login.tokens.scope),
            nickname=login.profile.nickname if login.profile else None,
            headimgurl=login.profile.headimgurl if login.profile else None,
            nonce=login.attempt.nonce,
            ref=step.ref or login.attempt.ref,
            browser_bound=login.browser_bound,
            authenticated_at=login.at,
            account=self._accounts[login.attempt.account_id],
        )


if __name__ == "__main__":
    app.Writer = InMemoryWriter  # type: ignore[assignment,attr-defined]
    main()
