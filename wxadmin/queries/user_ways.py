"""By which sites and channels users came, and when: a filter that looks up one user at a time, by its key.

Offered a join, PostgreSQL would rather read the whole table, however few users are looked at.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from wxadmin.database.csv_cells import constant
from wxadmin.models import Attempt, Outcome, Site, User, UserChannel


def came_through(
    site: str | None, channel: str | None, *, since: datetime | None, until: datetime | None
) -> ColumnElement[bool]:
    """Whether the user logged in through the site and channel, from `since` to before `until`."""
    came = select(UserChannel.user_id).where(UserChannel.user_id == User.id, _within(since, until))
    if site:
        came = came.where(UserChannel.site_id == select(Site.id).where(Site.name == site).scalar_subquery())
    if channel:
        came = came.where(UserChannel.channel == channel)
    return came.correlate(User).limit(1).scalar_subquery().is_not(None)


def _within(since: datetime | None, until: datetime | None) -> ColumnElement[bool]:
    """The first and the last login of a way are known for ever; one between them, as long as its attempt is kept."""
    is_not_over = UserChannel.last_at >= since if since else true()
    has_begun = UserChannel.first_at < until if until else true()
    if not since or not until:
        return and_(is_not_over, has_begun)
    is_known = or_(UserChannel.first_at >= since, UserChannel.last_at < until)
    return and_(is_not_over, has_begun, or_(is_known, and_(UserChannel.logins > 2, _attempted(since, until))))


def _attempted(since: datetime, until: datetime) -> ColumnElement[bool]:
    attempted = select(Attempt.id).where(
        Attempt.user_id == UserChannel.user_id,
        # Reckoned with, it offers no index: SQLite would read all attempts of the site for each user.
        Attempt.site_id + 0 == UserChannel.site_id,
        func.coalesce(Attempt.channel, constant("")) == UserChannel.channel,
        Attempt.outcome == Outcome.SUCCEEDED,
        Attempt.ended_at >= since,
        Attempt.ended_at < until,
    )
    return attempted.correlate(UserChannel).limit(1).scalar_subquery().is_not(None)
