"""Who saw, changed and took what, by person, kind, action and day."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from wxadmin.handlers.admin.audit_details import Teller
from wxadmin.handlers.admin.audit_words import ACTION_WORDS, DETAIL_WORDS, KIND_WORDS, KINDS
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.menu import ADMINS
from wxadmin.handlers.base import BadRequest
from wxadmin.queries import audit
from wxadmin.queries.audit import AuditFilters, Key

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Microseconds since then and an entry's id, neither with more digits than the database can hold.
_KEY = re.compile(r"([0-9]{1,16})-([0-9]{1,18})")


class AuditList(StaffHandler):
    roles = ADMINS

    async def get(self) -> None:
        asked = {name: value for name in ("actor", "kind", "action", "day") if (value := self.query(name))}
        page = await self.gateway.database.read(
            audit.page, self._filters(asked), before=self._key("before"), after=self._key("after")
        )
        self.show(
            "audit/list.html",
            asked=asked,
            page=page,
            action_words=ACTION_WORDS,
            kind_words=KIND_WORDS,
            subject_address=self._subject_address,
            teller=Teller(self.language, self.front.zone),
            detail_words=DETAIL_WORDS,
            newer=self._beside(asked, "after", page.newer),
            older=self._beside(asked, "before", page.older),
        )

    def _filters(self, asked: dict[str, str]) -> AuditFilters:
        since = until = None
        if day := asked.get("day"):
            try:
                since = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=self.front.zone)
                until = since + timedelta(days=1)
            except (ValueError, OverflowError):
                raise BadRequest("day is a date such as 2026-11-20") from None
        kind, action = asked.get("kind"), asked.get("action")
        if kind is not None and kind not in KIND_WORDS:
            raise BadRequest(f"kind is one of {', '.join(KIND_WORDS)}")
        actions = {action} if action else KINDS.get(kind or "")
        but = frozenset().union(*KINDS.values()) if kind == "changed" else ()
        return AuditFilters(asked.get("actor"), actions, but, since, until)

    def _subject_address(self, subject: str) -> str | None:
        """The page of the person or attempt that somebody saw."""
        kind, _, name = subject.partition(" ")
        pages = {"user": "/admin/users/", "attempt": "/admin/attempts/", "export": "/admin/exports/"}
        return self.path(pages[kind] + quote(name)) if name and kind in pages else None

    def _key(self, name: str) -> Key | None:
        text = self.query(name)
        if text is None:
            return None
        match = _KEY.fullmatch(text)
        if match is None:
            raise BadRequest(f"{name} is not a page of this list")
        return _EPOCH + int(match[1]) * _MICROSECOND, int(match[2])

    def _beside(self, asked: dict[str, str], side: str, key: Key | None) -> str | None:
        """The address of the page beside this one."""
        if key is None:
            return None
        at, entry_id = key
        return "?" + urlencode(asked | {side: f"{(at - _EPOCH) // _MICROSECOND}-{entry_id}"})
