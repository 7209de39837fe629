"""People of the dashboard: shown, added, given new passwords, switched off, their keys revoked."""

from http import HTTPStatus

from tornado.web import HTTPError

from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import ADMINS
from wxadmin.handlers.admin.role_words import ROLE_WORDS
from wxadmin.i18n import msgid
from wxadmin.models import Role
from wxadmin.queries import sites, staff_keys
from wxadmin.queries import staff as queries
from wxadmin.queries.staff import PersonRow
from wxadmin.security.hashes import random_text
from wxadmin.services import staff
from wxadmin.services import staff_keys as key_services


def made_password() -> str:
    """Eighty random bits, in letters and digits that can be read out."""
    return random_text(16).lower()


class StaffList(StaffHandler):
    roles = ADMINS

    async def get(self) -> None:
        people = await self.gateway.database.read(queries.all_rows)
        self.show("staff/list.html", people=people, role_words=ROLE_WORDS)


class StaffAdd(FormHandler):
    roles = ADMINS

    async def get(self) -> None:
        site_names = await self.gateway.database.read(sites.names)
        self.show("staff/add.html", role_words=ROLE_WORDS, site_names=site_names)

    async def save(self) -> None:
        name, password = self.entered("name"), made_password()
        await self.gateway.database.write(
            staff.add,
            name=name,
            role=self.entered("role"),
            password=password,
            site_names=self.get_body_arguments("sites"),
            actor=self.identity.name,
        )
        # Not a redirect: the password is stored only as a hash, and this page is the one place that shows it.
        self.show("staff/password.html", name=name, password=password)


class PersonHandler(FormHandler):
    """A question about one person."""

    roles = ADMINS

    async def person(self, name: str) -> PersonRow:
        found = await self.gateway.database.read(queries.named, name)
        if found is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        return found


class StaffShow(PersonHandler):
    """One person, and the keys by which their scripts ask."""

    async def get(self, name: str) -> None:
        person = await self.person(name)
        keys = await self.gateway.database.read(staff_keys.of_person, name)
        revoke = self.path(f"/admin/staff/{name}/keys")
        self.show("staff/show.html", person=person, keys=keys, role_words=ROLE_WORDS, revoke=revoke)

    async def save(self, name: str) -> None:
        raise HTTPError(HTTPStatus.METHOD_NOT_ALLOWED)


class StaffKeyRevoke(PersonHandler):
    async def get(self, name: str, key_id: str) -> None:
        await self.person(name)
        self.show(
            "me/question.html",
            title=msgid("Revoke this key?"),
            told=msgid("The scripts that ask by it are refused at once. It cannot be brought back: make another."),
            answer=msgid("Revoke"),
            back=f"/admin/staff/{name}",
        )

    async def save(self, name: str, key_id: str) -> None:
        await self.person(name)
        await self.gateway.database.write(key_services.revoke, int(key_id), owner=name, actor=self.identity.name)
        self.done(f"/admin/staff/{name}")


class StaffSites(PersonHandler):
    """Which sites a developer may see."""

    async def get(self, name: str) -> None:
        person = await self.person(name)
        if person.role is not Role.DEVELOPER:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        site_names = await self.gateway.database.read(sites.names)
        self.show("staff/sites.html", person=person, site_names=site_names)

    async def save(self, name: str) -> None:
        await self.person(name)
        chosen = self.get_body_arguments("sites")
        await self.gateway.database.write(staff.change_sites, name, chosen, actor=self.identity.name)
        self.done(f"/admin/staff/{name}")


class StaffTwoStep(PersonHandler):
    """Whether a two-step code is demanded of a person."""

    async def get(self, name: str) -> None:
        self.show("staff/two_step.html", person=await self.person(name))

    async def save(self, name: str) -> None:
        is_demanded = self.entered("demanded") == "yes"
        await self.person(name)
        await self.gateway.database.write(staff.demand_code, name, is_demanded=is_demanded, actor=self.identity.name)
        self.done(f"/admin/staff/{name}")


class StaffReset(PersonHandler):
    """Gives a person a new password, switches them on, and ends their sessions."""

    async def get(self, name: str) -> None:
        self.show("staff/reset.html", person=await self.person(name))

    async def save(self, name: str) -> None:
        password = made_password()
        await self.gateway.database.write(staff.reset, name, password, actor=self.identity.name)
        self.show("staff/password.html", name=name, password=password)


class StaffDisable(PersonHandler):
    async def get(self, name: str) -> None:
        self.show("staff/disable.html", person=await self.person(name))

    async def save(self, name: str) -> None:
        await self.gateway.database.write(staff.disable, name, actor=self.identity.name)
        self.done("/admin/staff")
