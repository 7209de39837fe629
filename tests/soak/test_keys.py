"""Keys are rotated while people log in and tokens are refreshed, and the rotation is killed again and again: what is
stored opens at any moment, and no login is written over."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.running import SECRET_KEY, Program, SiteKeys, environment, keys, serve, started, unused_port
from tests.soak import hesitant, overwriting
from tests.soak.crowd import Crowd
from tests.soak.holders import Holders
from tests.soak.oracle import Oracle, asked
from tests.soak.scale import SCALE, scaled, with_a_guard_off
from wxadmin.errors import SealBroken
from wxadmin.models.sealed import tokens_bound_to
from wxadmin.security.keys import KeyRing
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

TOKENS = scaled(1_000_000, least=5_000)
KILLS = scaled(8, least=2)
PEOPLE = 200
LOGINS_A_SECOND = 20
REFRESHES_A_SECOND = 50
# As the command has it, or so few at a time that the storm is not over before it has begun.
SECONDS, ROWS = ("0", "500") if SCALE >= 1 else ("0.03", "100")
FEW = 500
NEW, THIRD = "the key that comes after it in this run", "and the one that comes after that one"
OLD_ID, NEW_ID = (KeyRing([secret]).sealing_id for secret in (SECRET_KEY, NEW))
ROOT = Path(__file__).parent.parent.parent
_LEFT = {
    "sqlite": f"SELECT count(*) FROM token WHERE substr(access_sealed, 1, 4) = x'{OLD_ID}'",
    "postgresql": f"SELECT count(*) FROM token WHERE substr(access_sealed, 1, 4) = '\\x{OLD_ID}'",
}
_SOME = (
    'SELECT token.account_id, openid, access_sealed, refresh_sealed FROM token JOIN "user" ON "user".id = user_id '
    "WHERE user_id >= {} ORDER BY user_id LIMIT 20"
)


class Visitors(Crowd):
    """A few people who log in again and again, each when the last login is done: the newest is known."""

    async def come(self, over: asyncio.Event) -> None:
        async def keep_coming(person: int) -> None:
            while not await _comes_true(over, within=random.uniform(0, 2 * PEOPLE / LOGINS_A_SECOND)):
                await self._visitor(http, person)

        async with self.http() as http, asyncio.TaskGroup() as group:
            for person in random.sample(range(1, self.people + 1), PEOPLE):
                group.create_task(keep_coming(person))


async def _comes_true(event: asyncio.Event, *, within: float) -> bool:
    try:
        return await asyncio.wait_for(event.wait(), within)
    except TimeoutError:
        return False


@dataclass
class Reader:
    """Opens what is stored, here and there, as a process would."""

    ring: KeyRing = field(default_factory=lambda: KeyRing([NEW, SECRET_KEY]))
    opened: int = 0
    unreadable: int = 0

    async def read(self, oracle: Oracle, over: asyncio.Event) -> None:
        [(first, last)] = oracle.all("SELECT min(user_id), max(user_id) FROM token")
        while not over.is_set():
            for row in oracle.all(_SOME.format(random.randint(first, last))):
                self._open(*row)
            await asyncio.sleep(0.02)

    def _open(self, account_id: int, openid: str, *values: bytes) -> None:
        try:
            for value, bound_to in zip(values, tokens_bound_to(account_id, openid), strict=True):
                self.ring.open(bytes(value), bound_to)
                self.opened += 1
        except SealBroken:
            self.unreadable += 1


@dataclass
class Storm:
    """An installation whose processes have the new key first, and the old one behind it."""

    settings: Settings
    folder: Path
    port: int
    holders: Holders
    crowd: Visitors
    reader: Reader = field(default_factory=Reader)

    def settle(self, people: int, due_within: timedelta | None = None) -> None:
        self.crowd.people = people
        self.holders.settle(people, due_within=due_within or timedelta(seconds=people / REFRESHES_A_SECOND))

    def serving(self, *ring: str) -> AbstractContextManager[Program]:
        return serve(self._with(ring), self.port, folder=self.folder)

    def rotating(self, *program: str, ring: tuple[str, ...] = (NEW, SECRET_KEY)) -> AbstractContextManager[Program]:
        env = environment(self._with(ring)) | {"PYTHONPATH": str(ROOT)}
        return started(*program, "keys", "rotate", env=env, folder=self.folder)

    def left(self, oracle: Oracle) -> int:
        """Tokens that are still sealed under the old key."""
        return int(oracle.one(_LEFT[self.settings.database.partition(":")[0]]))

    def _with(self, ring: tuple[str, ...]) -> Settings:
        return self.settings.model_copy(update={"secret_keys": list(ring)})


@pytest.fixture
def storm(settings: Settings, site_keys: SiteKeys, simulator: httpx.Client, tmp_path: Path) -> Storm:
    port = unused_port()
    chosen = settings.model_copy(update={"log_level": "warning", "refresh_interval": 2.0, "wechat_timeout": 5.0})
    return Storm(chosen, tmp_path, port, Holders(settings.database, keys()), Visitors(f"http://127.0.0.1:{port}"))


async def comes_to_hold(holds: Callable[[], object]) -> None:
    """Waits, however long a busy machine takes; the storm goes on meanwhile."""
    while not holds():
        await asyncio.sleep(1 if SCALE >= 1 else 0.05)


async def ended(program: Program) -> int:
    await comes_to_hold(lambda: program.process.poll() is not None)
    return program.process.returncode


async def killed_on_the_way(storm: Storm, oracle: Oracle) -> int:
    """Begins the rotation again and again and kills it each time after its share; returns how often."""
    kills = 0
    for share in range(1, KILLS + 1):
        goal = storm.crowd.people * (1 - share / (KILLS + 1))
        with storm.rotating(hesitant.__file__, SECONDS, ROWS) as rotation:
            await comes_to_hold(lambda: storm.left(oracle) < goal or rotation.process.poll() is not None)  # noqa: B023
            kills += rotation.process.poll() is None
            rotation.kill()
    return kills


async def new_key_alone(storm: Storm) -> None:
    """Serves, when nothing needs the other any more."""
    with storm.serving(NEW) as program:
        before = storm.crowd.ends["a ticket"]
        await storm.crowd.log_in_each(range(1, 11))
        assert storm.crowd.ends["a ticket"] == before + 10
        assert program.terminate() == 0


async def rotated_in_turn(storm: Storm) -> float:
    """The seconds that it takes to put a third key into the place of the new one."""
    began = time.monotonic()
    with storm.rotating("-m", "wxadmin", ring=(THIRD, NEW)) as rotation:
        assert await ended(rotation) == 0, rotation.output
    return time.monotonic() - began


async def test_nothing_is_ever_unreadable_and_no_login_is_written_over(storm: Storm, simulator: httpx.Client) -> None:
    storm.settle(TOKENS)
    over = asyncio.Event()
    with asked(storm.settings.database) as oracle, storm.serving(NEW, SECRET_KEY) as program:
        meanwhile = asyncio.gather(storm.crowd.come(over), storm.reader.read(oracle, over))
        kills = await killed_on_the_way(storm, oracle)
        left = storm.left(oracle)
        with storm.rotating("-m", "wxadmin") as one, storm.rotating("-m", "wxadmin") as other:
            codes = [await ended(one), await ended(other)]
        over.set()
        await meanwhile
        refreshed = oracle.one("SELECT count(*) FROM token WHERE refreshed_at IS NOT NULL")
        in_use = oracle.all("SELECT key_id FROM key_in_use")
        assert program.terminate() == 0
    await new_key_alone(storm)
    seconds = await rotated_in_turn(storm)
    storm.holders.have_logged_in(simulator)
    overtaken = storm.holders.overtaken(KeyRing([THIRD]))
    told = f"key {OLD_ID}: nothing needs it any more"
    print(
        f"\n{TOKENS} tokens, {kills} rotations killed, {left} tokens left then for two at once; meanwhile "
        f"{dict(storm.crowd.ends)} of {PEOPLE} people, {refreshed} refreshed; read {storm.reader.opened} values, "
        f"{storm.reader.unreadable} unreadable; {len(overtaken)} logins written over; all of them sealed anew in "
        f"{seconds:.1f} s with nobody about, {TOKENS / seconds:,.0f} a second"
    )

    assert (kills, codes) == (KILLS, [0, 0]), one.output + other.output
    assert told in one.output
    assert told in other.output
    # On a busy machine, some are told to come again in a few seconds.
    assert set(storm.crowd.ends) <= {"a ticket", "503"}
    assert storm.crowd.ends["a ticket"] > KILLS
    assert refreshed > 0
    assert storm.reader.opened > 0
    assert storm.reader.unreadable == 0
    assert overtaken == []
    assert in_use == [(NEW_ID,)]
    assert 0 < left < TOKENS


@with_a_guard_off
async def test_a_rotation_that_does_not_compare_would_be_found_out(storm: Storm, simulator: httpx.Client) -> None:
    # A refresh would seal them anew before the rotation comes to them.
    storm.settle(FEW, due_within=timedelta(hours=1))
    over = asyncio.Event()
    with storm.serving(NEW, SECRET_KEY):
        coming = asyncio.create_task(storm.crowd.come(over))
        await storm.crowd.has_brought(PEOPLE // 4)
        with storm.rotating(overwriting.__file__, "3", str(FEW)) as rotation:
            assert await ended(rotation) == 0, rotation.output
        over.set()
        await coming
    storm.holders.have_logged_in(simulator)
    overtaken = storm.holders.overtaken(KeyRing([NEW]))
    print(f"\na rotation that does not compare: {len(storm.crowd.tickets)} logins, {len(overtaken)} written over")

    assert overtaken
