"""What load balancers and Prometheus ask for."""

from collections.abc import Callable
from functools import partial

import httpx
import pytest

from tests.databases import on_sqlite
from tests.factories import AccountFactory, TokenFactory
from tests.running import METRICS_TOKEN, serving
from tests.visiting import Visitor
from wxadmin.settings import Settings


async def metrics(http: httpx.AsyncClient, gateway: str, token: str = METRICS_TOKEN) -> httpx.Response:
    return await http.get(f"{gateway}/metrics", headers={"Authorization": f"Bearer {token}"})


@on_sqlite
async def test_a_process_that_answers_is_alive(gateway: str, http: httpx.AsyncClient) -> None:
    response, head = await http.get(f"{gateway}/healthz"), await http.head(f"{gateway}/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert head.status_code == 200


async def test_a_process_with_a_current_database_is_ready(gateway: str, http: httpx.AsyncClient) -> None:
    response = await http.get(f"{gateway}/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ready"})


async def test_a_database_of_another_version_is_not_ready_and_names_the_command(
    gateway: str, http: httpx.AsyncClient, database: object
) -> None:
    database.write_now(
        lambda session: session.connection().exec_driver_sql("UPDATE alembic_version SET version_num='x'")
    )  # type: ignore[attr-defined]

    response = await http.get(f"{gateway}/readyz")

    assert response.status_code == 503
    assert "wxadmin migrate" in response.json()["detail"]


async def test_metrics_count_requests_returns_and_what_waits(visitor: Visitor, http: httpx.AsyncClient) -> None:
    await visitor.log_in()
    await visitor.start()

    response = await metrics(http, visitor.gateway)

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert 'wxadmin_requests_total{handler="Auth",status="302"}' in response.text
    assert 'wxadmin_returns_total{ended="succeeded"}' in response.text
    assert "wxadmin_attempts_waiting 1.0" in response.text
    assert "wxadmin_refresh_lag_seconds 0.0" in response.text


def _due_token_of(account: dict[str, object]) -> object:
    return TokenFactory(due=True, user__site__account=AccountFactory(**account))


async def test_tokens_that_nobody_refreshes_are_no_lag(
    gateway: str, http: httpx.AsyncClient, store: Callable[..., object]
) -> None:
    for account in ({"sample": True}, {"refresh_policy": "none"}, {"disabled": True}):
        store(partial(_due_token_of, account))

    response = await metrics(http, gateway)

    assert "wxadmin_refresh_lag_seconds 0.0" in response.text


@pytest.mark.parametrize("token", ["x", "wrong", METRICS_TOKEN[:-1], f"{METRICS_TOKEN}x"])
@on_sqlite
async def test_metrics_are_for_whoever_has_the_token(gateway: str, http: httpx.AsyncClient, token: str) -> None:
    response = await metrics(http, gateway, token)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="wxadmin"'
    assert "wxadmin_" not in response.text


@on_sqlite
async def test_without_a_setting_the_metrics_token_is_made_once_and_kept(
    settings: Settings, http: httpx.AsyncClient
) -> None:
    chosen = settings.model_copy(update={"metrics_token": None})

    async with serving(chosen) as gateway:
        token = (settings.data_dir / "metrics_token").read_text()
        response = await metrics(http, gateway, token)

    assert response.status_code == 200
    assert len(token) == 64
