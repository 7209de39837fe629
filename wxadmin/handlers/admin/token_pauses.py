"""Staff pause an account's refreshing, and have it go on; each is asked for first."""

from wxadmin.handlers.admin.accounts import AccountHandler
from wxadmin.handlers.admin.menu import TOKEN_KEEPERS
from wxadmin.services import pauses


class TokenPause(AccountHandler):
    roles = TOKEN_KEEPERS

    async def get(self, name: str) -> None:
        self.show("tokens/pause.html", account=await self.account(name))

    async def save(self, name: str) -> None:
        await self.gateway.database.write(pauses.pause, name, actor=self.identity.name)
        self.done("/admin/tokens")


class TokenResume(AccountHandler):
    roles = TOKEN_KEEPERS

    async def get(self, name: str) -> None:
        self.show("tokens/resume.html", account=await self.account(name))

    async def save(self, name: str) -> None:
        await self.gateway.database.write(pauses.resume, name, actor=self.identity.name)
        self.done("/admin/tokens")
