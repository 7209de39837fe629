"""People of the staff at their browsers, signed in, over a gateway with the account `tea`, the shop and the clinic."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import StaffFactory
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import Role, Site
from wxadmin.services import sessions, sites
from wxadmin.tasks import exports

# Any value will do as long as cookie and form agree: a page of another origin can do neither.
_XSRF = "0123456789abcdef0123456789abcdef"
Fields = Mapping[str, str | list[str]]


@dataclass
class StaffVisitor:
    """Follows no redirect, and reads English unless told otherwise; `name` is who it is signed in as."""

    gateway: str
    http: httpx.AsyncClient
    name: str
    token: str
    session_cookie: str = "wxadmin_session"

    async def get(self, path: str, *, lang: str = "en", headers: Mapping[str, str] | None = None) -> httpx.Response:
        """The page at the path, query and all."""
        return await self.http.get(self.gateway + path, headers={"Cookie": self._cookie(lang)} | dict(headers or {}))

    async def post(
        self,
        path: str,
        fields: Fields | None = None,
        *,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        lang: str = "en",
    ) -> httpx.Response:
        """What the form's answer is; with `files` it is sent in parts, as browsers do."""
        headers = {"Cookie": f"{self._cookie(lang)}; _xsrf={_XSRF}"}
        said = {"_xsrf": _XSRF} | dict(fields or {})
        if files:
            return await self.http.post(self.gateway + path, data=said, files=dict(files), headers=headers)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return await self.http.post(self.gateway + path, content=urlencode(said, doseq=True), headers=headers)

    def _cookie(self, lang: str) -> str:
        return f"{self.session_cookie}={self.token}; wxadmin_lang={lang}"


SignIn = Callable[..., StaffVisitor]


@pytest.fixture(autouse=True)
def exports_begin_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_LOOKS_EVERY_S", 0.05)
    monkeypatch.setattr(exports, "_TELLS_EVERY_S", 0.05)


@pytest.fixture
def staff(gateway: str, database: Database, http: httpx.AsyncClient) -> SignIn:
    """`staff("developer", ["shop"])` is a person of that role, signed in."""
    numbers = itertools.count(1)

    def signed_in(role: str, site_names: Iterable[str] = ()) -> StaffVisitor:
        name = f"{Role(role)}-{next(numbers)}"
        token = database.write_now(_begun, name=name, role=role, site_names=list(site_names))
        return StaffVisitor(gateway, http, name, token)

    return signed_in


def _begun(session: Session, *, name: str, role: str, site_names: list[str]) -> str:
    named = [sites.find(session, site) for site in site_names]
    person = factories.stored(session, lambda: StaffFactory(name=name, role=role, sites=named))
    return sessions.begin(session, person.id, name=name, now=utcnow(), ip=None, user_agent="test")


@pytest.fixture
def shop(database: Database, gateway: str) -> Site:
    return database.read_now(_site, "shop")


@pytest.fixture
def clinic(database: Database, gateway: str) -> Site:
    return database.read_now(_site, "clinic")


def _site(session: Session, name: str) -> Site:
    return session.scalars(select(Site).where(Site.name == name)).one()
