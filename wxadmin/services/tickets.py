"""Login tickets: issued with the login, redeemed once, by the site that they are for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Self

from sqlalchemy import and_, select

from wxadmin.clock import milliseconds_between
from wxadmin.database.sets import SetInsert, SetUpdate
from wxadmin.models import IS_KNOWN, Account, Attempt, Class, Stage, Ticket, User
from wxadmin.services.batch import Batch
from wxadmin.services.ledger import Subject

LIFETIME = timedelta(minutes=5)
REPEAT_WITHIN = timedelta(seconds=60)

UNKNOWN = "gw_ticket_unknown"
EXPIRED = "gw_ticket_expired"
SPENT = "gw_ticket_spent"
OTHER_SITE = "gw_ticket_other_site"
SITE_KEY = "gw_site_key"


class IssuedTicket(NamedTuple):
    """For the visitor to bring to the site."""

    ticket_hash: bytes
    attempt_id: int
    site_id: int
    user_id: int
    browser_bound: bool


def issue(batch: Batch, tickets: Iterable[IssuedTicket]) -> None:
    """Stores the tickets, valid from the batch's time on."""
    when = {"issued_at": batch.now, "expires_at": batch.now + LIFETIME}
    _ISSUED.execute(batch.connection, [ticket._asdict() | when for ticket in tickets])


_ISSUED = SetInsert(
    Ticket, ["ticket_hash", "attempt_id", "site_id", "user_id", "browser_bound", "issued_at", "expires_at"]
)


@dataclass(frozen=True, slots=True)
class RedeemedLogin:
    """Who logged in, as the site's server is told."""

    attempt_id: int
    openid: str
    unionid: str | None
    scope: str
    nickname: str | None
    headimgurl: str | None
    nonce: str | None
    ref: str | None
    browser_bound: bool
    authenticated_at: datetime
    account: str


@dataclass(frozen=True, slots=True)
class TicketRefused:
    reason: str


@dataclass(frozen=True, slots=True)
class Redeem:
    """A site's server asks who logged in."""

    refusable: ClassVar[bool] = True

    ticket_hash: bytes
    site_id: int
    at: datetime
    # Of the Idempotency-Key: a server that lost the answer may ask again with the same one.
    idempotency_hash: bytes | None
    # The site's own number for the person, where it tells it only now.
    ref: str | None = None

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[RedeemedLogin | TicketRefused]:
        found = _find(batch, steps, lock=True)
        results: list[RedeemedLogin | TicketRefused] = []
        spent: dict[bytes, Redeem] = {}
        for step in steps:
            row = found.get(step.ticket_hash)
            reason = _reason_against(row, step, spent.get(step.ticket_hash))
            if row is not None:
                _record(batch, row, step.at, reason)
            if row is None or reason is not None:
                results.append(TicketRefused(reason or UNKNOWN))
                continue
            # A repeat gets the first one's answer, whatever it says itself.
            first = spent.setdefault(step.ticket_hash, step) if row.redeemed_at is None else None
            results.append(_login(row, first.ref if first else None))
        _store(batch, found, spent)
        return results


@dataclass(frozen=True, slots=True)
class KeyRefused:
    """Somebody asked for a ticket with a key of no site. Where there is such a ticket, its attempt's events say so."""

    refusable: ClassVar[bool] = True

    ticket_hash: bytes
    at: datetime

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self]) -> list[None]:
        found = _find(batch, steps, lock=False)
        for step in steps:
            if row := found.get(step.ticket_hash):
                _record(batch, row, step.at, SITE_KEY)
        return [None] * len(steps)


def _find(batch: Batch, steps: Sequence[Redeem | KeyRefused], *, lock: bool) -> dict[bytes, Any]:
    """The tickets with all that an answer needs; locked until the batch commits where they may be spent."""
    query = (
        select(
            *(Ticket.ticket_hash, Ticket.site_id, Ticket.expires_at, Ticket.redeemed_at, Ticket.idempotency_hash),
            *(Ticket.attempt_id, Ticket.user_id, Ticket.browser_bound, Ticket.issued_at),
            *(Attempt.account_id, Attempt.scope, Attempt.scope_granted, Attempt.browser_family),
            *(Attempt.nonce, Attempt.ref, Attempt.ended_at),
            *(User.openid, User.unionid, User.nickname, User.headimgurl, Account.name.label("account")),
        )
        .join(Attempt, Attempt.id == Ticket.attempt_id)
        # Nobody is told who a tombstone was, or its alias: a ticket that was issued meanwhile is none.
        .join(User, and_(User.id == Ticket.user_id, IS_KNOWN))
        .join(Account, Account.id == Attempt.account_id)
        .where(Ticket.ticket_hash.in_(sorted({step.ticket_hash for step in steps})))
        .order_by(Ticket.ticket_hash)
    )
    rows = batch.connection.execute(query.with_for_update(of=Ticket) if lock else query)
    return {row.ticket_hash: row for row in rows}


def _reason_against(row: Any, step: Redeem, in_batch: Redeem | None) -> str | None:
    if row is None:
        return UNKNOWN
    if row.site_id != step.site_id:
        return OTHER_SITE
    if row.redeemed_at is not None or in_batch is not None:
        redeemed_at = in_batch.at if in_batch else row.redeemed_at
        earlier_key = in_batch.idempotency_hash if in_batch else row.idempotency_hash
        is_repeat = step.idempotency_hash is not None and step.idempotency_hash == earlier_key
        return None if is_repeat and step.at - redeemed_at <= REPEAT_WITHIN else SPENT
    return EXPIRED if step.at > row.expires_at else None


def _login(row: Any, ref: str | None) -> RedeemedLogin:
    granted = (row.scope_granted or row.scope).split(",")
    # A silent login tells the site who it is and no more, whatever profile is known from earlier ones.
    with_profile = "snsapi_userinfo" in granted
    return RedeemedLogin(
        attempt_id=row.attempt_id,
        openid=row.openid,
        unionid=row.unionid,
        scope=",".join(granted),
        nickname=row.nickname if with_profile else None,
        headimgurl=row.headimgurl if with_profile else None,
        nonce=row.nonce,
        ref=ref or row.ref,
        browser_bound=row.browser_bound,
        authenticated_at=row.ended_at,
        account=row.account,
    )


def _record(batch: Batch, row: Any, at: datetime, reason: str | None) -> None:
    subject = Subject(row.account_id, row.site_id, row.attempt_id, row.scope, row.browser_family)
    batch.ledger.record(
        subject,
        Stage.REDEEM,
        Class.OK if reason is None else Class.BLOCKED,
        at=at,
        code=reason or "",
        duration_ms=milliseconds_between(row.issued_at, at),
        user_id=row.user_id,
    )


def _store(batch: Batch, found: dict[bytes, Any], spent: dict[bytes, Redeem]) -> None:
    rows = [
        {"ticket_hash": key, "redeemed_at": step.at, "idempotency_hash": step.idempotency_hash}
        for key, step in sorted(spent.items())
    ]
    _SPENT.execute(batch.connection, rows)
    attempts = [
        {"id": found[key].attempt_id, "redeemed_at": step.at, "ref": step.ref or found[key].ref}
        for key, step in spent.items()
    ]
    _ATTEMPTS.execute(batch.connection, sorted(attempts, key=lambda row: row["id"]))
    refs = {found[key].user_id: step.ref for key, step in spent.items() if step.ref}
    _REFS.execute(batch.connection, [{"id": user_id, "last_ref": ref} for user_id, ref in sorted(refs.items())])
    for user_id in refs:
        batch.user_changed(user_id)


_SPENT = SetUpdate(Ticket, ["redeemed_at", "idempotency_hash"], key=["ticket_hash"])
_ATTEMPTS = SetUpdate(Attempt, ["redeemed_at", "ref"], key=["id"])
_REFS = SetUpdate(User, ["last_ref"], key=["id"])
