"""“个人信息副本”: what is known of one person, as a file for that person; whoever makes it says why."""

import json

from wxadmin.clock import utcnow
from wxadmin.handlers.admin.reason_words import REASON_WORDS
from wxadmin.handlers.admin.user_forget import PersonHandler
from wxadmin.queries import person_copy
from wxadmin.services import person_copies


class UserCopy(PersonHandler):
    """`get` is the form, and the form's answer is the file."""

    async def get(self, typed_id: str) -> None:
        identities = await self.identities(typed_id)
        self.show("users/copy.html", user=identities[0], others=identities[1:], reasons=REASON_WORDS)

    async def save(self, typed_id: str) -> None:
        chosen = self.chosen(await self.identities(typed_id))
        # On record before anything is told.
        await self.gateway.database.write(
            person_copies.note,
            chosen,
            reason=self.entered("reason"),
            note=self.entered("note"),
            actor=self.identity.name,
        )
        now = utcnow()
        document = await self.gateway.database.read(person_copy.of_users, chosen, at=now)
        name = f"personal-data-{chosen[0]}-{now.astimezone(self.front.zone):%Y%m%d-%H%M%S}.json"
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.finish(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
