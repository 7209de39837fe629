"""Signing in and out."""

import asyncio
from http import HTTPStatus

from wxadmin.clock import utcnow
from wxadmin.handlers.admin.base import AdminHandler, StaffHandler
from wxadmin.log import logger
from wxadmin.queries import staff
from wxadmin.security.hashes import hash_password, password_matches, sha256
from wxadmin.services import sessions

# Checked where there is no such person, so that the answer takes as long as for a wrong password.
_NOBODYS = hash_password("nobody's password")


class SignIn(AdminHandler):
    """The form, and the check of name and password."""

    def get(self) -> None:
        self.show("sign_in.html", next=self._next(), failed=False, wait=0, name="")

    async def post(self) -> None:
        name = self.get_body_argument("name", "")
        whom = (f"name {name}", f"address {self.customer}")
        if wait := self.must_wait(self.front.limits.sign_ins, *whom):
            self.set_status(HTTPStatus.TOO_MANY_REQUESTS)
            self.set_header("Retry-After", str(wait))
            self.show("sign_in.html", next=self._next(), failed=False, wait=wait, name=name)
            return
        staff_id = await self._checked(name, self.get_body_argument("password", "", strip=False))
        if staff_id is None:
            self.front.limits.sign_ins.failed(*whom)
            logger.warning("sign_in_failed", ip=self.visitor_ip, request_id=self.request_id)
            self.set_status(HTTPStatus.UNAUTHORIZED)
            self.show("sign_in.html", next=self._next(), failed=True, wait=0, name=name)
            return
        token = await self.gateway.database.write(
            sessions.begin,
            staff_id,
            name=name,
            now=utcnow(),
            ip=self.visitor_ip,
            user_agent=self.request.headers.get("User-Agent", ""),
        )
        self.set_cookie(
            self.session_cookie,
            token,
            path="/",
            max_age=int(sessions.LIFETIME.total_seconds()),
            expires_days=None,
            httponly=True,
            secure=self.front.is_https,
            samesite="Lax",
        )
        self.redirect(self._next(), status=HTTPStatus.SEE_OTHER)

    async def _checked(self, name: str, password: str) -> int | None:
        """The person's id where name and password belong together."""
        found = await self.gateway.database.read(staff.credentials, name)
        password_hash = found.password_hash if found else _NOBODYS
        matches = await asyncio.to_thread(password_matches, password_hash, password)
        return found.staff_id if found and matches else None

    def _next(self) -> str:
        """The page that was asked for before; only ever one of the dashboard's own."""
        return self.own_page(self.get_argument("next", ""))


class SignOut(StaffHandler):
    async def post(self) -> None:
        token = self.get_cookie(self.session_cookie, "")
        await self.gateway.database.write(sessions.end, sha256(token), name=self.identity.name)
        self.clear_cookie(self.session_cookie, path="/", secure=self.front.is_https, samesite="Lax")
        self.redirect(self.path("/admin/sign-in"), status=HTTPStatus.SEE_OTHER)
