"""wxadmin refresh --once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from wxadmin.commands.console import say

if TYPE_CHECKING:
    from wxadmin.queries.account_refreshes import HeldAccount
    from wxadmin.queries.late_tokens import LateTokens
    from wxadmin.services.refresh_passes import PassReport


def refresh(
    once: Annotated[bool, typer.Option("--once", help="One pass over the tokens that are due now.")] = False,
) -> None:
    """Refresh the access tokens that are due, and say what was done. `serve` does this by itself all the time."""
    import asyncio

    from wxadmin import app, log, settings
    from wxadmin.clock import utcnow
    from wxadmin.errors import BadValue
    from wxadmin.flows.refresh import refresh_pass
    from wxadmin.models import Trigger
    from wxadmin.queries import account_refreshes, late_tokens

    if not once:
        raise BadValue("say `wxadmin refresh --once`; `wxadmin serve` refreshes by itself all the time")
    loaded = settings.load()
    log.set_up(loaded.log_level, loaded.log_format)

    async def one_pass() -> None:
        async with app.make_front(loaded, loaded.public_url_for(8000)) as front:
            _say_report(await refresh_pass(front.gateway, Trigger.COMMAND))
            _say_held(await front.gateway.database.read(account_refreshes.held))
            _say_late(await front.gateway.database.read(late_tokens.by_reason, now=utcnow()))

    asyncio.run(one_pass())


def _say_report(report: "PassReport") -> None:
    say(f"due {report.leased}, renewed {report.renewed}, overtaken by a login {report.overtaken}")
    if report.put_aside:
        say(f"not called: {report.put_aside}, whose consent has ended or which their account's policy leaves out")
    if report.given_back:
        say(f"left for the next pass: {report.given_back}")
    for code, times in report.failed.most_common():
        say(f"failed with {code}: {times}")


def _say_held(accounts: "Sequence[HeldAccount]") -> None:
    """The accounts that are held, each with what to do."""
    from wxadmin.wechat import errcodes

    for account in accounts:
        since = f"{account.since:%Y-%m-%d %H:%M} UTC"
        if account.code is None:
            # Nothing but staff holds an account without a code.
            say(f"account {account.name}: paused by {account.actor} at {since}, until somebody resumes it")
            continue
        entry = errcodes.find(account.code, "refresh")
        say(f"account {account.name}: held since {since}, {account.code} {entry.title('en')}. {entry.remedy('en')}")
        if account.probe_at is not None:
            say(f"account {account.name}: one token is tried again at {account.probe_at:%Y-%m-%d %H:%M:%S} UTC")


def _say_late(late: "Sequence[LateTokens]") -> None:
    for tokens in late:
        reason = f"last refused with {tokens.code}" if tokens.code else "no refresh was tried yet"
        since = f"{tokens.since:%Y-%m-%d %H:%M} UTC"
        say(f"account {tokens.account}: {tokens.tokens} expired before they were renewed, since {since}; {reason}")
