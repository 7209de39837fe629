"""Each model has a factory, and what it makes can be stored, twice, in every state."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from wxadmin.models import Attempt, Base, Outcome, Token

STATES = ["waiting", "returned", "succeeded", "failed", "denied", "snapshot", "abandoned", "refused"]


def test_every_table_has_a_factory() -> None:
    tables = set(Base.metadata.tables)

    made = {factory._meta.model.__tablename__ for factory in factories.EVERY_FACTORY}

    assert made == tables


@pytest.mark.parametrize("factory", factories.EVERY_FACTORY, ids=lambda factory: factory.__name__)
def test_two_rows_of_one_factory_can_be_stored(session: Session, factory: type[factories._Factory]) -> None:
    first, second = factory(), factory()

    session.expire_all()

    assert {first, second} <= set(session.scalars(select(factory._meta.model)))


@pytest.mark.parametrize("state", STATES)
def test_an_attempt_can_be_stored_in_every_state(session: Session, state: str) -> None:
    attempt = factories.AttemptFactory(**{state: True})

    session.refresh(attempt)

    assert (attempt.outcome is None) == (state in {"waiting", "returned"})
    assert (attempt.user_id is not None) == (attempt.outcome == Outcome.SUCCEEDED)
    assert (attempt.ended_at is not None) == (attempt.outcome is not None)


@pytest.mark.parametrize("state", ["due", "leased", "needs_consent"])
def test_a_token_can_be_stored_in_every_state(session: Session, state: str) -> None:
    token = factories.TokenFactory(**{state: True})

    session.refresh(token)

    assert isinstance(token, Token)


def test_parts_of_one_attempt_belong_to_one_site(session: Session) -> None:
    site = factories.SiteFactory()

    attempt: Attempt = factories.AttemptFactory(site=site, succeeded=True)
    user = session.get_one(factories.models.User, attempt.user_id)

    assert (attempt.site_id, attempt.account_id) == (site.id, site.account_id)
    assert (user.last_site_id, user.account_id) == (site.id, site.account_id)
