"""Signing in, in one step or two, and out."""

import asyncio
from http import HTTPStatus

from wxadmin.clock import utcnow
from wxadmin.handlers.admin import half_way
from wxadmin.handlers.admin.base import AdminHandler, StaffHandler
from wxadmin.log import logger
from wxadmin.queries import staff
from wxadmin.queries.staff import Credentials
from wxadmin.security.hashes import hash_password, password_matches, sha256
from wxadmin.services import sessions, totp

# Checked where there is no such person, so that the answer takes as long as for a wrong password.
_NOBODYS = hash_password("nobody's password")


class SigningIn(AdminHandler):
    """What both steps share: who fails too often has to wait, and who is through is let in."""

    template = ""

    def ask(self, **values: object) -> None:
        self.show(self.template, **({"next": self._next(), "failed": False, "wait": 0, "name": ""} | values))

    def is_kept_waiting(self, name: str, *whom: str) -> bool:
        """Whether they have failed too often of late; then the answer says so."""
        wait = self.must_wait(self.front.limits.sign_ins, *whom)
        if wait:
            self.set_status(HTTPStatus.TOO_MANY_REQUESTS)
            self.set_header("Retry-After", str(wait))
            self.ask(wait=wait, name=name)
        return bool(wait)

    def refuse(self, name: str, *whom: str) -> None:
        self.front.limits.sign_ins.failed(*whom)
        logger.warning("sign_in_failed", ip=self.visitor_ip, request_id=self.request_id)
        self.set_status(HTTPStatus.UNAUTHORIZED)
        self.ask(failed=True, name=name)

    def whom(self, name: str) -> tuple[str, str]:
        """For whom a failure is counted."""
        return f"name {name}", f"address {self.customer}"

    async def let_in(self, person: Credentials) -> None:
        token = await self.gateway.database.write(
            sessions.begin,
            person.staff_id,
            name=person.name,
            now=utcnow(),
            ip=self.visitor_ip,
            user_agent=self.request.headers.get("User-Agent", ""),
        )
        self.keep(self.session_cookie, token, int(sessions.LIFETIME.total_seconds()))
        self.redirect(self._next(), status=HTTPStatus.SEE_OTHER)

    def keep(self, cookie: str, value: str, seconds: int) -> None:
        self.set_cookie(
            cookie,
            value,
            path="/",
            max_age=seconds,
            expires_days=None,
            httponly=True,
            secure=self.front.is_https,
            samesite="Lax",
        )

    @property
    def half_way_cookie(self) -> str:
        return "__Host-wxadmin_half_way" if self.front.is_https else "wxadmin_half_way"

    def _next(self) -> str:
        """The page that was asked for before; only ever one of the dashboard's own."""
        return self.own_page(self.get_argument("next", ""))


class SignIn(SigningIn):
    """The form, and the check of name and password."""

    template = "sign_in.html"

    def get(self) -> None:
        self.ask()

    async def post(self) -> None:
        name = self.get_body_argument("name", "")
        if self.is_kept_waiting(name, *self.whom(name)):
            return
        person = await self._checked(name, self.get_body_argument("password", "", strip=False))
        if person is None:
            self.refuse(name, *self.whom(name))
        elif person.asks_code:
            self.keep(self.half_way_cookie, half_way.stamp(person, self.gateway.keys), half_way.LIFETIME_S)
            self.redirect(f"{self.path('/admin/sign-in/code')}?{half_way.onwards(self._next())}")
        else:
            await self.let_in(person)

    async def _checked(self, name: str, password: str) -> Credentials | None:
        """The person, where name and password belong together."""
        found = await self.gateway.database.read(staff.credentials, name)
        password_hash = found.password_hash if found else _NOBODYS
        matches = await asyncio.to_thread(password_matches, password_hash, password)
        return found if matches else None


class SignInCode(SigningIn):
    """The second step: the code of the app, for whoever brought the right password minutes ago."""

    template = "sign_in_code.html"

    async def get(self) -> None:
        person = await self._half_way()
        if person:
            self.ask(name=person.name)
        else:
            self._begin_anew()

    async def post(self) -> None:
        person = await self._half_way()
        if person is None:
            self._begin_anew()
            return
        if self.is_kept_waiting(person.name, *self.whom(person.name)):
            return
        code = self.get_body_argument("code", "")
        if not await self.gateway.database.write(totp.take, self.gateway.keys, person.staff_id, code):
            self.refuse(person.name, *self.whom(person.name))
            return
        self.clear_cookie(self.half_way_cookie, path="/", secure=self.front.is_https, samesite="Lax")
        await self.let_in(person)

    async def _half_way(self) -> Credentials | None:
        """Whose password was right, if it still is."""
        stamp = self.get_cookie(self.half_way_cookie, "")
        staff_id = half_way.whose(stamp)
        person = await self.gateway.database.read(staff.credentials_of, staff_id) if staff_id else None
        return person if person and half_way.is_good(stamp, person, self.gateway.keys) else None

    def _begin_anew(self) -> None:
        self.redirect(f"{self.path('/admin/sign-in')}?{half_way.onwards(self._next())}", status=HTTPStatus.SEE_OTHER)


class SignOut(StaffHandler):
    leads_to_code = True

    async def post(self) -> None:
        token = self.get_cookie(self.session_cookie, "")
        await self.gateway.database.write(sessions.end, sha256(token), name=self.identity.name)
        self.clear_cookie(self.session_cookie, path="/", secure=self.front.is_https, samesite="Lax")
        self.redirect(self.path("/admin/sign-in"), status=HTTPStatus.SEE_OTHER)
