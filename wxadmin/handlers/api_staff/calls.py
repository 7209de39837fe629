"""The calls of the staff API, and the document that describes them."""

import json
import re
from http import HTTPStatus

from tornado.web import HTTPError, RequestHandler

from wxadmin.handlers.api import ApiHandler
from wxadmin.handlers.api_staff import openapi
from wxadmin.handlers.api_staff.attempts import AttemptList, AttemptShow
from wxadmin.handlers.api_staff.base import NoSuchCall, StaffApiHandler
from wxadmin.handlers.api_staff.events import EventList
from wxadmin.handlers.api_staff.exports import ExportFile, ExportShow, ExportStart
from wxadmin.handlers.api_staff.failures import FailureList
from wxadmin.handlers.api_staff.segments import SegmentList
from wxadmin.handlers.api_staff.tokens import TokensSummary
from wxadmin.handlers.api_staff.users import UserList, UserShow

BASE = "/api/v1"
CALLS: dict[str, type[StaffApiHandler]] = {
    "/users": UserList,
    "/users/{id}": UserShow,
    "/segments": SegmentList,
    "/exports": ExportStart,
    "/exports/{id}": ExportShow,
    "/exports/{id}/file": ExportFile,
    "/attempts": AttemptList,
    "/attempts/{support_code}": AttemptShow,
    "/failures": FailureList,
    "/tokens/summary": TokensSummary,
    "/events": EventList,
}


class OpenApi(ApiHandler):
    """What there is to ask; it tells nothing of what the answers are, and so needs no key."""

    def prepare(self) -> None:
        if not self.is_in_admin_networks:
            raise HTTPError(HTTPStatus.NOT_FOUND)

    def get(self) -> None:
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(openapi.document(CALLS, self.gateway.public_url + BASE), ensure_ascii=False))


STAFF_API_ROUTES: list[tuple[str, type[RequestHandler]]] = [
    *((BASE + re.sub(r"\{[a-z_]+\}", "([^/]+)", path), call) for path, call in CALLS.items()),
    (rf"{BASE}/openapi\.json", OpenApi),
    (rf"{BASE}/.*", NoSuchCall),
]
