"""Handlers that visitors' browsers reach: whatever goes wrong, they get a page that says what to do."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.handlers import visitor
from wxadmin.handlers.arrival import answer_probe
from wxadmin.handlers.base import BadRequest, BaseHandler
from wxadmin.handlers.visitor import VisitorPage
from wxadmin.log import logger
from wxadmin.queries.registry import KnownSite

_REASONS = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "gw_rate_limited",
    HTTPStatus.SERVICE_UNAVAILABLE: "gw_overloaded",
}


class VisitorHandler(BaseHandler):
    """`show` is the one way to a visitor's page."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        for name, value in visitor.SECURITY_HEADERS.items():
            self.set_header(name, value)

    def check_xsrf_cookie(self) -> None:
        """Nothing to check: visitors' pages take no form."""

    def show(
        self,
        reason: str,
        status: int,
        *,
        at: datetime | None = None,
        site: KnownSite | None = None,
        support_code: str | None = None,
        restart_url: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Finishes the request with the page for the reason."""
        page = VisitorPage(
            reason=reason,
            status=status,
            lang=self.language,
            at=at or utcnow(),
            zone=self.front.zone,
            site_title=site.title if site else None,
            contact=site.contact if site else None,
            support_code=support_codes.show(support_code) if support_code else None,
            request_id=self.request_id,
            restart_url=restart_url,
            retry_after=retry_after,
            browser_family=self.browser.family,
            notice=self.front.notices.for_visitors,
        )
        self.set_status(status)
        for name, value in visitor.headers(page).items():
            self.set_header(name, value)
        self.finish(visitor.render(page, self.front.static_url))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, BadRequest):
            # The page is for the visitor; the header and the log line for whoever made the link.
            self.set_header("X-Problem", error.problem)
            logger.info("bad_request", problem=error.problem, request_id=self.request_id)
        reason = _REASONS.get(HTTPStatus(status_code), "server_error")
        self.show(reason, status_code, retry_after=kwargs.get("retry_after"))


class NotFound(VisitorHandler):
    """Every address that is no route."""

    def prepare(self) -> None:
        super().prepare()
        self.send_error(HTTPStatus.NOT_FOUND)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        # A proxy that takes the path of PUBLIC_URL away leads its probe here. Not before: an error forgets headers.
        answer_probe(self)
        super().write_error(status_code, **kwargs)
