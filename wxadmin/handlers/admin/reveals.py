"""One person, or one attempt, shown in the clear for ten minutes to whoever says why."""

from http import HTTPStatus
from urllib.parse import quote

from tornado.web import HTTPError

from wxadmin import support_codes
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.reason_words import REASON_WORDS
from wxadmin.queries import attempt, masking, user_profiles
from wxadmin.queries.attempt import AttemptShown
from wxadmin.services import reveals

_GREATEST_ID = 2**63 - 1


class RevealHandler(FormHandler):
    """`get` shows the form of the page by itself, with the refusal beside its field."""

    roles = masking.REVEALERS

    def ask(self, own: str) -> None:
        self.show("reveal/page.html", own=self.path(own), reasons=REASON_WORDS)

    async def reveal(self, subject_id: int, subject: str) -> None:
        await self.gateway.database.write(
            reveals.reveal,
            self.token_hash,
            subject_id,
            subject=subject,
            reason=self.entered("reason"),
            note=self.entered("note"),
            actor=self.identity.name,
        )


class UserReveal(RevealHandler):
    async def get(self, typed_id: str) -> None:
        self.ask(f"/admin/users/{await self._found(typed_id)}")

    async def save(self, typed_id: str) -> None:
        user_id = await self._found(typed_id)
        await self.reveal(user_id, f"user {user_id}")
        self.done(f"/admin/users/{user_id}")

    async def _found(self, typed_id: str) -> int:
        user_id, read = int(typed_id), self.gateway.database.read
        if user_id > _GREATEST_ID or await read(user_profiles.find, user_id, masks=self.masks) is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        return user_id


class AttemptReveal(RevealHandler):
    """Where it is known who made the attempt, they are shown on their own page too."""

    async def get(self, typed: str) -> None:
        self.ask(_address(await self._found(typed)))

    async def save(self, typed: str) -> None:
        found = await self._found(typed)
        user_id = found.personal and found.personal.user_id
        await self.reveal(user_id or found.id, f"attempt {support_codes.show(found.support_code)}")
        self.done(_address(found))

    async def _found(self, typed: str) -> AttemptShown:
        code = support_codes.read(typed)
        among = self.identity.site_ids
        found = await self.gateway.database.read(attempt.find, code, among=among, masks=self.masks) if code else None
        if not isinstance(found, AttemptShown):
            raise HTTPError(HTTPStatus.NOT_FOUND)
        return found


def _address(found: AttemptShown) -> str:
    return f"/admin/attempts/{quote(support_codes.show(found.support_code))}"
