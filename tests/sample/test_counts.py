"""The counts by hour of a sample equal its events, by SQL that is not ours."""

import pytest

from tests.sample.trial import Trial, filled

_PLACE = "coalesce(account_id, 0) AS account_id, coalesce(site_id, 0) AS site_id, scope"
_BOUNDS = (25, 50, 100, 200, 400, 800, 1600, 3200, 6400)
_IS_ADMITTED = "event_class <> 'refused'"


def _hour(trial: Trial) -> str:
    return "substr(at, 1, 13) || ':00:00.000000'" if trial.is_sqlite else "date_trunc('hour', at)"


def _times(condition: str) -> str:
    return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"


def _login_hours(trial: Trial) -> str:
    outcomes = ("succeeded", "failed", "denied", "snapshot", "abandoned", "duplicate")
    counts = {
        "started": _times(f"stage = 'start' AND {_IS_ADMITTED}"),
        "refused": _times("event_class = 'refused'"),
        **{outcome: _times(f"outcome = '{outcome}' AND {_IS_ADMITTED}") for outcome in outcomes},
        "recovered": _times("recovered"),
        "new_users": _times("new_user"),
        "people": _times("first_of_day"),
    }
    columns = ", ".join(f"{count} AS {name}" for name, count in counts.items())
    names = ("started", "refused", "succeeded", "failed", "recovered", "denied", "snapshot", "abandoned", "duplicate")
    wanted = ", ".join([*names, "new_users", "people"])
    counted = f"SELECT {_hour(trial)} AS hour, {_PLACE}, {columns} FROM event GROUP BY 1, 2, 3, 4"
    return (
        f"SELECT hour, account_id, site_id, scope, {wanted} FROM ({counted}) AS counted"
        f" WHERE started + refused + {' + '.join(outcomes)} > 0"
    )


def _failure_hours(trial: Trial) -> str:
    key = f"{_hour(trial)}, {_PLACE}, stage, code, event_class, browser_family"
    return f"SELECT {key}, count(*) FROM event WHERE event_class <> 'ok' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"


def _step_hours(trial: Trial) -> str:
    lower = (-1, *_BOUNDS)
    buckets = [
        _times(f"duration_ms > {low} AND duration_ms <= {high}") for low, high in zip(lower, _BOUNDS, strict=False)
    ]
    counts = ", ".join(["count(*)", *buckets, _times(f"duration_ms > {_BOUNDS[-1]}")])
    return f"SELECT {_hour(trial)}, {_PLACE}, stage, event_class, {counts} FROM event GROUP BY 1, 2, 3, 4, 5, 6"


_ORACLES = {"login_hour": _login_hours, "failure_hour": _failure_hours, "step_hour": _step_hours}


@pytest.mark.parametrize("table", _ORACLES)
def test_the_counts_are_the_events_grouped_by_hour(trial: Trial, table: str) -> None:
    stored = trial.rows(f"SELECT * FROM {table}")

    counted = trial.rows(_ORACLES[table](trial))

    assert stored
    assert set(map(tuple, stored)) == set(map(tuple, counted))


@pytest.mark.parametrize("table", _ORACLES)
def test_a_second_sample_adds_to_the_counts_of_the_first(database_url: str, table: str) -> None:
    filled(database_url, users=100, events=1500)

    again = filled(database_url, users=100, events=1500)

    stored, counted = again.rows(f"SELECT * FROM {table}"), again.rows(_ORACLES[table](again))
    assert set(map(tuple, stored)) == set(map(tuple, counted))
