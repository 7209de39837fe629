"""Whose tokens each account has refreshed, and what each choice would cost it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from wxadmin.models.account import is_sample_appid
from wxadmin.queries import refresh_costs
from wxadmin.queries.accounts import AccountRow
from wxadmin.queries.standing import Standing
from wxadmin.refreshing.policies import Policy


@dataclass(frozen=True, slots=True)
class Choice:
    """`costs` are calls a day, `wasted` those of them that silent tokens take, which can only say the OpenID again."""

    account: AccountRow
    costs: Mapping[Policy, int]
    is_held: bool

    @property
    def is_sample(self) -> bool:
        """Sample data is never refreshed, whatever was chosen."""
        return is_sample_appid(self.account.appid)

    @property
    def wasted(self) -> int:
        if self.is_sample or self.account.refresh_policy != Policy.ALL:
            return 0
        return self.costs[Policy.ALL] - self.costs[Policy.USERINFO]


def choices(
    known: Sequence[AccountRow], standing: Standing, *, held: Collection[int], ahead: timedelta
) -> list[Choice]:
    """Of the accounts that are on; `held` are the ids of those that are paused, `ahead` is the setting."""
    return [
        Choice(
            account,
            refresh_costs.by_policy(
                standing.of_account(account.id), active_days=account.refresh_active_days, ahead=ahead, now=standing.at
            ),
            is_held=account.id in held,
        )
        for account in known
        if account.disabled_at is None
    ]
