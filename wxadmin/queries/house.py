"""What the installation can be asked about itself."""

from datetime import datetime

from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import Session

from wxadmin.models import Attempt, Token, TokenState
from wxadmin.queries.token_states import RESTS


def schema_revision(session: Session) -> str | None:
    """The revision that the database is at."""
    revision: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def gauges(session: Session, *, now: datetime) -> dict[str, tuple[str, float]]:
    """Numbers of the whole installation: name, what it says, value."""
    renewed = and_(Token.state == TokenState.ACTIVE, ~RESTS)
    oldest_due = session.scalar(select(func.min(Token.next_refresh_at)).where(renewed))
    lag = max(0.0, (now - oldest_due).total_seconds()) if oldest_due else 0.0
    waiting = session.scalar(select(func.count()).select_from(Attempt).where(Attempt.outcome.is_(None)))
    return {
        "wxadmin_refresh_lag_seconds": ("Seconds since the longest overdue token was due for its refresh", lag),
        "wxadmin_attempts_waiting": ("Attempts that have neither come back nor been given up", float(waiting or 0)),
    }
