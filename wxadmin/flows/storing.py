"""What an exchange leads to, stored: a login with a ticket for its site, or the attempt's end."""

from datetime import datetime, timedelta

from wxadmin.clock import utcnow
from wxadmin.flows.exchange import Identity
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.sealing import sealed_tokens
from wxadmin.models import Outcome
from wxadmin.refreshing.schedule import first_refresh_at
from wxadmin.security.hashes import random_text, sha256
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.ends import End
from wxadmin.services.facts import CallFact
from wxadmin.services.logins import Login

_TICKET_LENGTH = 32


def new_ticket() -> str:
    """One that nobody can guess."""
    return random_text(_TICKET_LENGTH)


async def store_login(
    gateway: Gateway,
    attempt: AttemptSeen,
    identity: Identity,
    facts: tuple[CallFact, ...],
    *,
    ticket: str | None,
    returned_at: datetime,
    browser_bound: bool,
) -> None:
    """Returns when user, tokens, events, counts and the ticket have been committed; without a ticket, nobody is handed
    to the site."""
    now, grant = utcnow(), identity.grant
    expires_in = timedelta(seconds=grant.expires_in)
    due = first_refresh_at(now, expires_in, gateway.refresh_ahead)
    await gateway.journal.write(
        Login(
            attempt=attempt,
            at=now,
            returned_at=returned_at,
            openid=grant.openid,
            unionid=identity.unionid,
            profile=identity.profile,
            tokens=sealed_tokens(gateway.keys, attempt.account_id, grant, expires_at=now + expires_in, due=due),
            ticket_hash=sha256(ticket) if ticket else None,
            calls=facts,
            browser_bound=browser_bound,
        )
    )


async def store_end(
    gateway: Gateway, attempt: AttemptSeen, identity: Identity | None, facts: tuple[CallFact, ...]
) -> Outcome:
    """The outcome of an exchange that brought no login: WeChat's snapshot page has no person behind it."""
    outcome = Outcome.SNAPSHOT if identity is not None else Outcome.FAILED
    await gateway.journal.write(End(attempt, outcome, facts))
    return outcome
