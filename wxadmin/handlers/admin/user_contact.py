"""勿扰: whether one person may be contacted, and why not. Whoever hears the complaint may say so."""

from http import HTTPStatus

from tornado.web import HTTPError

from wxadmin.errors import BadValue, NoSuchUser
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.users import UserHandler
from wxadmin.i18n import msgid
from wxadmin.models.user import LONGEST_WHY
from wxadmin.queries import user_profiles
from wxadmin.services import contact

_GREATEST_ID = 2**63 - 1


class UserContact(FormHandler, UserHandler):
    async def get(self, typed_id: str) -> None:
        user_id, masks = int(typed_id), await self.masks_for_one()
        read = self.gateway.database.read
        found = await read(user_profiles.find, user_id, masks=masks) if user_id <= _GREATEST_ID else None
        if found is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        self.show("users/contact.html", user=found.user, account=found.account, longest_why=LONGEST_WHY)

    async def save(self, typed_id: str) -> None:
        user_id, said = int(typed_id), self.entered("blocked")
        if said not in {"yes", "no"}:
            raise BadValue(msgid("say whether they may be contacted"), field="blocked")
        try:
            if user_id > _GREATEST_ID:
                raise NoSuchUser
            await self.gateway.database.write(
                contact.mark, user_id, blocked=said == "yes", why=self.entered("why"), actor=self.identity.name
            )
        except NoSuchUser:
            raise HTTPError(HTTPStatus.NOT_FOUND) from None
        self.done(f"/admin/users/{user_id}")
