"""Scopes: who granted what, and what became of what was asked for."""

from collections.abc import Sequence
from functools import partial

from wxadmin import days
from wxadmin.clock import utcnow
from wxadmin.handlers.admin import upgrades
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.menu import NOT_DEVELOPERS
from wxadmin.handlers.admin.numbers import Number, per_cent, whole
from wxadmin.handlers.admin.upgrades import Upgrades
from wxadmin.handlers.front import Front
from wxadmin.i18n import msgid
from wxadmin.queries import ranges
from wxadmin.queries import scopes as queries
from wxadmin.queries.scopes import Asked, Grants
from wxadmin.vocabulary import SCOPES

_DAYS = 30
_EXPLICIT = "snsapi_userinfo"


class Scopes(StaffHandler):
    roles = NOT_DEVELOPERS

    async def get(self) -> None:
        read, now = self.gateway.database.read, utcnow()
        grants = await self.front.grants.answer(partial(count_grants, self.front))
        since = days.start_of(days.last_days(_DAYS, now, self.front.zone)[0], self.front.zone)
        asked = await read(queries.asked, since, now)
        self.show(
            "scopes/page.html",
            grants=grants,
            asked=asked,
            upgrades=Upgrades.of(grants, self.front.zone, self.language),
            numbers=_numbers(grants, asked),
            per_cent=per_cent,
            scope_words=SCOPES,
        )


async def count_grants(front: Front) -> Grants:
    """Who has granted what by now, which takes a while where there are many."""
    now = utcnow()
    weeks = ranges.by_week(upgrades.WEEKS, now, front.zone)
    return await front.gateway.database.read(queries.grants, now=now, weeks=weeks)


def _numbers(grants: Grants, asked: Sequence[Asked]) -> list[Number]:
    explicit = [row for row in asked if row.scope == _EXPLICIT]
    started, succeeded = sum(row.started for row in explicit), sum(row.succeeded for row in explicit)
    return [
        Number(msgid("Silent only"), whole(grants.silent), "silent_users"),
        Number(msgid("Explicit"), whole(grants.explicit), "explicit_users"),
        Number(
            msgid("Share with explicit consent"),
            per_cent(grants.explicit / grants.users if grants.users else None),
            "explicit_share",
        ),
        Number(
            msgid("Conversion of explicit authorization"),
            per_cent(succeeded / started if started else None),
            "explicit_conversion",
        ),
    ]
