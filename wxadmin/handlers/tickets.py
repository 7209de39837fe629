"""The site's server asks who logged in: POST /api/v1/tickets/redeem."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from wxadmin.clock import utcnow
from wxadmin.handlers.api import Problem
from wxadmin.handlers.site_api import SiteApiHandler
from wxadmin.security import refs
from wxadmin.security.hashes import sha256
from wxadmin.services import tickets
from wxadmin.services.tickets import KeyRefused, Redeem, RedeemedLogin, TicketRefused

_LONGEST_IDEMPOTENCY_KEY = 255
_REFUSALS = {
    tickets.UNKNOWN: (
        HTTPStatus.NOT_FOUND,
        "this ticket is not known: send the value of the `ticket` parameter as it came, within five minutes",
    ),
    tickets.EXPIRED: (
        HTTPStatus.GONE,
        "this ticket is older than five minutes: redeem it as soon as the visitor is back",
    ),
    tickets.SPENT: (
        HTTPStatus.CONFLICT,
        "this ticket was redeemed before: redeem it once, take it out of the address, and send an Idempotency-Key "
        "if your server repeats requests",
    ),
    tickets.OTHER_SITE: (
        HTTPStatus.FORBIDDEN,
        "this ticket is for another site: use the key of the site whose return URL the visitor came back to",
    ),
}


class RedeemForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ticket: Annotated[str, Field(min_length=1, max_length=256)]
    ref: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class ProfileAnswer(BaseModel):
    nickname: str
    headimgurl: str | None


class RedeemAnswer(BaseModel):
    """`login_id` is text: it has more digits than JavaScript's numbers hold."""

    login_id: str
    openid: str
    unionid: str | None
    scope: str
    profile: ProfileAnswer | None
    nonce: str | None
    ref: str | None
    browser_bound: bool
    authenticated_at: datetime
    account: str


class TicketRedeem(SiteApiHandler):
    async def post(self) -> None:
        key = self.bearer()
        site = await self.site_of_key(key)
        if site is None:
            await self._note_at_the_attempt()
            raise Problem(HTTPStatus.UNAUTHORIZED, await self.why_no_key(key), reason=tickets.SITE_KEY)
        form = self.body(RedeemForm)
        if form.ref is not None and (problem := refs.problem(form.ref)):
            raise Problem(HTTPStatus.BAD_REQUEST, problem)
        redeemed = await self.gateway.journal.write(
            Redeem(
                ticket_hash=sha256(form.ticket),
                site_id=site.id,
                at=utcnow(),
                idempotency_hash=self._idempotency_hash(),
                ref=form.ref,
            )
        )
        if isinstance(redeemed, TicketRefused):
            status, detail = _REFUSALS[redeemed.reason]
            raise Problem(status, detail, reason=redeemed.reason)
        self.answer(_answer(redeemed))

    async def _note_at_the_attempt(self) -> None:
        """Whoever looks up the visitor's login reads there why the site has not got it. The caller has no key, and
        learns nothing of the ticket, not even whether there is one."""
        try:
            form = self.body(RedeemForm)
        except Problem:
            return
        await self.gateway.journal.write(KeyRefused(sha256(form.ticket), utcnow()))

    def _idempotency_hash(self) -> bytes | None:
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if not 0 < len(key) <= _LONGEST_IDEMPOTENCY_KEY:
            raise Problem(HTTPStatus.BAD_REQUEST, f"Idempotency-Key: up to {_LONGEST_IDEMPOTENCY_KEY} characters")
        return sha256(key)


def _answer(login: RedeemedLogin) -> RedeemAnswer:
    profile = None
    if login.nickname is not None:
        profile = ProfileAnswer(nickname=login.nickname, headimgurl=login.headimgurl)
    return RedeemAnswer(
        login_id=str(login.attempt_id),
        openid=login.openid,
        unionid=login.unionid,
        scope=login.scope,
        profile=profile,
        nonce=login.nonce,
        ref=login.ref,
        browser_bound=login.browser_bound,
        authenticated_at=login.authenticated_at,
        account=login.account,
    )
