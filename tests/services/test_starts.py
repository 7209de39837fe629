"""The start of an attempt, and starts that are refused."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests import steps
from tests.factories import SiteFactory
from tests.services.conftest import Apply, counts_of, events_of, told
from wxadmin.models import Attempt, FailureHour


def test_a_start_is_kept_as_a_waiting_attempt(session: Session, apply: Apply) -> None:
    step = steps.start(SiteFactory(), scope="snsapi_userinfo", lang="en", ref="table-7")

    apply(step)

    attempt = session.get_one(Attempt, step.attempt_id)
    stored = {name: getattr(attempt, name) for name in step.row() if name not in {"id", "started_at"}}
    assert stored == {name: value for name, value in step.row().items() if name in stored}
    assert (attempt.started_at, attempt.outcome, attempt.ended_at) == (step.at, None, None)
    assert told(session, step.attempt_id) == [("start", "ok", "", None)]
    assert counts_of(session, attempt) == {"started": 1}


def test_a_refused_start_is_a_failed_attempt_that_stands_apart_from_the_rate(session: Session, apply: Apply) -> None:
    nowhere = {"state_hash": None, "cookie_hash": None}
    step = steps.start(SiteFactory(), refused="gw_return_url_refused", **nowhere)

    apply(step)

    attempt = session.get_one(Attempt, step.attempt_id)
    assert (attempt.outcome, attempt.ended_by, attempt.ended_at) == ("failed", "gw_return_url_refused", step.at)
    assert told(session, step.attempt_id) == [("start", "refused", "gw_return_url_refused", "failed")]
    assert counts_of(session, attempt) == {"refused": 1}


def test_refused_starts_may_lack_account_site_and_address(session: Session, apply: Apply) -> None:
    unknown = dict.fromkeys(["account_id", "site_id", "return_url", "state_hash", "cookie_hash", "channel", "ip"])
    refused = [steps.start(SiteFactory(), refused="gw_account_off", **unknown) for _ in range(2)]

    apply(*refused)

    [hour] = session.scalars(select(FailureHour).where(FailureHour.code == "gw_account_off"))
    assert (hour.account_id, hour.site_id, hour.events) == (0, 0, 2)
    assert all(events_of(session, step.attempt_id)[0].site_id is None for step in refused)


def test_two_starts_with_one_support_code_are_not_stored(session: Session, apply: Apply) -> None:
    site = SiteFactory()

    with pytest.raises(IntegrityError):
        apply(steps.start(site, support_code="K7M2Q9XD"), steps.start(site, support_code="K7M2Q9XD"))
