"""Somebody of the staff asks for one user's token; written down before WeChat is asked, whatever it answers."""

from datetime import timedelta

from sqlalchemy.orm import Session

from wxadmin.services import audit, leases
from wxadmin.services.leases import Lease, NoLease


def lease(session: Session, user_id: int, *, node: int, lasting: timedelta, actor: str) -> Lease | NoLease:
    """Leases the token for a refresh that was asked for."""
    taken = leases.lease_one(session, user_id, node=node, lease=lasting)
    if isinstance(taken, Lease):
        audit.record(session, actor, "token_refreshed", str(user_id))
    return taken


def note_check(session: Session, user_id: int, *, actor: str) -> None:
    """Somebody has WeChat asked whether the token is good."""
    audit.record(session, actor, "token_checked", str(user_id))
