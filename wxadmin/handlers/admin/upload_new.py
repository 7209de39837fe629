"""A list is uploaded as a file, or pasted: the only request whose body may be large."""

from collections.abc import Mapping
from http import HTTPStatus

from tornado.httputil import HTTPFile, parse_body_arguments
from tornado.web import HTTPError, stream_request_body

from wxadmin.errors import BadValue
from wxadmin.flows import uploads as flows
from wxadmin.flows.uploads import Upload
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.uploads import KINDS, UploadHandler
from wxadmin.handlers.front import Front
from wxadmin.i18n import msgid
from wxadmin.models.uploaded import LONGEST_NAME
from wxadmin.queries.user_filters import UserFilters
from wxadmin.services import uploads
from wxadmin.services.uploaded_lines import LARGEST, MOST_LINES

# A form has other fields.
_LARGEST_BODY = LARGEST + 64 * 1024
_SLOWEST_BODY_S = 300
# What is pasted is shown again beside a refusal, unless it is so long that nobody could mend it there.
_SHOWN_AGAIN = 64 * 1024


@stream_request_body
class UploadNew(FormHandler, UploadHandler):
    """Only of somebody who may upload does the server take more than of anybody else."""

    def initialize(self, front: Front) -> None:
        super().initialize(front)
        self._body = bytearray()

    def admitted(self) -> None:
        length = self.request.headers.get("Content-Length", "")
        if length.isdigit() and int(length) > _LARGEST_BODY:
            raise HTTPError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        connection = self.request.connection
        connection.set_max_body_size(_LARGEST_BODY)  # type: ignore[union-attr]
        connection.set_body_timeout(_SLOWEST_BODY_S)  # type: ignore[union-attr]

    def check_xsrf_cookie(self) -> None:
        """The token is in the body, which is not there yet: `post` checks it before anything else."""

    def data_received(self, chunk: bytes) -> None:
        self._body += chunk

    async def get(self) -> None:
        offered = await self.choices_for(UserFilters())
        self.show(
            "lists/new.html",
            accounts=offered.accounts,
            kinds=KINDS,
            longest_name=LONGEST_NAME,
            most_lines=MOST_LINES,
            megabytes=LARGEST // (1024 * 1024),
            keep_days=uploads.KEPT.days,
            pasted=self._pasted.decode(errors="replace") if len(self._pasted) <= _SHOWN_AGAIN else "",
        )

    async def post(self, *path: str) -> None:
        self._read_body()
        super().check_xsrf_cookie()
        await super().post(*path)

    async def save(self) -> None:
        file = next(iter(self.request.files.get("file", [])), None)
        data = file.body if file and file.body else self._pasted
        account = self.entered("account") or await self._only_account()
        upload = Upload(name=self.entered("name"), account=account, kind=self.entered("kind"), data=data)
        list_id = await flows.store(self.gateway, upload, actor=self.identity.name)
        self.done(f"/admin/lists/{list_id}")

    def _read_body(self) -> None:
        request, files = self.request, dict[str, list[HTTPFile]]()
        arguments: dict[str, list[bytes]] = {}
        kind = request.headers.get("Content-Type", "")
        parse_body_arguments(kind, bytes(self._body), arguments, files, request.headers)
        self._body = bytearray()
        request.body_arguments, request.files = arguments, files
        _extend(request.arguments, arguments)

    @property
    def _pasted(self) -> bytes:
        """To the byte."""
        return (self.request.body_arguments.get("text") or [b""])[0]

    async def _only_account(self) -> str:
        accounts = (await self.choices_for(UserFilters())).accounts
        if len(accounts) != 1:
            raise BadValue(msgid("choose a service account"), field="account")
        return next(iter(accounts))


def _extend(arguments: dict[str, list[bytes]], more: Mapping[str, list[bytes]]) -> None:
    for name, values in more.items():
        arguments.setdefault(name, []).extend(values)
