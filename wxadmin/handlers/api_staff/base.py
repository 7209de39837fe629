"""What every call of the staff API shares: whose key it is, whether they may, and how often."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict
from tornado.web import HTTPError

from wxadmin.clock import utcnow
from wxadmin.handlers.admin.menu import EVERYONE
from wxadmin.handlers.api import ApiHandler, Problem
from wxadmin.handlers.base import BadRequest, TooManyRequests
from wxadmin.models import Role
from wxadmin.queries import masking, staff_keys
from wxadmin.queries.masking import Masks
from wxadmin.queries.staff import Identity
from wxadmin.security.hashes import sha256
from wxadmin.services import staff_keys as services

ModelT = TypeVar("ModelT", bound=BaseModel)

_NO_KEY = "send a key of yours as `Authorization: Bearer <key>`; the page My sign-in of the dashboard makes one"
_NO_SUCH_KEY = "this key is nobody's: it was revoked, or its owner is switched off; make another on the page My sign-in"
NOT_YOURS = "your role may not ask for this: an administrator can change your role"


class Nothing(BaseModel):
    """A call that takes no parameters."""

    model_config = ConfigDict(extra="forbid")


class StaffApiHandler(ApiHandler):
    """`summary`, `asks` and what follows are what the OpenAPI document says of the call: the body that it takes, the
    model that it answers or the kinds of file that it sends, and what else it may say."""

    roles: ClassVar[frozenset[Role]] = EVERYONE
    summary: ClassVar[str] = ""
    asks: ClassVar[type[BaseModel]] = Nothing
    answers: ClassVar[type[BaseModel]]
    method: ClassVar[str] = "GET"
    takes: ClassVar[type[BaseModel] | None] = None
    succeeds: ClassVar[HTTPStatus] = HTTPStatus.OK
    sends: ClassVar[Mapping[str, str]] = {}
    may_also: ClassVar[Mapping[HTTPStatus, str]] = {}
    identity: Identity

    async def prepare(self) -> None:
        super().prepare()
        if not self.is_in_admin_networks:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        self.identity = await self._of_key()
        if self.identity.role not in self.roles:
            raise Problem(HTTPStatus.FORBIDDEN, NOT_YOURS)

    @property
    def masks(self) -> Masks:
        """What whoever asks sees of people; nobody is there to say why more should be shown."""
        return masking.of_role(self.identity.role)

    def asked(self, model: type[ModelT]) -> ModelT:
        """The query as a model, empty values included. Raises Problem, BadRequest."""
        return self.checked(model, {name: self._once(name) for name in self.request.query_arguments})

    def missing(self, what: str) -> Problem:
        return Problem(HTTPStatus.NOT_FOUND, what)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", self.method)
        super().write_error(status_code, **kwargs)

    def _once(self, name: str) -> str:
        values = self.request.query_arguments[name]
        if len(values) > 1:
            raise BadRequest(f"{name} is given {len(values)} times: give it once")
        try:
            return values[0].decode()
        except UnicodeDecodeError:
            raise BadRequest(f"{name} is not UTF-8") from None

    async def _of_key(self) -> Identity:
        """Raises Problem, and TooManyFailures, which a good key never meets but for its own requests."""
        key, now = self.bearer(), utcnow()
        found = await self.gateway.database.read(staff_keys.in_hand, sha256(key)) if key else None
        if found is None:
            self.require_few_failures(self.front.limits.staff_keys, self.customer)
            self.front.limits.staff_keys.failed(self.customer)
            raise Problem(HTTPStatus.UNAUTHORIZED, _NO_SUCH_KEY if key else _NO_KEY)
        if wait := self.must_wait(self.front.limits.staff_requests, str(found.id)):
            raise TooManyRequests(wait)
        self.front.limits.staff_requests.failed(str(found.id))
        if services.needs_used(found.used_at, now):
            await self.gateway.database.write(services.used, found.id, now)
        return found.identity


class NoSuchCall(ApiHandler):
    """Every address of the API at which there is nothing."""

    def get(self) -> None:
        raise Problem(HTTPStatus.NOT_FOUND, "there is no such call: /api/v1/openapi.json lists them")

    post = put = patch = delete = get
