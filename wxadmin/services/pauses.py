"""Staff pause an account's refreshing, and have it go on."""

from sqlalchemy.orm import Session

from wxadmin.database.clocks import shared_now
from wxadmin.models import Hold
from wxadmin.services import account_refreshes, accounts, audit


def pause(session: Session, name: str, *, actor: str) -> None:
    """Has no token of the account refreshed until somebody resumes it. Raises NoSuchAccount."""
    standing = account_refreshes.locked(session, accounts.find(session, name).id)
    if standing.hold != Hold.STAFF:
        account_refreshes.hold(standing, Hold.STAFF, actor=actor, at=shared_now(session))
        audit.record(session, actor, "refresh_paused", name)


def resume(session: Session, name: str, *, actor: str) -> None:
    """Has the account's tokens refreshed again, whatever it was that held them. Raises NoSuchAccount."""
    standing = account_refreshes.locked(session, accounts.find(session, name).id)
    if standing.hold is not None:
        audit.record(session, actor, "refresh_resumed", name)
        account_refreshes.release(standing)
