"""Token health: how many are in which state, who must consent again, and when consents end."""

from datetime import timedelta

from wxadmin import days
from wxadmin.clock import hour_of, utcnow
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.charts import Bucket, Series, stacked_bars
from wxadmin.handlers.admin.durations import spoken
from wxadmin.handlers.admin.menu import TOKEN_READERS
from wxadmin.handlers.admin.numbers import Number, whole
from wxadmin.handlers.admin.user_words import TOKENS
from wxadmin.handlers.front import Front
from wxadmin.i18n import msgid, translator
from wxadmin.models import Stage
from wxadmin.queries import standing as queries
from wxadmin.queries.standing import Standing
from wxadmin.queries.token_states import TokenHealth
from wxadmin.wechat import errcodes

FORECAST_DAYS = 30
_HOURS = 24
# Nobody without a token is among tokens.
_STATES = [state for state in TokenHealth if state is not TokenHealth.NONE]


async def current_standing(front: Front) -> Standing:
    """How all tokens stand, as of a moment ago."""
    read = front.gateway.database.read
    return await front.standing.answer(lambda: read(queries.standing, now=utcnow(), zone=front.zone))


class Tokens(StaffHandler):
    roles = TOKEN_READERS

    async def get(self) -> None:
        standing = await current_standing(self.front)
        newest = hour_of(utcnow())
        hours = [newest - timedelta(hours=back) for back in range(_HOURS)]
        refreshes = await self.gateway.database.read(queries.refreshes, hours)
        lang = self.language
        self.show(
            "tokens/page.html",
            standing=standing,
            states=_STATES,
            words=TOKENS,
            numbers=self._numbers(standing),
            forecast=self._forecast(standing),
            drawings=self._drawings(standing),
            refreshes=refreshes,
            titles={one.code: errcodes.find(one.code, Stage.REFRESH).title(lang) for one in refreshes if one.code},
            lag=lambda account: spoken(account.due_since, standing.at, lang) if account.due_since else "—",
        )

    def _numbers(self, standing: Standing) -> list[Number]:
        lag = spoken(standing.at - standing.lag, standing.at, self.language) if standing.lag else "0"
        return [
            *(
                Number(TOKENS[state].name, whole(standing.of(state)), f"token_{state}")
                for state in (TokenHealth.FRESH, TokenHealth.LATE, TokenHealth.NEEDS_CONSENT)
            ),
            Number(msgid("Refresh lag"), lag, "refresh_lag"),
        ]

    def _forecast(self, standing: Standing) -> list[tuple[str, int]]:
        """Explicit consents that end on each of the coming days, today first."""
        today = days.day_of(standing.at, self.front.zone)
        coming = [today + number * days.DAY for number in range(FORECAST_DAYS)]
        return [(f"{day:%Y-%m-%d}", standing.ending[day]) for day in coming]

    def _drawings(self, standing: Standing) -> list[str]:
        say = translator(self.language).gettext
        forecast = self._forecast(standing)
        buckets = [Bucket(day[5:], None, (tokens,)) for day, tokens in forecast]
        series = [Series(say(msgid("Consents that end")), 2)]
        title = say(msgid("Explicit consents that end, by day"))
        describe = self.ending_soon(standing)
        return [stacked_bars(buckets, series, title=title, describe=describe, wide=wide) for wide in (True, False)]

    def ending_soon(self, standing: Standing) -> str:
        """The forecast in a sentence."""
        total = whole(sum(tokens for _, tokens in self._forecast(standing)))
        sentence = msgid("In the coming 30 days, the explicit consents of %s users end.")
        return translator(self.language).gettext(sentence) % total
