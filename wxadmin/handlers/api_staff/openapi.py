"""The OpenAPI document of the staff API, made of the models that check its questions and write its answers."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from wxadmin import __version__
from wxadmin.handlers.admin.role_words import ROLE_WORDS
from wxadmin.handlers.api_staff import answers
from wxadmin.handlers.api_staff.base import StaffApiHandler

_REF = "#/components/schemas/{model}"
_REFUSALS = {
    HTTPStatus.BAD_REQUEST: "A parameter is malformed, or names what is not there",
    HTTPStatus.UNAUTHORIZED: "No key, or one that is nobody's",
    HTTPStatus.FORBIDDEN: "Not for your role",
    HTTPStatus.NOT_FOUND: "There is no such thing",
    HTTPStatus.METHOD_NOT_ALLOWED: "The header Allow says by which method it is asked",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many bad keys, or too many requests by this one; Retry-After says how long",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database does not answer; Retry-After says how long",
}
_PATH_PARAMETERS = {
    "id": {"type": "string", "pattern": "^[0-9]{1,19}$"},
    "support_code": {"type": "string", "minLength": 1, "maxLength": 64, "examples": ["K7M2-Q9XD"]},
}
_DESCRIPTION = (
    "For scripts of the staff: what the dashboard shows to the owner of the key, masked as it is there. "
    "Lists come in pages; ask again with `cursor` set to `next` until that is null."
)


def document(calls: Mapping[str, type[StaffApiHandler]], server: str) -> dict[str, Any]:
    """The whole document; `server` is where the paths begin."""
    written: set[tuple[type[BaseModel], Literal["serialization", "validation"]]] = {(answers.Problem, "serialization")}
    written |= {(call.answers, "serialization") for call in calls.values() if not call.sends}
    written |= {(call.takes, "validation") for call in calls.values() if call.takes}
    in_order = sorted(written, key=lambda model: model[0].__name__)
    _, schemas = models_json_schema(in_order, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "wxadmin", "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": server}],
        "security": [{"staffKey": []}],
        "paths": {path: {call.method.lower(): _operation(path, call)} for path, call in calls.items()},
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"staffKey": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(path: str, call: type[StaffApiHandler]) -> dict[str, Any]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    in_path = [{"name": name, "in": "path", "required": True, "schema": _PATH_PARAMETERS[name]} for name in names]
    roles = ", ".join(role for role in ROLE_WORDS if role in call.roles)
    body = {"requestBody": _body(call.takes)} if call.takes else {}
    return body | {
        "operationId": f"{call.__module__.rpartition('.')[2]}_{call.__name__}",
        "summary": call.summary,
        "description": f"For {roles}.",
        "parameters": [*in_path, *_parameters(call.asks)],
        "responses": {str(int(call.succeeds)): _answer(call)}
        | {str(int(status)): _problem(text) for status, text in _REFUSALS.items()}
        | {str(int(status)): _also(call, status, text) for status, text in call.may_also.items()},
    }


def _answer(call: type[StaffApiHandler]) -> dict[str, Any]:
    return _file("The file", call) if call.sends else _response("The answer", call.answers, "application/json")


def _also(call: type[StaffApiHandler], status: HTTPStatus, text: str) -> dict[str, Any]:
    if status is HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return {"description": text}
    return _file(text, call) if status < HTTPStatus.MULTIPLE_CHOICES else _problem(text)


def _file(text: str, call: type[StaffApiHandler]) -> dict[str, Any]:
    kinds = sorted({kind.partition(";")[0] for kind in call.sends.values()})
    return {
        "description": text,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds},
    }


def _body(model: type[BaseModel]) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model=model.__name__)}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _response(text: str, model: type[BaseModel], kind: str) -> dict[str, Any]:
    return {"description": text, "content": {kind: {"schema": {"$ref": _REF.format(model=model.__name__)}}}}


def _problem(text: str) -> dict[str, Any]:
    return _response(text, answers.Problem, "application/problem+json")


def _parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    named = schema.get("$defs", {})
    return [_parameter(name, field, named) for name, field in schema.get("properties", {}).items()]


def _parameter(name: str, field: dict[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """A query parameter: left out rather than null."""
    (kind,) = [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]
    if "$ref" in kind:
        kind = named[kind["$ref"].rpartition("/")[2]]
    kind = {key: value for key, value in kind.items() if key not in {"title", "description"}}
    if field.get("default") is not None:
        kind["default"] = field["default"]
    told = {"description": field["description"]} if "description" in field else {}
    return {"name": name, "in": "query", "required": False, "schema": kind} | told
