"""上传名单: the lists that staff uploaded, how many of each are known, and what can be done with everybody on one.

Their values are shown to nobody: whoever uploaded them has them.
"""

from http import HTTPStatus

from tornado.web import HTTPError

from wxadmin.errors import BadValue, NoSuchList
from wxadmin.flows import uploads as flows
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import EXPORTERS
from wxadmin.handlers.admin.users import UserHandler
from wxadmin.i18n import msgid
from wxadmin.models import IdKind
from wxadmin.queries import uploaded
from wxadmin.queries.uploaded import ListShown
from wxadmin.services import uploads

_GREATEST_ID = 2**63 - 1
KINDS = {IdKind.OPENID: "OpenID", IdKind.UNIONID: "UnionID", IdKind.REF: msgid("Member reference")}


class UploadHandler(UserHandler):
    roles = EXPORTERS

    async def found(self, typed_id: str) -> ListShown:
        list_id = int(typed_id)
        try:
            if list_id > _GREATEST_ID:
                raise NoSuchList
            return await self.gateway.database.read(uploaded.show, list_id)
        except NoSuchList:
            raise HTTPError(HTTPStatus.NOT_FOUND) from None


class UploadList(UploadHandler):
    async def get(self) -> None:
        lists = await self.gateway.database.read(uploaded.shown)
        self.show("lists/list.html", lists=lists, kinds=KINDS, moment=self.moment, keep_days=uploads.KEPT.days)


class UploadShow(UploadHandler):
    async def get(self, typed_id: str) -> None:
        found = await self.found(typed_id)
        self.show("lists/show.html", found=found, list=found.list, kinds=KINDS, moment=self.moment)


class UploadMatch(FormHandler, UploadHandler):
    """Looks up anew who of it is known: more may have logged in since."""

    async def get(self, typed_id: str) -> None:
        found = await self.found(typed_id)
        self.show("lists/match.html", list=found.list, moment=self.moment)

    async def save(self, typed_id: str) -> None:
        found = await self.found(typed_id)
        if not await flows.match(self.gateway, found.list.id):
            raise BadValue(
                msgid("Two lists or counts are at work, and no more run at a time. Please try again in a minute.")
            )
        self.done(f"/admin/lists/{found.list.id}")


class UploadMark(FormHandler, UploadHandler):
    """Everybody on the list goes onto the 勿扰名单, or off it."""

    async def get(self, typed_id: str, changed: int | None = None) -> None:
        found = await self.found(typed_id)
        self.show("lists/contact.html", list=found.list, changed=changed)

    async def save(self, typed_id: str) -> None:
        found, said = await self.found(typed_id), self.entered("blocked")
        if said not in {"yes", "no"}:
            raise BadValue(msgid("say whether they may be contacted"), field="blocked")
        changed = await flows.mark_all(self.gateway, found.list.id, blocked=said == "yes", actor=self.identity.name)
        await self.get(typed_id, changed)


class UploadDelete(FormHandler, UploadHandler):
    async def get(self, typed_id: str) -> None:
        found = await self.found(typed_id)
        self.show("lists/delete.html", list=found.list)

    async def save(self, typed_id: str) -> None:
        found = await self.found(typed_id)
        await flows.delete(self.gateway, found.list.id, actor=self.identity.name)
        self.done("/admin/lists")
