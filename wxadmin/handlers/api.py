"""The JSON API's ground: problem JSON for all that goes wrong, bodies read into pydantic models."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wxadmin.handlers.base import BadRequest, BaseHandler, TooManyFailures, TooManyRequests

ModelT = TypeVar("ModelT", bound=BaseModel)

_TOO_MANY = "too many such requests from this address have failed: mend what they send, and wait %d seconds"
_TOO_FAST = "this key asks too often: wait %d seconds, and ask for less"


class Problem(BadRequest):
    """A refusal in the form of RFC 9457: `reason` is a stable word for programs, the problem a sentence for people."""

    def __init__(self, status: int, problem: str, *, reason: str | None = None) -> None:
        super().__init__(problem, status)
        # What the answer holds beside the members that all problems have.
        self.members: dict[str, Any] = {"reason": reason} if reason else {}


@contextmanager
def _explained(within: str = "") -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "json_invalid":
            raise Problem(HTTPStatus.BAD_REQUEST, "the body is no JSON: send an object as application/json") from None
        where = ".".join(str(part) for part in (within, *first["loc"]) if part != "") or "the body"
        raise Problem(HTTPStatus.BAD_REQUEST, f"{where}: {first['msg']}") from None


class ApiHandler(BaseHandler):
    """Answers JSON and nothing else; nothing of it may be cached or shown as a page."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")

    def check_xsrf_cookie(self) -> None:
        """Nothing to check: a program says who it is by its key, which no browser adds by itself."""

    def answer(self, model: BaseModel) -> None:
        """Finishes the request with the model as JSON."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(model.model_dump_json(by_alias=True))

    def bearer(self) -> str | None:
        """The key of the Authorization header."""
        scheme, _, key = self.request.headers.get("Authorization", "").partition(" ")
        return key.strip() or None if scheme.lower() == "bearer" else None

    def body(self, model: type[ModelT]) -> ModelT:
        """The body as a model. Raises Problem with what to change."""
        with _explained():
            return model.model_validate_json(self.request.body)

    def checked(self, model: type[ModelT], fields: Mapping[str, Any], *, within: str = "") -> ModelT:
        """The fields of a form or query, or of a part of the body, as a model. Raises Problem with what to change."""
        with _explained(within):
            return model.model_validate(fields)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        problem: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(status_code).phrase,
            "status": status_code,
        }
        if isinstance(error, BadRequest):
            problem["detail"] = error.problem
        if isinstance(error, Problem):
            problem |= error.members
        if retry_after := kwargs.get("retry_after"):
            self.set_header("Retry-After", str(retry_after))
            what = "" if self.request.method == "GET" else "it is not known to be stored; "
            problem["detail"] = f"{what}try again in {retry_after} seconds"
        if isinstance(error, TooManyFailures):
            detail = _TOO_FAST if isinstance(error, TooManyRequests) else _TOO_MANY
            problem |= {"reason": "gw_rate_limited", "detail": detail % error.retry_after}
        if status_code == HTTPStatus.UNAUTHORIZED:
            self.set_header("WWW-Authenticate", 'Bearer realm="wxadmin"')
        problem["request_id"] = self.request_id
        self.set_header("Content-Type", "application/problem+json; charset=utf-8")
        # As text: the type of an object's answer is Tornado's to say.
        self.finish(json.dumps(problem))
