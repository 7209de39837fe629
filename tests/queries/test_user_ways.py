"""Who came through a site or channel within some days: told by the first and last login, and by attempts between."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.crowd import NOON, ZONE
from tests.factories import AttemptFactory, SiteFactory, UserChannelFactory, UserFactory
from wxadmin.models import Site, User
from wxadmin.queries import users
from wxadmin.queries.masking import CLEAR
from wxadmin.queries.user_filters import UserFilters

# Noon of the tenth in Shanghai, which the filter asks for.
TENTH = NOON - timedelta(days=10)


def found(session: Session, **filters: str) -> list[int]:
    asked = UserFilters.read({"came_from": "2026-11-10", "came_to": "2026-11-10", **filters})
    return [row.id for row in users.page(session, asked, ZONE, masks=CLEAR).rows]


def came(site: Site, first: int, last: int, *, logins: int = 3, channel: str = "poster") -> User:
    """A user who came on days so far from the tenth, first and last."""
    user: User = UserFactory(site=site)
    moments = {"first_at": TENTH + timedelta(days=first), "last_at": TENTH + timedelta(days=last)}
    UserChannelFactory(user=user, channel=channel, logins=logins, **moments)
    return user


def attempted(user: User, site: Site, channel: str | None = "poster", *, succeeded: bool = True) -> None:
    """A login of that noon."""
    outcome = "succeeded" if succeeded else "failed"
    AttemptFactory(site=site, user_id=user.id, channel=channel, outcome=outcome, ended_at=TENTH)


@pytest.mark.parametrize(
    ("first", "last", "is_found"),
    [(0, 0, True), (0, 5, True), (-5, 0, True), (-5, -1, False), (1, 5, False), (-5, 5, False)],
)
def test_the_first_and_the_last_login_of_a_way_are_known(
    session: Session, first: int, last: int, is_found: bool
) -> None:
    user = came(SiteFactory(), first, last)

    assert found(session) == ([user.id] if is_found else [])


def test_a_login_between_is_known_by_its_attempt(session: Session) -> None:
    site = SiteFactory(name="shop")
    regular, without = came(site, -5, 5), came(site, -5, 5, channel="")
    attempted(regular, site)
    attempted(without, site, None)

    assert set(found(session)) == {regular.id, without.id}
    assert found(session, channel="poster") == [regular.id]


def test_attempts_of_other_ways_other_ends_and_other_days_do_not_count(session: Session) -> None:
    site = SiteFactory()
    user = came(site, -5, 5)
    attempted(user, site, "menu")
    attempted(user, SiteFactory())
    attempted(user, site, succeeded=False)
    AttemptFactory(
        site=site, user_id=user.id, channel="poster", outcome="succeeded", ended_at=TENTH + timedelta(days=1)
    )

    assert found(session) == []


def test_days_are_of_the_way_that_is_asked_for(session: Session) -> None:
    site = SiteFactory(name="shop")
    user = came(site, 0, 0)
    UserChannelFactory(user=user, channel="menu", first_at=NOON, last_at=NOON)

    assert found(session, site="shop", channel="poster") == [user.id]
    assert found(session, channel="menu") == []
