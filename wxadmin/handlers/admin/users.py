"""One authorized user with everything that happened, and what the pages of users share."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus

from tornado.web import HTTPError

from wxadmin import support_codes
from wxadmin.errors import BadValue, NoSuchAccount, NoSuchList, NoSuchSite
from wxadmin.handlers.admin import erasure_words
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.durations import spoken_ms
from wxadmin.handlers.admin.menu import ADMINS, NOT_DEVELOPERS, TOKEN_KEEPERS, TOKEN_READERS
from wxadmin.handlers.admin.reason_words import ERASURE_WORDS, REASON_WORDS, nothing_entered
from wxadmin.handlers.admin.user_words import CLASSES, TOKENS
from wxadmin.handlers.base import BadRequest
from wxadmin.models import Role
from wxadmin.queries import erasures, masking, user_profiles
from wxadmin.queries.user_filters import Choices, UserFilters, choices
from wxadmin.services import lookups
from wxadmin.vocabulary import STAGES
from wxadmin.wechat import errcodes

_PICTURE = re.compile(r"https?://((?:thirdwx|wx)\.qlogo\.cn/.+)")
_GREATEST_ID = 2**63 - 1


class UserHandler(StaffHandler):
    """What list, file and page of users share."""

    roles = NOT_DEVELOPERS

    def filters(self) -> UserFilters:
        try:
            return UserFilters.read({name: self.query(name) for name in UserFilters.names()})
        except BadValue as error:
            raise BadRequest(str(error)) from None

    async def choices_for(self, filters: UserFilters) -> Choices:
        """What can be chosen. Raises BadRequest where something is asked for that is not among that."""
        try:
            return await self.gateway.database.read(choices, filters)
        except (NoSuchAccount, NoSuchList, NoSuchSite) as error:
            raise BadRequest(str(error)) from None

    async def note_search(self, filters: UserFilters, found: Sequence[int]) -> None:
        """Puts on record that somebody was looked for by what is masked to whoever looks."""
        by = [one for one in masking.SEARCHED if not self.masks.is_clear(one)]
        if filters.q and by:
            await self.gateway.database.write(lookups.note, "users", by=by, found=found, actor=self.identity.name)

    def moment(self, at: datetime) -> str:
        """To the minute; the page says the zone once."""
        return f"{at.astimezone(self.front.zone):%Y-%m-%d %H:%M}"


class UserShow(UserHandler):
    async def get(self, typed_id: str) -> None:
        user_id = int(typed_id)
        if user_id > _GREATEST_ID:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        database = self.gateway.database
        found = await database.read(user_profiles.find, user_id, masks=await self.masks_for_one())
        if found is None:
            await self._show_receipt(user_id)
            return
        events = await database.read(
            user_profiles.events, user_id, below=self._event_id("older"), above=self._event_id("newer")
        )
        self.show(
            "users/show.html",
            found=found,
            user=found.user,
            picture=picture(found.user.headimgurl, self.settings["picture_origin"]),
            events=events,
            stages=STAGES,
            classes=CLASSES,
            tokens=TOKENS,
            entry=errcodes.find,
            spoken_ms=partial(spoken_ms, lang=self.language),
            moment=self.moment,
            own=self.path(f"/admin/users/{user_id}"),
            may_reveal=self.identity.role in masking.REVEALERS,
            reasons=REASON_WORDS,
            entered=nothing_entered,
            shown_code=support_codes.show,
            sees_attempts=self.identity.role is not Role.MARKETER,
            checks_tokens=self.identity.role in TOKEN_READERS,
            keeps_tokens=self.identity.role in TOKEN_KEEPERS,
            forgets=self.identity.role in ADMINS,
        )

    async def _show_receipt(self, user_id: int) -> None:
        """Of whoever was forgotten."""
        receipt = await self.gateway.database.read(erasures.of_user, user_id)
        if receipt is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        self.show(
            "users/forgotten.html",
            receipt=receipt,
            sees_receipt=self.identity.role in ADMINS,
            reasons=ERASURE_WORDS,
            tables=erasure_words.TABLES,
            cleaned=erasure_words.CLEANED,
            moment=self.moment,
            moment_of=lambda at: self.moment(datetime.fromisoformat(at)),
        )

    def _event_id(self, name: str) -> int | None:
        text = self.query(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= _GREATEST_ID):
            raise BadRequest(f"{name} is the id of an event")
        return int(text)


def picture(headimgurl: str | None, simulator: str) -> str | None:
    """The avatar's address where it is one of WeChat's, by https, or of the simulator at that origin, if there is one;
    the page's policy lets no other in."""
    address = headimgurl or ""
    if simulator and address.startswith(f"{simulator}/"):
        return address
    found = _PICTURE.fullmatch(address)
    return f"https://{found[1]}" if found else None
