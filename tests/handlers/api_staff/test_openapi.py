"""Schemathesis asks whatever the OpenAPI document allows and what it does not: nothing breaks, and every answer is one
that the document says."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pydantic.json_schema import models_json_schema
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.factories import AttemptFactory, EventFactory, TokenFactory, UserChannelFactory, UserFactory
from tests.handlers.api_staff.conftest import Script, Scripts
from wxadmin.handlers.api_staff import answers, openapi
from wxadmin.handlers.api_staff.calls import CALLS
from wxadmin.limits import FailureLimit
from wxadmin.models import Role, Site

Store = Callable[[Callable[[], Any]], Any]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Of one key, all of them in a minute.
EXAMPLES = 20


@pytest.fixture
def peopled(store: Store, shop: Site) -> None:
    """Somebody for each list."""
    made = store(lambda: UserFactory(site=shop, account_id=shop.account_id))
    store(lambda: TokenFactory(user=made))
    store(lambda: UserChannelFactory(user=made, last_ref="M-10086"))
    attempt = store(lambda: AttemptFactory(site=shop, user_id=made.id, failed=True))
    store(lambda: EventFactory(attempt=attempt, failure=True))


@pytest.fixture(autouse=True)
def nobody_asks_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """As quick as a machine is, it asks with bad keys, and with one good one, more often than is allowed a minute."""
    monkeypatch.setattr(FailureLimit, "wait", lambda *_: 0)


def ask_all(asker: Script) -> set[int]:
    """The statuses of all answers, of good questions and bad ones."""
    document = openapi.document(CALLS, f"{asker.gateway}/api/v1")
    schema = schemathesis.openapi.from_dict(document)
    met: set[int] = set()
    for found in schema.get_all_operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _ask(found.ok(), mode, asker, met)
    return met


def _ask(operation: Any, mode: GenerationMode, asker: Script, met: set[int]) -> None:
    if mode is GenerationMode.NEGATIVE and not (
        operation.query.items or operation.path_parameters.items or len(operation.body)
    ):
        return

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        headers = {"Authorization": f"Bearer {asker.key}"}
        response = case.call(base_url=f"{asker.gateway}/api/v1", headers=headers)
        case.validate_response(response, checks=CHECKS)
        met.add(response.status_code)

    ask()


@pytest.mark.parametrize("role", Role)
async def test_no_question_breaks_a_call_and_every_answer_is_documented(
    script: Scripts, peopled: None, role: Role
) -> None:
    asker = script(role, ["shop"] if role is Role.DEVELOPER else [])

    met = await asyncio.to_thread(ask_all, asker)

    assert {200, 400} <= met


def test_every_model_that_answers_is_in_the_document() -> None:
    written = openapi.document(CALLS, "http://127.0.0.1/api/v1")["components"]["schemas"]

    taken = [(call.takes, "validation") for call in CALLS.values() if call.takes]
    _, of_bodies = models_json_schema(taken)
    models = [
        name for name, one in vars(answers).items() if isinstance(one, type) and one.__module__ == answers.__name__
    ]
    assert sorted(written) == sorted([*models, *of_bodies["$defs"]])
