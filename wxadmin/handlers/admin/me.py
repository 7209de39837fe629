"""My sign-in: where I am signed in, my keys for scripts, and whether a code is asked for."""

from wxadmin.clock import utcnow
from wxadmin.handlers.admin import devices
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.i18n import msgid
from wxadmin.queries import staff, staff_keys, staff_sessions
from wxadmin.services import sessions
from wxadmin.services import staff_keys as key_services


class Me(StaffHandler):
    async def get(self) -> None:
        read, name, now = self.gateway.database.read, self.identity.name, utcnow()
        self.show(
            "me/page.html",
            devices=await read(
                staff_sessions.of_person, name, now=now, idle_since=now - sessions.IDLE, this=self.token_hash
            ),
            keys=await read(staff_keys.of_person, name),
            asks_code=await read(staff.asks_code, name),
            is_code_demanded=await read(staff.is_code_demanded, name),
            device=devices.called,
            revoke=self.path("/admin/me/keys"),
        )


class MyKeyAdd(FormHandler):
    async def get(self) -> None:
        self.show("me/new_key.html")

    async def save(self) -> None:
        name = self.entered("name")
        key = await self.gateway.database.write(key_services.make, self.identity, name)
        # Not a redirect: the key is stored only as a hash, and this page is the one place that shows it.
        self.show("me/key.html", name=name, key=key)


class _Question(FormHandler):
    """One question about one's own sign-in; `post` is the answer."""

    title = ""
    told = ""
    answer = ""

    async def get(self, *path: str) -> None:
        self.show("me/question.html", title=self.title, told=self.told, answer=self.answer, back="/admin/me")


class MyKeyRevoke(_Question):
    title = msgid("Revoke this key?")
    told = msgid("The scripts that ask by it are refused at once. It cannot be brought back: make another.")
    answer = msgid("Revoke")

    async def save(self, key_id: str) -> None:
        name = self.identity.name
        await self.gateway.database.write(key_services.revoke, int(key_id), owner=name, actor=name)
        self.done("/admin/me")


class MySessionEnd(_Question):
    title = msgid("Sign this browser out?")
    told = msgid("Whoever sits there has to sign in again.")
    answer = msgid("Sign out there")

    async def save(self, mark: str) -> None:
        await self.gateway.database.write(sessions.end_one, self.identity, mark)
        self.done("/admin/me")


class MySessionsEndOthers(_Question):
    title = msgid("Sign all other browsers out?")
    told = msgid("You stay signed in here, and nowhere else. Keys for scripts go on.")
    answer = msgid("Sign out everywhere else")

    async def save(self) -> None:
        await self.gateway.database.write(sessions.end_others, self.identity, self.token_hash)
        self.done("/admin/me")
