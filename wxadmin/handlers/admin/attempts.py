"""Attempts: the list that finds one, and one with everything that happened to it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote, urlencode

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.days import DAY, start_of
from wxadmin.handlers.admin import callbacks, causes
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.durations import spoken
from wxadmin.handlers.admin.menu import NOT_MARKETERS
from wxadmin.handlers.admin.numbers import whole
from wxadmin.handlers.admin.ranges import read_day
from wxadmin.handlers.admin.timelines import timeline
from wxadmin.handlers.admin.verdicts import remedy, verdict
from wxadmin.handlers.admin.vocabulary import BROWSERS, OUTCOMES, SCOPES
from wxadmin.handlers.base import BadRequest
from wxadmin.i18n import msgid, translator
from wxadmin.queries import attempt, attempts, places
from wxadmin.queries.attempt import Missing
from wxadmin.queries.attempts import AttemptFilters
from wxadmin.queries.places import Place, Places
from wxadmin.wechat import errcodes

FIELDS = ("outcome", "site", "account", "scope", "browser", "code", "openid", "ref", "from", "to")
# What tells who somebody is, and so not for whoever is confined to some sites.
_PERSONAL = ("openid", "ref")
_LONGEST_REF = 64
CODE = re.compile(r"-?[0-9]{1,7}|gw_[a-z_]{1,29}")
_OPENID = re.compile(r"[A-Za-z0-9_-]{20,64}")
_LIKE_A_SUPPORT_CODE = re.compile(r"[0-9A-Za-z]([ \u2010\u2013-]?[0-9A-Za-z]){6,8}")

_NOT_FOUND = {
    Missing.UNKNOWN: (
        HTTPStatus.NOT_FOUND,
        msgid("There is no attempt of this number"),
        msgid(
            "The number is typed right. Its attempt is of another gateway, or was removed: attempts are kept for "
            "%(days)d days."
        ),
    ),
    Missing.NOT_YOURS: (
        HTTPStatus.FORBIDDEN,
        msgid("This attempt is not yours to see"),
        msgid("It belongs to a site that you are not a developer of. An administrator can add you there."),
    ),
}
_MISTYPED = (
    HTTPStatus.NOT_FOUND,
    msgid("This number is mistyped"),
    msgid("A support code has eight signs, such as K7M2-Q9XD, and these do not fit together. Ask for it again."),
)


class AttemptList(StaffHandler):
    """The list and its search: a support code leads to its attempt, an errcode or an openid to those with it."""

    roles = NOT_MARKETERS

    async def get(self) -> None:
        asked = {name: value for name in FIELDS if (value := (self.query(name) or "").strip())}
        q = (self.query("q") or "").strip()
        if q and (found := self._meant(q)):
            self.redirect(found)
            return
        among = self.identity.site_ids
        known = await self.gateway.database.read(places.all_places, among=among)
        filters = self._filters(asked, known)
        page = await self.gateway.database.read(
            attempts.page, filters, before=self._cursor("before"), after=self._cursor("after")
        )
        count = await self.gateway.database.read(attempts.count, filters)
        self.show(
            "attempts/list.html",
            asked=asked,
            q=q,
            is_mistyped=_LIKE_A_SUPPORT_CODE.fullmatch(q) is not None,
            page=page,
            count=count,
            searched=attempts.SEARCHED,
            whole=whole,
            places=known,
            outcomes=OUTCOMES,
            browsers=BROWSERS,
            scopes=SCOPES,
            codes=sorted({entry.code for entry in errcodes.all_entries() if entry.stage != "authorize"}),
            title_of=self._title_of,
            show_code=support_codes.show,
            waited=lambda row: spoken(row.started_at, row.ended_at or utcnow(), self.language),
            link=lambda **changes: self._link(asked | changes),
        )

    def _meant(self, q: str) -> str | None:
        """Where a search leads that names one thing."""
        if code := support_codes.read(q):
            return self.path(f"/admin/attempts/{support_codes.show(code)}")
        if CODE.fullmatch(q):
            return self._link({"code": q})
        if _OPENID.fullmatch(q) and self.identity.site_ids is None:
            return self._link({"openid": q})
        return None

    def _filters(self, asked: Mapping[str, str], known: Places) -> AttemptFilters:
        if "code" in asked and not CODE.fullmatch(asked["code"]):
            raise BadRequest("code is an errcode such as 40029 or a reason such as gw_timeout")
        if self.identity.site_ids is not None and (personal := [name for name in _PERSONAL if name in asked]):
            raise BadRequest(f"{personal[0]} is not for every role to look for")
        if "openid" in asked and not _OPENID.fullmatch(asked["openid"]):
            raise BadRequest("openid is one of WeChat's")
        if "ref" in asked and (len(asked["ref"]) > _LONGEST_REF or not asked["ref"].isprintable()):
            raise BadRequest(f"ref has at most {_LONGEST_REF} printable characters")
        zone = self.front.zone
        return AttemptFilters(
            outcome=_one_of("outcome", asked, OUTCOMES),
            site_id=_named("site", asked, known.sites),
            account_id=_named("account", asked, known.accounts),
            scope=_one_of("scope", asked, SCOPES),
            browser_family=_one_of("browser", asked, BROWSERS),
            code=asked.get("code"),
            openid=asked.get("openid"),
            ref=asked.get("ref"),
            since=start_of(read_day("from", asked["from"]), zone) if "from" in asked else None,
            until=start_of(read_day("to", asked["to"]) + DAY, zone) if "to" in asked else None,
            among=self.identity.site_ids,
        )

    def _cursor(self, name: str) -> int | None:
        return read_cursor(name, self.query(name))

    def _link(self, values: Mapping[str, object]) -> str:
        query = urlencode({name: value for name, value in values.items() if value is not None})
        return self.path("/admin/attempts") + (f"?{query}" if query else "")

    def _title_of(self, code: str) -> str:
        return errcodes.find(code, "any").title(self.language)


class AttemptShow(StaffHandler):
    """One attempt: the verdict first, then the steps, then the facts."""

    roles = NOT_MARKETERS

    async def get(self, typed: str) -> None:
        code = support_codes.read(typed)
        if code is None:
            self._not_found(typed, _MISTYPED)
            return
        found = await self.gateway.database.read(attempt.find, code, among=self.identity.site_ids)
        if isinstance(found, Missing):
            self._not_found(typed, _NOT_FOUND[found])
            return
        if typed != (proper := support_codes.show(found.support_code)):
            self.redirect(self.path(f"/admin/attempts/{quote(proper)}"))
            return
        now = utcnow()
        self.show(
            "attempts/show.html",
            shown=found,
            code=proper,
            verdict=verdict(found, self.language, now),
            causes=causes.likely(found, self.language),
            lines=timeline(found, self.language, now),
            callbacks=callbacks.side_by_side(found, self.language),
            to_the_millisecond=self._to_the_millisecond,
            outcome=OUTCOMES[found.outcome],
            browsers=BROWSERS,
            scopes=SCOPES,
            remedy=remedy(found, self.language),
        )

    def _to_the_millisecond(self, at: datetime) -> str:
        local = at.astimezone(self.front.zone)
        return f"{local:%H:%M:%S}.{local.microsecond // 1_000:03}"

    def _not_found(self, typed: str, why: tuple[HTTPStatus, str, str]) -> None:
        status, title, what_to_do = why
        self.set_status(status)
        words = translator(self.language)
        told = words.gettext(what_to_do) % {"days": self.front.settings.keep_events_days}
        self.show("attempts/missing.html", title=words.gettext(title), what_to_do=told, typed=typed)


def read_cursor(name: str, text: str | None) -> int | None:
    """The id that a page begins after. Raises BadRequest."""
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise BadRequest(f"{name} is a number that a link of this list carries")
    return int(text)


def _one_of(name: str, asked: Mapping[str, str], choices: Mapping[str, object]) -> str | None:
    value = asked.get(name)
    if value is not None and value not in choices:
        raise BadRequest(f"{name} is one of {', '.join(choices)}")
    return value


def _named(name: str, asked: Mapping[str, str], choices: Sequence[Place]) -> int | None:
    if name not in asked:
        return None
    for place in choices:
        if place.name == asked[name]:
            return place.id
    raise BadRequest(f"there is no {name} of this name, or it is not yours to see")
