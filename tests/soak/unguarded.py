"""`wxadmin …` without the guard that is named first (`claims serve …`): the proof that the storms would notice."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, update
from sqlalchemy.orm import Session

from wxadmin.__main__ import main
from wxadmin.models import Token
from wxadmin.refreshing import moods
from wxadmin.services import claims, leases
from wxadmin.services.attempts import AttemptSeen
from wxadmin.services.batch import Batch
from wxadmin.services.claims import Claim, Claimant

_reason_against = claims._reason_against
_taken = leases._taken


def without_claims() -> None:
    """Whoever has the cookie exchanges the code, as often as they come."""
    claims._decide = _let_all_in
    claims.take = _give_to_all


def without_cookies() -> None:
    """Whoever brings a state is taken for the browser that began."""
    claims._reason_against = _reason_apart_from_the_cookie


def without_leases() -> None:
    """Whoever looks next finds a token that is being refreshed as due as before."""
    leases._taken = _taken_without_a_trace


def without_pauses() -> None:
    """What failed is tried again at once, however much fails."""
    moods.longest_pause = lambda failures: timedelta()
    moods.is_tripped = lambda calls, failures: False
    moods.hold_for = lambda code: None


def _let_all_in(steps: Sequence[Claim], found: dict[bytes, AttemptSeen]) -> list[claims._Return]:
    return [
        claims._Return(step, attempt, None if attempt else claims.STATE_UNKNOWN)
        for step in steps
        for attempt in [found.get(step.state_hash)]
    ]


def _give_to_all(batch: Batch, claimants: Iterable[Claimant]) -> set[int]:
    return {claimant.claim_id for claimant in claimants}


def _reason_apart_from_the_cookie(attempt: AttemptSeen | None, step: Claim) -> str | None:
    return _reason_against(attempt, replace(step, cookie_hash=attempt.cookie_hash) if attempt else step)


def _taken_without_a_trace(session: Session, *which: Any, **more: Any) -> Sequence[Row[Any]]:
    rows = _taken(session, *which, **more)
    taken = update(Token).where(Token.user_id.in_([row.user_id for row in rows]))
    session.execute(taken.values(lease_until=None).execution_options(synchronize_session=False))
    return rows


GUARDS: dict[str, Callable[[], None]] = {
    "claims": without_claims,
    "cookies": without_cookies,
    "leases": without_leases,
    "pauses": without_pauses,
}

if __name__ == "__main__":
    GUARDS[sys.argv.pop(1)]()
    main()
