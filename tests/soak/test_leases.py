"""Many tokens due at once, several processes, one killed again and again: every token is refreshed, once; and when
WeChat fails in every way meanwhile, all that can live does in the end, and WeChat is not hammered."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.running import SiteKeys, keys, until
from tests.soak import brisk, fleet
from tests.soak.fleet import Fleet
from tests.soak.holders import Holders
from tests.soak.oracle import Oracle, asked
from tests.soak.renewals import EXPIRED, UNSETTLED, Renewals
from tests.soak.scale import SCALE, scaled, with_a_guard_off
from wxadmin.settings import Settings
from wxadmin.wechat.errcodes import Verdict, all_entries, refresh_verdict

pytestmark = pytest.mark.soak

TOKENS = scaled(50_000, least=500)
IS_FULL = SCALE >= 1
PROCESSES = {"sqlite": 2, "postgresql": 3}
# Leases as long as they are at full size; else a fifth, since those of the killed are waited for.
LEASES = "1" if IS_FULL else "5"
MOODS = "60"
KILL_EVERY_S = 2.0 if IS_FULL else 1.0
TIMEOUT_S = 2.0
# A call for a token whose answer died with its process is made again when the lease is over, which goes on for so long
# after the latest call that may be begun under it.
SHORTEST_GAP_S = TIMEOUT_S + 5 / float(LEASES)
IN_FLIGHT = 64 + 256
OUTAGE_S = 20.0 if IS_FULL else 2.0
# While WeChat fails in every way, which holds the account up again and again.
FAULTY_CALLS = TOKENS // 4 if IS_FULL else TOKENS // 2
# As many as wait for their calls in all processes before the breaker opens, and then one now and then.
MOST_IN_THE_OUTAGE = min(3 * TOKENS, 5_000)
MOST_CALLS_EACH = 3
PATIENCE_S = 600.0

SHARES = {
    Verdict.PERMANENT: 0.01,
    Verdict.CONFIG: 0.0005,
    Verdict.QUOTA_DAY: 0.0005,
    Verdict.TRANSIENT: 0.03,
    Verdict.UNKNOWN: 0.003,
}
# WeChat has done what it was asked to, so that its log says for whom; then the answer is another, or lost.
EVERY_ERRCODE = [
    {"kind": "errcode", "errcode": int(code), "rate": SHARES[refresh_verdict(code)]}
    for code in sorted({entry.code for entry in all_entries() if entry.code.lstrip("-").isdigit()})
]
BUSY: dict[str, object] = {"kind": "errcode", "errcode": -1, "rate": 1.0}
UNHURRIED: dict[str, object] = {"kind": "slow", "seconds": 0.5, "rate": 1.0}
EVERY_FAULT = [
    {"kind": "status", "status": 502, "rate": 0.03},
    {"kind": "html", "rate": 0.03},
    {"kind": "cut", "rate": 0.03},
    {"kind": "drop", "rate": 0.03},
    {"kind": "slow", "seconds": 3, "rate": 0.002},
]


@pytest.fixture
def busy(settings: Settings) -> Settings:
    changes = {"wechat_timeout": TIMEOUT_S, "log_level": "warning", "refresh_interval": 0.5}
    return settings.model_copy(update=changes)


@pytest.fixture
def processes(busy: Settings) -> int:
    return PROCESSES[busy.database.partition(":")[0]]


@pytest.fixture
def due(busy: Settings, site_keys: SiteKeys) -> Holders:
    """People whose tokens are all due at this moment."""
    holders = Holders(busy.database, keys())
    holders.settle(TOKENS, due_within=timedelta())
    return holders


def program(guard: str = "-") -> tuple[str, ...]:
    return brisk.__file__, LEASES, MOODS, guard


def comes_to_hold(holds: Callable[[], bool], meanwhile: Callable[[], None] = lambda: time.sleep(0.2)) -> None:
    """A busy machine takes longer."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "the tokens were not refreshed in time"
        meanwhile()


def fail(simulator: httpx.Client, faults: list[dict[str, object]]) -> None:
    for fault in faults:
        assert simulator.post("/faults", json={"endpoint": "refresh", "after": True} | fault).is_success


def is_settled(oracle: Oracle) -> bool:
    return int(oracle.one(UNSETTLED)) == 0


def test_every_token_is_refreshed_and_none_twice_while_its_lease_holds(
    busy: Settings, due: Holders, processes: int, simulator: httpx.Client, tmp_path: Path
) -> None:
    began = time.monotonic()
    with asked(busy.database) as oracle:
        with fleet.serving(busy, processes, folder=tmp_path, wxadmin=program()) as running:
            comes_to_hold(lambda: is_settled(oracle), lambda: running.rage(KILL_EVERY_S, kill_every=KILL_EVERY_S))
            seconds = time.monotonic() - began
            codes = running.terminate()
        renewals = Renewals(simulator)
        contradictions, expired = renewals.contradictions(oracle), oracle.one(EXPIRED[busy.database.partition(":")[0]])
        left = oracle.one("SELECT count(*) FROM token WHERE lease_until IS NOT NULL")
        differences = oracle.differences_of_steps()
    hasty = renewals.repeated_within(SHORTEST_GAP_S)
    print(
        f"\n{TOKENS} tokens, {processes} processes, {running.kills} kills in {seconds:.0f} s: {renewals.total} calls, "
        f"{renewals.repeated()} of them again after a kill, {len(hasty)} while a lease held; {len(contradictions)} "
        f"tokens not as WeChat left them, {expired} expired"
    )

    assert set(codes) == {0}
    assert renewals.codes == {"": renewals.total}
    assert len(renewals.calls) == TOKENS
    assert hasty == []
    assert renewals.repeated() <= running.kills * IN_FLIGHT
    assert contradictions == []
    assert (expired, left) == (0, 0)
    assert differences == []


@with_a_guard_off
def test_without_leases_tokens_would_be_refreshed_twice(
    busy: Settings, due: Holders, processes: int, simulator: httpx.Client, tmp_path: Path
) -> None:
    # Else the first process may be done with a few tokens before the second is up.
    fail(simulator, [UNHURRIED])
    with (
        asked(busy.database) as oracle,
        fleet.serving(busy, processes, folder=tmp_path, wxadmin=program("leases")),
    ):
        until(lambda: Renewals(simulator).repeated_within(SHORTEST_GAP_S) or is_settled(oracle))
    hasty = Renewals(simulator).repeated_within(SHORTEST_GAP_S)
    print(f"\nwithout leases: {len(hasty)} calls for a token that was being refreshed")

    assert hasty


def calls(simulator: httpx.Client) -> int:
    """How often WeChat was asked to renew a token."""
    return sum(simulator.get("/stats").json()["calls"].get("refresh", {}).values())


def outage(running: Fleet, simulator: httpx.Client) -> int:
    """WeChat, which has been too busy for everybody, goes on so for a while; how many calls that has cost."""
    running.rage(OUTAGE_S, kill_every=KILL_EVERY_S)
    made = calls(simulator)
    assert simulator.delete("/faults").is_success
    return made


def test_when_wechat_fails_in_every_way_all_that_can_live_does_in_the_end(
    busy: Settings, due: Holders, processes: int, simulator: httpx.Client, tmp_path: Path
) -> None:
    fail(simulator, [BUSY])
    with asked(busy.database) as oracle:
        with fleet.serving(busy, processes, folder=tmp_path, wxadmin=program()) as running:
            in_the_outage = outage(running, simulator)
            fail(simulator, EVERY_ERRCODE + EVERY_FAULT)
            comes_to_hold(
                lambda: calls(simulator) > in_the_outage + FAULTY_CALLS,
                lambda: running.rage(KILL_EVERY_S, kill_every=KILL_EVERY_S),
            )
            assert simulator.delete("/faults").is_success
            comes_to_hold(lambda: is_settled(oracle))
            codes = running.terminate()
        renewals = Renewals(simulator)
        contradictions, expired = renewals.contradictions(oracle), oracle.one(EXPIRED[busy.database.partition(":")[0]])
        dead = dict(oracle.all("SELECT last_code, count(*) FROM token WHERE state <> 'active' GROUP BY last_code"))
        differences = oracle.differences_of_steps()
    print(
        f"\n{TOKENS} tokens, {processes} processes, {running.kills} kills: {in_the_outage} calls in {OUTAGE_S:.0f} s "
        f"without WeChat; {renewals.total} calls in all, {renewals.total / TOKENS:.2f} a token, at most "
        f"{renewals.most}; answers {dict(renewals.codes.most_common())}; dead {dead}; {len(contradictions)} tokens "
        f"not as WeChat left them, {expired} expired"
    )

    assert set(codes) == {0}
    assert contradictions == []
    assert expired == 0
    assert 0 < sum(dead.values()) < TOKENS / 4
    assert in_the_outage <= MOST_IN_THE_OUTAGE
    assert renewals.total < MOST_CALLS_EACH * TOKENS
    assert differences == []


@with_a_guard_off
def test_without_pauses_wechat_would_be_hammered(
    busy: Settings, due: Holders, processes: int, simulator: httpx.Client, tmp_path: Path
) -> None:
    fail(simulator, [BUSY])
    with fleet.serving(busy, processes, folder=tmp_path, wxadmin=program("pauses")):
        began = time.monotonic()
        # It goes on for ever; a busy machine takes longer to get so far.
        comes_to_hold(lambda: calls(simulator) > MOST_IN_THE_OUTAGE)
        seconds = time.monotonic() - began
    print(f"\nwithout pauses: {MOST_IN_THE_OUTAGE} calls without WeChat after {seconds:.1f} s, and more to come")
