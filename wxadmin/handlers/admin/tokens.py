"""Token health: how many are in which state and why, what refreshing costs, when consents end, what passes did."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from wxadmin.clock import hour_of, utcnow
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.durations import spoken
from wxadmin.handlers.admin.menu import ADMINS, NOT_DEVELOPERS, TOKEN_KEEPERS, TOKEN_READERS
from wxadmin.handlers.admin.numbers import Number, whole
from wxadmin.handlers.admin.refresh_choices import choices
from wxadmin.handlers.admin.token_forecast import Forecast
from wxadmin.handlers.admin.token_passes import PassWords
from wxadmin.handlers.admin.token_words import HOLDS, MEANINGS, POLICIES, why_held, why_late
from wxadmin.handlers.admin.user_words import TOKENS
from wxadmin.handlers.front import Front
from wxadmin.i18n import msgid, translator
from wxadmin.models import Stage
from wxadmin.queries import account_refreshes, accounts, refresh_passes
from wxadmin.queries import standing as queries
from wxadmin.queries.account_refreshes import HeldAccount
from wxadmin.queries.standing import Standing
from wxadmin.queries.token_states import TokenHealth
from wxadmin.wechat import errcodes

_HOURS = 24
_NEWEST_PASSES = 6
# Nobody without a token is among tokens.
_STATES = [state for state in TokenHealth if state is not TokenHealth.NONE]


async def current_standing(front: Front) -> Standing:
    """How all tokens stand, as of a moment ago."""
    return await front.standing.answer(partial(count_standing, front))


async def count_standing(front: Front) -> Standing:
    """How all tokens stand now, which takes a while where they are many."""
    return await front.gateway.database.read(queries.standing, now=utcnow(), zone=front.zone)


class Tokens(StaffHandler):
    roles = TOKEN_READERS

    async def get(self) -> None:
        standing = await current_standing(self.front)
        database, lang, now = self.gateway.database, self.language, utcnow()
        hours = [hour_of(now) - timedelta(hours=back) for back in range(_HOURS)]
        refreshes = await database.read(queries.refreshes, hours)
        held = await database.read(account_refreshes.held)
        known = await database.read(accounts.all_rows)
        ahead, held_ids = self.gateway.refresh_ahead, {account.account_id for account in held}
        self.show(
            "tokens/page.html",
            standing=standing,
            states=_STATES,
            words=TOKENS,
            numbers=self._numbers(standing, held),
            held=held,
            why_held=partial(why_held, lang=lang, role=self.identity.role),
            why_late=partial(why_late, lang=lang, role=self.identity.role),
            choices=choices(known, standing, held=held_ids, ahead=ahead),
            policies=POLICIES,
            forecast=Forecast.of(standing, self.front.zone, lang, users=self._users()),
            refreshes=refreshes,
            titles={one.code: errcodes.find(one.code, Stage.REFRESH).title(lang) for one in refreshes if one.code},
            passes=await database.read(refresh_passes.newest, limit=_NEWEST_PASSES),
            pass_words=PassWords(now, lang),
            ago=lambda since: spoken(since, standing.at, lang),
            may_keep=self.identity.role in TOKEN_KEEPERS,
            may_set_up=self.identity.role in ADMINS,
        )

    def _users(self) -> str | None:
        return self.path("/admin/users") if self.identity.role in NOT_DEVELOPERS else None

    def _numbers(self, standing: Standing, held: Sequence[HeldAccount]) -> list[Number]:
        lag = spoken(standing.at - standing.lag, standing.at, self.language) if standing.lag else "0"
        return [
            *(self._number(state, standing.of(state), held) for state in MEANINGS),
            Number(msgid("Refresh lag"), lag, "refresh_lag", note=self._say(msgid("of the longest overdue token"))),
        ]

    def _number(self, state: TokenHealth, tokens: int, held: Sequence[HeldAccount]) -> Number:
        badge = TOKENS[state].badge
        if state is TokenHealth.PAUSED and any(HOLDS[account.hold].badge == "bad" for account in held):
            badge = "bad"
        return Number(
            TOKENS[state].name,
            whole(tokens),
            f"token_{state}",
            note=self._say(MEANINGS[state]),
            href=f"/admin/users?token={state}",
            badge=badge if tokens else "stop",
        )

    def _say(self, text: str) -> str:
        return translator(self.language).gettext(text)
