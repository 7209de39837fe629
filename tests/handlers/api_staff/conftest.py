"""Scripts of people of the staff, each with a key of its owner's, over a gateway with the shop and the clinic."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import StaffFactory
from wxadmin.database import Database
from wxadmin.models import Role, Site
from wxadmin.queries.staff import identity
from wxadmin.services import sites, staff_keys


@dataclass
class Script:
    """Asks in the name of somebody."""

    gateway: str
    http: httpx.AsyncClient
    name: str
    key: str

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """The answer at a path below /api/v1."""
        given = {"Authorization": f"Bearer {self.key}"} | headers
        return await self.http.get(f"{self.gateway}/api/v1{path}", headers=given)

    async def post(self, path: str, body: object) -> httpx.Response:
        """The answer to a body of JSON."""
        given = {"Authorization": f"Bearer {self.key}"}
        return await self.http.post(f"{self.gateway}/api/v1{path}", headers=given, json=body)


Scripts = Callable[..., Script]


@pytest.fixture
def script(gateway: str, database: Database, http: httpx.AsyncClient) -> Scripts:
    """`script("developer", ["shop"])` is that of a person of this role."""
    numbers = itertools.count(1)

    def made(role: str, site_names: Iterable[str] = ()) -> Script:
        name = f"{Role(role)}-{next(numbers)}"
        key = database.write_now(_key, name=name, role=role, site_names=list(site_names))
        return Script(gateway, http, name, key)

    return made


def _key(session: Session, *, name: str, role: str, site_names: list[str]) -> str:
    named = [sites.find(session, site) for site in site_names]
    person = factories.stored(session, lambda: StaffFactory(name=name, role=role, sites=named))
    return staff_keys.make(session, identity(session, person), "test")


@pytest.fixture
def shop(database: Database, gateway: str) -> Site:
    return database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "shop")).one())


@pytest.fixture
def clinic(database: Database, gateway: str) -> Site:
    return database.read_now(lambda session: session.scalars(select(Site).where(Site.name == "clinic")).one())
