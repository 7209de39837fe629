"""“删除个人信息”: one person, with all of their OpenIDs, after the form has said what will happen."""

from collections.abc import Sequence
from http import HTTPStatus

from tornado.web import HTTPError

from wxadmin.errors import BadValue, NoSuchUser
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import ADMINS
from wxadmin.handlers.admin.reason_words import ERASURE_WORDS
from wxadmin.i18n import msgid
from wxadmin.queries import erasures
from wxadmin.queries.erasures import Identity
from wxadmin.services import forgetting

_GREATEST_ID = 2**63 - 1
_TYPED = 4


class PersonHandler(FormHandler):
    """A question about one person, and which of their OpenIDs it is about."""

    roles = ADMINS

    async def identities(self, typed_id: str) -> Sequence[Identity]:
        """The user of the address first, then those with the same UnionID."""
        user_id, read = int(typed_id), self.gateway.database.read
        found = await read(erasures.identities, user_id) if user_id <= _GREATEST_ID else []
        if not found:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        return found

    def chosen(self, identities: Sequence[Identity]) -> list[int]:
        """The user of the address, and those of the others that are ticked."""
        ticked = set(self.get_body_arguments("also"))
        return [one.id for place, one in enumerate(identities) if place == 0 or str(one.id) in ticked]


class UserForget(PersonHandler):
    async def get(self, typed_id: str) -> None:
        identities = await self.identities(typed_id)
        user = identities[0]
        self.show(
            "users/forget.html",
            user=user,
            others=identities[1:],
            held=await self.gateway.database.read(erasures.held, user.id),
            reasons=ERASURE_WORDS,
            typed=_TYPED,
        )

    async def save(self, typed_id: str) -> None:
        try:
            identities = await self.identities(typed_id)
            if self.entered("confirmed").strip() != identities[0].openid[-_TYPED:]:
                raise BadValue(msgid("these are not the last signs of the OpenID"), field="confirmed")
            await self.gateway.database.write(
                forgetting.forget_all,
                self.chosen(identities),
                reason=self.entered("reason"),
                note=self.entered("note"),
                actor=self.identity.name,
            )
        except (NoSuchUser, HTTPError):
            # Sent twice, or by two at once: the receipt of the first stands there.
            if int(typed_id) > _GREATEST_ID or not await self._is_forgotten(int(typed_id)):
                raise HTTPError(HTTPStatus.NOT_FOUND) from None
        self.done(f"/admin/users/{int(typed_id)}")

    async def _is_forgotten(self, user_id: int) -> bool:
        return await self.gateway.database.read(erasures.of_user, user_id) is not None
