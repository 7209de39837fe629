"""What all handlers share: who asks, in which language, and an answer for everything that goes wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from tornado.web import HTTPError, RequestHandler

from wxadmin import limits, metrics
from wxadmin.browsers import Browser, recognise
from wxadmin.errors import BadValue, DatabaseUnavailable, Overloaded
from wxadmin.handlers.front import Front
from wxadmin.handlers.peer import visitor_address
from wxadmin.i18n import Language, best_language
from wxadmin.limits import FailureLimit
from wxadmin.log import logger
from wxadmin.security.hashes import random_text

_PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Moz")


class BadRequest(HTTPError):
    """The request is malformed; `problem` tells its sender what to change."""

    def __init__(self, problem: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(status, reason=HTTPStatus(status).phrase)
        self.problem = problem


@contextmanager
def checked_query() -> Iterator[None]:
    """A value of the query string that cannot be is a bad request."""
    try:
        yield
    except BadValue as error:
        raise BadRequest(str(error)) from None


class TooManyFailures(HTTPError):
    """Requests of this kind have failed too often of late: this one is turned away before anything is looked up.
    `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(HTTPStatus.TOO_MANY_REQUESTS, reason=HTTPStatus.TOO_MANY_REQUESTS.phrase)
        self.retry_after = retry_after


class TooManyRequests(TooManyFailures):
    """The same where it is not failures that are too many."""


class BaseHandler(RequestHandler):
    """`front` is handed in by the route."""

    def initialize(self, front: Front) -> None:
        self.front = front
        self.gateway = front.gateway
        # Here and not in prepare: an unknown method is refused before that, and is finished all the same.
        front.activity.began()

    @cached_property
    def request_id(self) -> str:
        return random_text(16)

    def set_default_headers(self) -> None:
        # Here and not in prepare: Tornado forgets all other headers when a request fails.
        self.set_header("X-Request-Id", self.request_id)
        self.clear_header("Server")

    def on_finish(self) -> None:
        self.front.activity.ended()
        metrics.note_request(type(self).__name__, self.get_status(), self.request.request_time())
        # By every process itself: whichever of them is asked for the metrics tells the sum of all.
        metrics.note_journal_depth(self.gateway.journal.depth)

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        # Tornado's own line holds the whole address, with code and state.
        if isinstance(value, (DatabaseUnavailable, Overloaded)):
            logger.warning("unavailable", reason=str(value), request_id=self.request_id)
        elif not isinstance(value, HTTPError):
            logger.error(
                "request_failed", handler=type(self).__name__, request_id=self.request_id, exc_info=(typ, value, tb)
            )

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, (DatabaseUnavailable, Overloaded)):
            status_code = HTTPStatus.SERVICE_UNAVAILABLE
        if isinstance(error, (DatabaseUnavailable, Overloaded, TooManyFailures)):
            kwargs["retry_after"] = error.retry_after
        super().send_error(status_code, **kwargs)

    @property
    def browser(self) -> Browser:
        return recognise(self.request.headers.get("User-Agent", ""))

    @property
    def visitor_ip(self) -> str | None:
        forwarded = ",".join(self.request.headers.get_list("X-Forwarded-For"))
        return visitor_address(self.request.connection.context.address[0], forwarded, self.front.trusted_proxies)  # type: ignore[union-attr]

    @property
    def is_in_admin_networks(self) -> bool:
        """Whether the visitor may know that there is a dashboard."""
        networks = self.front.admin_networks
        if not networks:
            return True
        visitor = self.visitor_ip
        return visitor is not None and any(
            ip_address(visitor) in network for network in networks if network.version == ip_address(visitor).version
        )

    @property
    def customer(self) -> str:
        """Whom a failure is counted for."""
        return limits.customer(self.visitor_ip)

    def must_wait(self, limit: FailureLimit, *whom: str) -> int:
        """How many seconds whoever failed too often of late has to wait, of which the operator learns; 0 for others."""
        seconds = limit.wait(*whom)
        if seconds:
            metrics.note_limited(limit.kind)
            logger.warning("rate_limited", kind=limit.kind, ip=self.visitor_ip, request_id=self.request_id)
        return seconds

    def require_few_failures(self, limit: FailureLimit, *whom: str) -> None:
        """Raises TooManyFailures."""
        if seconds := self.must_wait(limit, *whom):
            raise TooManyFailures(seconds)

    @property
    def language(self) -> Language:
        asked = (self.request.query_arguments.get("lang") or [b""])[-1].decode("ascii", "replace")
        headers = self.request.headers
        return best_language(headers.get("Accept-Language"), asked, headers.get("User-Agent"))

    @property
    def is_prefetch(self) -> bool:
        """Whether a browser or robot only looks ahead: nothing may be started or consumed for it."""
        words = " ".join(self.request.headers.get(name, "") for name in _PREFETCH_HEADERS).lower()
        return "prefetch" in words or "prerender" in words or "preview" in words

    def query(self, name: str) -> str | None:
        """The parameter to the byte; None where it is missing or empty. Raises BadRequest where it is repeated or no
        UTF-8. Tornado's get_argument would strip it and take out characters."""
        values = self.request.query_arguments.get(name, [])
        if len(values) > 1:
            raise BadRequest(f"{name} is given {len(values)} times: give it once")
        if not values:
            return None
        try:
            return values[0].decode() or None
        except UnicodeDecodeError:
            raise BadRequest(f"{name} is not UTF-8") from None
