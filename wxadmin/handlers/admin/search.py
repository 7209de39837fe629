"""The one search box: whatever is pasted leads to the attempt, person, errcode or sentence that it names."""

import re
from collections.abc import Collection, Sequence
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.errors import BadValue, ReturnURLRefused
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.menu import NOT_DEVELOPERS, NOT_MARKETERS, SITE_READERS
from wxadmin.handlers.admin.range_words import NEARNESS
from wxadmin.handlers.admin.search_hits import Found, Hit, of_attempt, of_codes, of_person, only_one
from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import msgid, translator
from wxadmin.lookup import links, moments, pasted
from wxadmin.lookup.links import Fault, Link, Purpose
from wxadmin.lookup.pasted import Pasted
from wxadmin.queries import places, search, users
from wxadmin.queries.attempt_filters import USUALLY_NEAR
from wxadmin.queries.masking import SEARCHED, Field
from wxadmin.queries.search import Named
from wxadmin.queries.user_filters import UserFilters
from wxadmin.queries.wanted_users import SHORTEST_OPENID
from wxadmin.security import return_urls
from wxadmin.security.hashes import sha256
from wxadmin.services import lookups
from wxadmin.vocabulary import BROWSERS, OUTCOMES
from wxadmin.wechat import errcodes

_PEOPLE_SHOWN = 5
_LONGEST_REF = 64
_UNNAMED = msgid("— (no nickname)")
_BY_REF = msgid("Attempts with the member reference %s")
_BY_IP = msgid("Attempts from the address %s")
_BY_CHANNEL = msgid("Users who came by the channel %s")
# What the gateway takes for one.
_CHANNEL = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Search(StaffHandler):
    """The box posts, so that what is pasted stands in no address and no log of a proxy. What may be
    secret is answered at once, and never shown again; all else gets an address that can be passed on."""

    async def get(self) -> None:
        asked = pasted.read(self.query("q") or "")
        if asked.may_be_secret:
            raise BadRequest("what may hold a token or a code is pasted into the box, so that no address holds it")
        await self._answer(asked)

    async def post(self) -> None:
        asked = pasted.read(self.get_body_argument("q", "", strip=False))
        if asked.text and not asked.may_be_secret:
            self._go_to("/admin/search?" + urlencode({"q": asked.text}))
        else:
            await self._answer(asked)

    async def _answer(self, asked: Pasted) -> None:
        found = await self._found(asked) if asked.text else Found()
        if address := only_one(found) or self._says_why(asked, found):
            self._go_to(address)
            return
        faults = await self._faults(asked.link) if asked.link else []
        role, now = self.identity.role, utcnow().astimezone(self.front.zone)
        moment = moments.said(asked.text, now) if not asked.may_be_secret else None
        self.show(
            "search/page.html",
            asked=asked,
            q="" if asked.may_be_secret else asked.text,
            found=found,
            faults=faults,
            title_of=lambda code: errcodes.find(code, "authorize").title(self.language),
            sees_attempts=role in NOT_MARKETERS,
            sees_people=role in NOT_DEVELOPERS,
            is_authorize=asked.link is not None and asked.link.purpose in {Purpose.AUTHORIZE, Purpose.WEBSITE},
            places=await self.gateway.database.read(places.all_places, among=self.identity.site_ids),
            moment=moment,
            around=f"{moment or now:%Y-%m-%dT%H:%M}",
            begins_with=SHORTEST_OPENID if self.masks.is_clear(Field.OPENID) else None,
            browsers=BROWSERS,
            nearness=NEARNESS,
            usually_near=USUALLY_NEAR,
            outcomes=OUTCOMES,
        )

    async def _found(self, asked: Pasted) -> Found:
        role, found = self.identity.role, Found()
        if role in NOT_MARKETERS:
            hits = await self.gateway.database.read(search.attempts, _named(asked), among=self.identity.site_ids)
            found.attempts = [of_attempt(one, is_guess=asked.support_code is None and bool(asked.near)) for one in hits]
            found.lists = await self._lists(asked)
        # Nobody is called like an address.
        if role in NOT_DEVELOPERS and not asked.link and not asked.ip:
            found.people, found.has_more_people = await self._people(asked)
            found.lists = [*found.lists, *await self._channel(asked)]
        if role in NOT_MARKETERS and not asked.link:
            found.codes = of_codes(asked, self.language, is_found=bool(found.people or found.lists))
        if role in SITE_READERS and asked.link:
            found.sites = await self._sites(asked.link)
        return found

    async def _people(self, asked: Pasted) -> tuple[Sequence[Hit], bool]:
        database, unnamed = self.gateway.database, translator(self.language).gettext(_UNNAMED)
        if exact := await database.read(search.people, asked.ids, masks=self.masks):
            await self._put_on_record((Field.OPENID, Field.UNIONID), [one.id for one in exact])
            return [of_person(one, unnamed, is_exact=True) for one in exact], False
        try:
            filters = UserFilters.read({"q": asked.text})
        except BadValue:
            return [], False
        reading = partial(users.page, size=_PEOPLE_SHOWN, masks=self.masks, budget=self.budget())
        page = await database.read(reading, filters, self.front.zone)
        await self._put_on_record(SEARCHED, [row.id for row in page.rows])
        return [of_person(row, unnamed, is_exact=False) for row in page.rows], page.after is not None

    async def _put_on_record(self, fields: Collection[Field], found: Sequence[int]) -> None:
        """That somebody was looked for, and found, by what is masked to whoever looks."""
        by = [one for one in fields if not self.masks.is_clear(one)]
        if by and found:
            await self.gateway.database.write(lookups.note, "users", by=by, found=found, actor=self.identity.name)

    async def _lists(self, asked: Pasted) -> Sequence[Hit]:
        """The attempts that have an address or a site's number for the visitor in common, as far as some of the newest
        have it."""
        if asked.may_be_secret or self.identity.site_ids is not None:
            return []
        ref = asked.text if _may_be_ref(asked.text) else None
        is_ref, is_ip = await self.gateway.database.read(search.shared, ref=ref, ip=asked.ip)
        say = translator(self.language).gettext
        return [
            Hit(title=say(title) % value, address="/admin/attempts?" + urlencode({name: value}))
            for title, name, value, is_met in ((_BY_REF, "ref", ref, is_ref), (_BY_IP, "ip", asked.ip, is_ip))
            if is_met
        ]

    async def _channel(self, asked: Pasted) -> Sequence[Hit]:
        """The users who came by the channel of this name, as far as one of the newest did."""
        if asked.may_be_secret or not _CHANNEL.fullmatch(asked.text):
            return []
        # What the look for people has left: where that was all of it, the newest few hundred users are looked at.
        reading = partial(users.page, size=1, masks=self.masks, budget=self.budget())
        page = await self.gateway.database.read(reading, UserFilters(channel=asked.text), self.front.zone)
        title = translator(self.language).gettext(_BY_CHANNEL) % asked.text
        return [Hit(title=title, address="/admin/users?" + urlencode({"channel": asked.text}))] if page.rows else []

    async def _sites(self, link: Link) -> Sequence[Hit]:
        """The sites whose visitors may be sent back to the address that the link is, or names."""
        address = link.parameter("url") if link.purpose is Purpose.START else link.address
        try:
            parsed = return_urls.parse(address or "")
        except ReturnURLRefused:
            return []
        registry, among = await self.gateway.registry.current(), self.identity.site_ids
        sites = (registry.site_for(account, parsed) for account in registry.accounts)
        return [
            Hit(title=site.title, address=f"/admin/sites/{site.name}", note=site.name)
            for site in sites
            if site and (among is None or site.id in among)
        ]

    async def _faults(self, link: Link) -> Sequence[Fault]:
        registry = await self.gateway.registry.current()
        appids = {account.appid: account.title for account in registry.accounts}
        return links.faults(link, appids=appids, callback_url=self.gateway.callback_url)

    def _says_why(self, asked: Pasted, found: Found) -> str | None:
        """Where nothing is found, the page of an attempt tells why there is none, and that of a code what is known."""
        if list(found) or self.identity.role not in NOT_MARKETERS:
            return None
        if asked.support_code:
            return f"/admin/attempts/{support_codes.show(asked.support_code)}"
        return f"/admin/failures/{asked.codes[0]}" if asked.codes and not asked.is_number else None

    def _go_to(self, address: str) -> None:
        self.redirect(self.path(address), status=HTTPStatus.SEE_OTHER)


def _may_be_ref(text: str) -> bool:
    return len(text) <= _LONGEST_REF and text.isprintable()


def _named(asked: Pasted) -> Named:
    states = [asked.link.parameter("state")] if asked.link else asked.marks
    tickets = [asked.link.parameter("ticket")] if asked.link else asked.marks
    return Named(
        support_codes=[asked.support_code] if asked.support_code else asked.near,
        rid=asked.rid,
        state_hashes=tuple(sha256(state) for state in states if state),
        ticket_hashes=tuple(sha256(ticket) for ticket in tickets if ticket),
    )
