"""What becomes of a visit: each function lets one unfold to its end."""

from collections.abc import Callable
from random import Random

from wxadmin.models import Class, Outcome, Stage
from wxadmin.sample import troubles
from wxadmin.sample.chances import Durations, Shares
from wxadmin.sample.crowd import Crowd
from wxadmin.sample.moments import MINUTE, SECOND
from wxadmin.sample.troubles import Trouble
from wxadmin.sample.visits import Visit, Visitor

SILENT, CONSENT = "snsapi_base", "snsapi_userinfo"
STATE_LIFETIME = 10 * MINUTE
# The sweeping job looks once a minute.
LONGEST_WAIT = STATE_LIFETIME + MINUTE
MOST_HAPPENINGS = 9
HAPPENINGS_OF_SNAPSHOT = 3

_TIMEOUT_MS = 5000
_LONGEST_RETURN_MS = 60_000
_RETURN_SILENTLY = Durations(620, 0.5)
_RETURN_WITH_CONSENT = Durations(4300, 0.75)
_CALL = Durations(110, 0.55)
_COMMIT = Durations(9, 0.6)
_REDEEM = Durations(240, 0.8)
_REPEAT = Durations(300, 1.5)
_EXCHANGE_REFUSALS = Shares(("40029", 40.0), ("40163", 28.0), ("-1", 12.0), ("45011", 8.0), ("gw_timeout", 12.0))


def succeed(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """Back from WeChat, exchanged, handed over, redeemed by the site."""
    _come_back(visit, rng)
    if rng.random() < 0.003:
        # The first call had no answer; the code was unspent after all.
        _call_fails(visit, Stage.EXCHANGE, troubles.NO_ANSWER, user_id=crowd.id_of(person, visit.now))
    _sign_in(visit, person, crowd, rng)
    _redeem(visit, rng)
    if rng.random() < 0.02:
        _repeat_callback(visit, rng)


def recover(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """The first code is refused, the second under the same state is taken."""
    _come_back(visit, rng)
    _call_fails(visit, Stage.EXCHANGE, _refusal(visit, rng), outcome=Outcome.FAILED)
    visit.exchanged = None
    visit.now += 3 * SECOND
    visit.returned = visit.now
    visit.record(Stage.RETURN, duration_ms=visit.waited_ms)
    _sign_in(visit, person, crowd, rng, recovered=True)
    _redeem(visit, rng)


def fail(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """WeChat refuses the code, or does not answer twice."""
    _come_back(visit, rng)
    code = _EXCHANGE_REFUSALS.draw(rng)
    if code == "gw_timeout":
        _call_fails(visit, Stage.EXCHANGE, troubles.NO_ANSWER)
        trouble = troubles.NO_ANSWER if rng.random() < 0.5 else troubles.refused("40163", visit.now, rng)
    else:
        trouble = troubles.refused(code, visit.now, rng)
    _fail_by(visit, trouble)


def meet_wrong_secret(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """The AppSecret was changed in WeChat's console and not yet here."""
    _come_back(visit, rng)
    _fail_by(visit, troubles.refused("40125", visit.now, rng))


def meet_frozen_secret(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """The AppSecret was frozen in WeChat's console, and is still."""
    _come_back(visit, rng)
    _fail_by(visit, troubles.refused("40243", visit.now, rng))


def meet_snapshot_page(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """WeChat shows its snapshot page: a virtual person, who is no user."""
    visit.scope = CONSENT
    _come_back(visit, rng)
    took_ms = _CALL.draw(rng)
    visit.now += took_ms * 1000
    visit.record(Stage.EXCHANGE, duration_ms=took_ms, outcome=Outcome.SNAPSHOT)
    visit.end(Outcome.SNAPSHOT)


def deny(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """The state comes back without a code."""
    _come_back(visit, rng, outcome=Outcome.DENIED)
    visit.end(Outcome.DENIED)


def lose_cookie(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """The browser comes back without the cookie; ten minutes later it is clear that nothing else will come."""
    visit.record(Stage.START)
    visit.now += _return_ms(visit, rng) * 1000
    visit.record(Stage.RETURN, Class.HARMLESS, trouble=troubles.COOKIE_LOST, duration_ms=visit.waited_ms)
    _sweep(visit, rng)
    visit.record(Stage.RETURN, Class.FAILURE, trouble=troubles.COOKIE_LOST, outcome=Outcome.FAILED)
    visit.end(Outcome.FAILED, troubles.COOKIE_LOST.code)


def stay_away(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """Nobody comes back."""
    visit.record(Stage.START)
    _sweep(visit, rng)
    visit.record(Stage.RETURN, Class.ABANDONED, trouble=troubles.NO_CALLBACK, outcome=Outcome.ABANDONED)
    visit.end(Outcome.ABANDONED, troubles.NO_CALLBACK.code)


def wait(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """Not back yet."""
    visit.record(Stage.START)


def be_refused(visit: Visit, person: int, crowd: Crowd, rng: Random) -> None:
    """The link was opened in another browser than WeChat's."""
    visit.visitor = Visitor("other", None, visit.visitor.ip)
    visit.record(Stage.START, Class.REFUSED, trouble=troubles.NOT_WECHAT, outcome=Outcome.FAILED)
    visit.end(Outcome.FAILED, troubles.NOT_WECHAT.code)


Fate = Callable[[Visit, int, Crowd, Random], None]
WELCOMES: frozenset[Fate] = frozenset({succeed, recover})
"""The fates that make a visitor a user."""

# All that need ten minutes to become clear.
LINGERING: frozenset[Fate] = frozenset({stay_away, lose_cookie})

USUAL: Shares[Fate] = Shares(
    (succeed, 93.3),
    (stay_away, 3.1),
    (meet_snapshot_page, 2.0),
    (fail, 0.9),
    (recover, 0.1),
    (lose_cookie, 0.2),
    (be_refused, 0.3),
    (deny, 0.1),
)


def _come_back(visit: Visit, rng: Random, *, outcome: Outcome | None = None) -> None:
    visit.record(Stage.START)
    visit.now += _return_ms(visit, rng) * 1000
    visit.returned = visit.now
    visit.record(Stage.RETURN, duration_ms=visit.waited_ms, outcome=outcome)


def _return_ms(visit: Visit, rng: Random) -> int:
    durations = _RETURN_WITH_CONSENT if visit.scope == CONSENT else _RETURN_SILENTLY
    return min(durations.draw(rng), _LONGEST_RETURN_MS)


def _refusal(visit: Visit, rng: Random) -> Trouble:
    return troubles.refused("40029" if rng.random() < 0.6 else "40163", visit.now, rng)


def _call_fails(
    visit: Visit,
    stage: Stage,
    trouble: Trouble,
    *,
    user_id: int | None = None,
    outcome: Outcome | None = None,
) -> None:
    took_ms = _TIMEOUT_MS if trouble is troubles.NO_ANSWER else 130
    visit.now += took_ms * 1000
    visit.exchanged = visit.exchanged or visit.now
    visit.record(stage, Class.FAILURE, trouble=trouble, duration_ms=took_ms, user_id=user_id, outcome=outcome)


def _fail_by(visit: Visit, trouble: Trouble) -> None:
    _call_fails(visit, Stage.EXCHANGE, trouble, outcome=Outcome.FAILED)
    # An attempt keeps the moment of its exchange only where one was granted.
    visit.exchanged = None
    visit.end(Outcome.FAILED, trouble.code)


def _sign_in(visit: Visit, person: int, crowd: Crowd, rng: Random, *, recovered: bool = False) -> None:
    user_id = visit.user_id = crowd.id_of(person, visit.now)
    took_ms = _CALL.draw(rng)
    visit.now += took_ms * 1000
    visit.exchanged = visit.exchanged or visit.now
    visit.record(Stage.EXCHANGE, duration_ms=took_ms, user_id=user_id)
    consented = visit.scope == CONSENT
    has_profile = consented and _ask_profile(visit, rng)
    visit.now += _COMMIT.draw(rng) * 1000
    is_first_of_day = crowd.first_of_day(person, visit.now)
    is_new = crowd.logged_in(person, visit.now, visit.place, visit.channel, consented=consented)
    if has_profile:
        crowd.profile_at[person] = visit.now
    assert visit.returned
    visit.record(
        Stage.HANDOFF,
        duration_ms=(visit.now - visit.returned) // 1000,
        user_id=user_id,
        outcome=Outcome.SUCCEEDED,
        recovered=recovered,
        new_user=is_new,
        first_of_day=is_first_of_day,
    )
    visit.end(Outcome.SUCCEEDED)
    if recovered:
        visit.recovered = visit.now


def _ask_profile(visit: Visit, rng: Random) -> bool:
    """Whether WeChat told it."""
    if rng.random() < 0.002:
        refusal = troubles.refused("48001" if rng.random() < 0.5 else "-1", visit.now, rng)
        _call_fails(visit, Stage.USERINFO, refusal, user_id=visit.user_id)
        return False
    took_ms = _CALL.draw(rng)
    visit.now += took_ms * 1000
    visit.record(Stage.USERINFO, duration_ms=took_ms, user_id=visit.user_id)
    return True


def _redeem(visit: Visit, rng: Random) -> None:
    """The site's server asks who logged in; a few never do, a few ask twice."""
    chance = rng.random()
    if chance < 0.01:
        return
    issued = visit.now
    visit.now += _REDEEM.draw(rng) * 1000
    visit.redeemed = visit.now
    visit.record(Stage.REDEEM, duration_ms=(visit.now - issued) // 1000, user_id=visit.user_id)
    if chance > 0.997:
        visit.now += 900_000
        visit.record(
            Stage.REDEEM,
            Class.BLOCKED,
            trouble=troubles.TICKET_SPENT,
            duration_ms=(visit.now - issued) // 1000,
            user_id=visit.user_id,
        )


def _repeat_callback(visit: Visit, rng: Random) -> None:
    """WeChat or the back button opens the callback once more; nothing comes of it."""
    visit.now += min(_REPEAT.draw(rng), 8000) * 1000
    trouble = troubles.STATE_USED if rng.random() < 0.7 else troubles.COOKIE_LOST
    visit.record(Stage.RETURN, Class.HARMLESS, trouble=trouble, duration_ms=visit.waited_ms)


def _sweep(visit: Visit, rng: Random) -> None:
    visit.now = visit.at + STATE_LIFETIME + int(rng.random() * MINUTE)
