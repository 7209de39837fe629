"""The attempts and people that a pasted value names: each looked up by an index, never searched for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, exists, literal, literal_column, or_, select
from sqlalchemy.orm import Session

from wxadmin.models import IS_KNOWN, Account, Attempt, Event, Site, Ticket, User
from wxadmin.queries.attempts import SEARCHED, outcome_shown
from wxadmin.queries.masking import Field, Masks

_MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What may name an attempt; hashes stand for values that are nowhere kept."""

    support_codes: Sequence[str] = ()
    rid: str | None = None
    state_hashes: Sequence[bytes] = ()
    ticket_hashes: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class AttemptHit:
    support_code: str
    started_at: datetime
    outcome: str
    site: str | None


@dataclass(frozen=True, slots=True)
class UserHit:
    id: int
    openid: str
    nickname: str | None
    account: str


def attempts(session: Session, named: Named, *, among: frozenset[int] | None) -> Sequence[AttemptHit]:
    """Newest first. Whoever is confined to some sites finds theirs alone."""
    ids = {attempt_id for query in _ids(named) for attempt_id in session.scalars(query.limit(_MOST)) if attempt_id}
    if not ids:
        return []
    query = (
        select(Attempt, Site.title)
        .outerjoin(Site, Site.id == Attempt.site_id)
        .where(Attempt.id.in_(ids))
        .order_by(Attempt.id.desc())
    )
    if among is not None:
        query = query.where(Attempt.site_id.in_(among))
    return [
        AttemptHit(
            one.support_code,
            one.started_at,
            outcome_shown(one.outcome, is_refused_start=one.is_refused_start),
            title,
        )
        for one, title in session.execute(query)
    ]


def shared(session: Session, *, ref: str | None, ip: str | None) -> tuple[bool, bool]:
    """Whether some of the newest attempts have this number of a site's for their visitor, and this address: those that
    a page of the list looks through."""
    newest = select(Attempt.ref, Attempt.ip).order_by(Attempt.id.desc()).limit(SEARCHED).subquery()
    # As a parameter None equals nothing, where by itself it would ask for those that have none.
    is_ref = exists().where(newest.c.ref == literal(ref, String))
    is_ip = exists().where(newest.c.ip == literal(ip, String))
    met = session.execute(select(is_ref, is_ip)).one()
    return bool(met[0]), bool(met[1])


def _ids(named: Named) -> Iterator[Select[Any]]:
    if named.support_codes:
        yield select(Attempt.id).where(Attempt.support_code.in_(named.support_codes))
    if named.state_hashes:
        yield select(Attempt.id).where(Attempt.state_hash.in_(named.state_hashes))
    if named.ticket_hashes:
        yield select(Ticket.attempt_id).where(Ticket.ticket_hash.in_(named.ticket_hashes))
    if named.rid is not None:
        # SQLite reads a partial index only where the query repeats its condition to the letter.
        yield select(Event.attempt_id).where(Event.rid == named.rid, literal_column("rid IS NOT NULL"))


def people(session: Session, ids: Sequence[str], *, masks: Masks) -> Sequence[UserHit]:
    """The users who have one of these as their openid or unionid, to the letter, as far as whoever asks sees them."""
    if not ids:
        return []
    # With the accounts named, the unique index on account and openid serves.
    by_openid = User.account_id.in_(select(Account.id)) & User.openid.in_(ids)
    query = (
        select(User.id, User.openid, User.nickname, Account.title)
        .join(Account, Account.id == User.account_id)
        .where(or_(by_openid, User.unionid.in_(ids)), IS_KNOWN)
        .order_by(User.id.desc())
        .limit(_MOST)
    )
    return [
        UserHit(
            user_id,
            masks.about(user_id).shown(Field.OPENID, openid) or "",
            masks.about(user_id).shown(Field.NICKNAME, nickname),
            account,
        )
        for user_id, openid, nickname, account in session.execute(query)
    ]
