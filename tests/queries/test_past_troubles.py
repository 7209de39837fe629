"""A trouble is over when its code stays away and people log in again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.factories import FailureHourFactory, LoginHourFactory
from wxadmin.clock import hour_of, utcnow
from wxadmin.queries.hours import Part
from wxadmin.queries.past_troubles import is_over

NOW = utcnow()
THIS_HOUR = hour_of(NOW)
HOUR = timedelta(hours=1)
MET = NOW - timedelta(days=5)
HERE: dict[str, Any] = {"account_id": 7, "site_id": 71}


@pytest.mark.parametrize("part", [Part(site_ids=frozenset({71})), Part(account_id=7)], ids=["site", "account"])
def test_what_stayed_away_while_people_logged_in_is_over(session: Session, part: Part) -> None:
    FailureHourFactory(hour=hour_of(MET), code="40125", **HERE)
    LoginHourFactory(hour=THIS_HOUR - HOUR, succeeded=3, **HERE)
    session.flush()

    assert is_over(session, "40125", part, since=MET, now=NOW)


@pytest.mark.parametrize("ago", [timedelta(), HOUR], ids=["this hour", "the hour before"])
def test_what_still_comes_is_not_over(session: Session, ago: timedelta) -> None:
    FailureHourFactory(hour=THIS_HOUR - ago, code="40125", **HERE)
    LoginHourFactory(hour=THIS_HOUR, succeeded=3, **HERE)
    session.flush()

    assert not is_over(session, "40125", Part(account_id=7), since=MET, now=NOW)


def test_silence_is_no_sign_that_it_is_over(session: Session) -> None:
    FailureHourFactory(hour=hour_of(MET), code="40125", **HERE)
    LoginHourFactory(hour=hour_of(MET) - HOUR, succeeded=3, **HERE)
    LoginHourFactory(hour=THIS_HOUR - HOUR, started=9, failed=9, **HERE)
    LoginHourFactory(hour=THIS_HOUR - HOUR, succeeded=9, account_id=8, site_id=81)
    session.flush()

    assert not is_over(session, "40125", Part(account_id=7), since=MET, now=NOW)


def test_the_same_code_of_another_account_does_not_count(session: Session) -> None:
    FailureHourFactory(hour=THIS_HOUR, code="40125", account_id=8, site_id=81)
    FailureHourFactory(hour=THIS_HOUR, code="40029", **HERE)
    LoginHourFactory(hour=THIS_HOUR, succeeded=3, **HERE)
    session.flush()

    assert is_over(session, "40125", Part(account_id=7), since=MET, now=NOW)


def test_what_was_met_just_now_is_not_over(session: Session) -> None:
    LoginHourFactory(hour=THIS_HOUR, succeeded=3, **HERE)
    session.flush()

    assert not is_over(session, "40125", Part(account_id=7), since=NOW, now=NOW)
