"""GET /api/v1/tokens/summary: how all tokens stand, as the page Token health has it."""

from wxadmin.handlers.admin.menu import TOKEN_READERS
from wxadmin.handlers.admin.tokens import current_standing
from wxadmin.handlers.api_staff.answers import AccountTokens, TokenSummary
from wxadmin.handlers.api_staff.base import Nothing, StaffApiHandler
from wxadmin.queries import accounts
from wxadmin.queries.token_states import TokenHealth


class TokensSummary(StaffApiHandler):
    roles = TOKEN_READERS
    summary = "How many tokens are in which state, and when consents end"
    asks = Nothing
    answers = TokenSummary

    async def get(self) -> None:
        self.asked(self.asks)
        standing = await current_standing(self.front)
        names = {row.id: row.name for row in await self.gateway.database.read(accounts.all_rows)}
        states = {state.value: standing.of(state) for state in TokenHealth if state is not TokenHealth.NONE}
        self.answer(
            TokenSummary(
                at=standing.at,
                tokens=standing.tokens,
                valid=standing.valid,
                states=states,
                ending_soon=standing.dying,
                ending=dict(sorted(standing.ending.items())),
                lag_seconds=standing.lag.total_seconds(),
                accounts=[
                    AccountTokens(account=names[one.account_id], states={s.value: n for s, n in one.states.items()})
                    for one in standing.accounts
                    if one.account_id in names
                ],
            )
        )
