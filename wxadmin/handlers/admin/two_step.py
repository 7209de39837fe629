"""Two-step sign-in, switched on and off by everybody for themselves."""

from collections.abc import Callable
from urllib.parse import urlsplit

import segno

from wxadmin.errors import BadValue
from wxadmin.handlers.admin.counted_forms import CountedForm
from wxadmin.i18n import msgid
from wxadmin.queries import staff
from wxadmin.security import totp as codes
from wxadmin.services import totp


class TwoStepHandler(CountedForm):
    leads_to_code = True

    async def with_code(self, service: Callable[..., None]) -> None:
        """Raises BadValue, TooManyFailures."""
        with self.counted():
            await self.gateway.database.write(service, self.gateway.keys, self.identity, self.entered("code"))


class TwoStep(TwoStepHandler):
    """First what it is about; then a picture for the app, and the code that shows that the app has it."""

    async def get(self) -> None:
        read = self.gateway.database.read
        if await read(staff.asks_code, self.identity.name):
            self.done("/admin/me")
            return
        secret = await read(totp.pending, self.gateway.keys, self.identity.id)
        self.show(
            "me/two_step.html",
            secret=secret,
            picture=self._picture(secret) if secret else "",
            is_demanded=await read(staff.is_code_demanded, self.identity.name),
        )

    async def save(self) -> None:
        if self.entered("begin"):
            await self.gateway.database.write(totp.begin, self.gateway.keys, self.identity)
            self.done("/admin/me/two-step")
            return
        await self.with_code(totp.confirm)
        self.done("/admin/me")

    def _picture(self, secret: str) -> str:
        host = urlsplit(self.gateway.public_url).hostname or ""
        made = segno.make(codes.address(secret, self.identity.name, host), error="m", micro=False)
        return str(made.svg_inline(scale=5, border=4, dark="#000", light="#fff"))


class TwoStepOff(TwoStepHandler):
    async def get(self) -> None:
        self.show("me/two_step_off.html")

    async def save(self) -> None:
        if not await self.gateway.database.read(staff.asks_code, self.identity.name):
            raise BadValue(msgid("two-step sign-in is off already"))
        if await self.gateway.database.read(staff.is_code_demanded, self.identity.name):
            raise BadValue(msgid("an administrator demands the code of you: it stays on"))
        await self.with_code(totp.switch_off)
        self.done("/admin/me")
