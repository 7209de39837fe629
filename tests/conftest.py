"""The test bed: a migrated database of either kind for each test, a gateway over it, and what the machine has."""

import functools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import hypothesis
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from tests import factories, machine, postgresql_server, running
from tests.databases import Bed, PostgreSQLBed, SQLiteBed
from tests.running import METRICS_TOKEN, SECRET_KEY, SiteKeys
from tests.simulator.running import running as simulating
from tests.visiting import Visitor, no_cookies
from wxadmin.database import Database
from wxadmin.database.engines import database_url as parsed_url
from wxadmin.database.engines import make_writer
from wxadmin.ids import Ids
from wxadmin.journal import Journal
from wxadmin.journal.writer import Writer
from wxadmin.services import house
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID, SimulatedAccount, World

T = TypeVar("T")

# A timing is never asserted in a test, and a busy machine is no failure.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: of several cores, none is left alone with it in the end."""
    items.sort(key=lambda item: [_of_module(item, name) is None for name in ("soak", "browser")])


def _of_module(item: pytest.Item, marker: str) -> object:
    # Not of the test alone: what a module's tests share must not be parted.
    module = item.getparent(pytest.Module)
    return module and module.get_closest_marker(marker)


@pytest.fixture(scope="session", autouse=True)
def certificates_are_read_once() -> Iterator[None]:
    """That takes longer than anything else a gateway does at its start."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(httpx, "create_ssl_context", functools.cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def require() -> Callable[[str], str]:
    """`require("chromium")` is the program's path; without it the test is skipped, or fails where all is required."""
    return machine.require


@pytest.fixture(scope="session")
def sqlite_bed(tmp_path_factory: pytest.TempPathFactory) -> SQLiteBed:
    return SQLiteBed(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_bed() -> Iterator[PostgreSQLBed]:
    try:
        with postgresql_server.found() as server:
            bed = PostgreSQLBed(server)
            yield bed
            bed.close()
    except machine.Missing as missing:
        machine.skip_or_fail(missing)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def bed(request: pytest.FixtureRequest) -> Bed:
    """Makes databases; every test that uses it runs on both kinds."""
    made: Bed = request.getfixturevalue(f"{request.param}_bed")
    return made


@pytest.fixture
def database_url(bed: Bed) -> Iterator[str]:
    """A database of the test's own, at the newest schema."""
    with _lent(bed) as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_bed: SQLiteBed) -> Iterator[str]:
    """The same for tests of what only SQLite does."""
    with _lent(sqlite_bed) as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_bed: PostgreSQLBed) -> Iterator[str]:
    """The same for tests of what only PostgreSQL does."""
    with _lent(postgresql_bed) as url:
        yield url


@contextmanager
def _lent(bed: Bed) -> Iterator[str]:
    url = bed.copy()
    try:
        yield url
    finally:
        bed.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database of the test's own, open."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Callable[[Callable[[], T]], T]:
    """`store(lambda: UserFactory())` commits what factories make to the test's database, and gives it back."""

    def store(make: Callable[[], T]) -> T:
        return database.write_now(factories.stored, make)

    return store


@pytest.fixture(scope="session")
def shared_engine(bed: Bed) -> Iterator[Engine]:
    """One database for all tests that roll back."""
    with _lent(bed) as url:
        engine = make_writer(parsed_url(url), connections=1)
        yield engine
        engine.dispose()


@pytest.fixture
def session(shared_engine: Engine) -> Iterator[Session]:
    """A session whose work is rolled back; factories store in it."""
    with Session(shared_engine) as opened, factories.storing_in(opened):
        yield opened
        opened.rollback()


@pytest.fixture
def ids() -> Ids:
    """Ids of node 1, which a fresh database gives first."""
    return Ids(node=1)


@pytest.fixture
def journal(database: Database, ids: Ids) -> Journal:
    """A journal over the test's database, as a serving process has it."""
    node = database.write_now(house.register_node)
    return Journal(Writer(database.writer, ids=ids, node=node), database.journal_thread)


@pytest.fixture
def stored(database: Database) -> Callable[[type[T]], Sequence[T]]:
    """`stored(Attempt)` is every attempt in the test's database by now."""
    return lambda model: database.read_now(lambda session: session.scalars(select(model)).all())


@pytest.fixture
def world() -> World:
    """A WeChat where everybody agrees at once."""
    return World([SimulatedAccount(DEFAULT_APPID, domains=("m.example.com",))], seed=1, answer="allow")


@pytest.fixture
def wechat_url(world: World) -> Iterator[str]:
    with simulating(world) as address:
        yield address


@pytest.fixture
def settings(request: pytest.FixtureRequest, database_url: str, wechat_url: str, tmp_path: Path) -> Settings:
    """A gateway over the test's database, with the simulator for WeChat."""
    is_impatient = request.node.get_closest_marker("impatient") is not None
    return Settings(
        _env_file=None,
        data_dir=tmp_path,
        database_url=database_url,
        secret_keys=[SECRET_KEY],
        metrics_token=METRICS_TOKEN,
        wechat_open_url=wechat_url,
        wechat_api_url=wechat_url,
        wechat_timeout=1 if is_impatient else 10,
        log_format="json",
    )


@pytest.fixture
def site_keys(database_url: str) -> SiteKeys:
    """The API keys of the sites of a furnished database, which this process then has open no more: it would keep its
    view of a file that storms take from under it."""
    return running.furnish(database_url)


@pytest.fixture
async def gateway(settings: Settings, site_keys: SiteKeys) -> AsyncIterator[str]:
    """The address of a gateway that serves."""
    async with running.serving(settings) as address:
        yield address


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client that keeps no cookies of its own."""
    async with httpx.AsyncClient(verify=False, trust_env=False, cookies=no_cookies()) as client:
        yield client


@pytest.fixture
def visitor(gateway: str, http: httpx.AsyncClient) -> Visitor:
    return Visitor(gateway, http)
