"""My password, changed by myself: nobody else knows it from then on."""

import asyncio

from wxadmin.errors import BadValue
from wxadmin.handlers.admin.counted_forms import CountedForm
from wxadmin.i18n import msgid
from wxadmin.queries import staff
from wxadmin.security.hashes import password_matches
from wxadmin.services import staff as services


class MyPassword(CountedForm):
    async def get(self) -> None:
        self.show("me/password.html", least=services.SHORTEST_PASSWORD)

    async def save(self) -> None:
        with self.counted():
            await self._check(self._typed("old"))
        chosen = self._typed("new")
        if chosen != self._typed("again"):
            raise BadValue(msgid("both have to be the same"), field="again")
        await self.gateway.database.write(
            services.choose_password, self.identity, chosen, kept=self.token_hash, field="new"
        )
        self.done("/admin/me")

    async def _check(self, password: str) -> None:
        """Raises BadValue."""
        known = await self.gateway.database.read(staff.credentials, self.identity.name)
        if known is None or not await asyncio.to_thread(password_matches, known.password_hash, password):
            raise BadValue(msgid("this is not the password that you have now"), field="old")

    def _typed(self, name: str) -> str:
        """To the letter: a password may begin or end with a blank."""
        return self.get_body_argument(name, "", strip=False)
