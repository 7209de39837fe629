"""A whole gateway with a simulator, and the example sites as processes before it, each in its own language."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import machine, running
from tests.databases import SQLiteBed
from tests.examples.front import Front, standing_before
from tests.running import METRICS_TOKEN, SECRET_KEY, Program
from tests.simulator.running import running as simulating
from wxadmin.database import Database
from wxadmin.services import sites
from wxadmin.services.sites import SiteForm
from wxadmin.settings import Settings
from wxadmin.simulator import DEFAULT_APPID, SimulatedAccount, World

EXAMPLES = Path(__file__).parent.parent.parent / "docs" / "examples"
NAME = "example"


@dataclass(frozen=True)
class House:
    """The gateway, its front, and the key of a site whose visitors return to `site_url`."""

    database_url: str
    front: Front
    site_url: str
    site_key: str

    @property
    def environment(self) -> dict[str, str]:
        return {"GATEWAY_URL": self.front.url, "SITE_KEY": self.site_key, "SITE_URL": self.site_url}


@dataclass(frozen=True)
class Example:
    """A site that runs."""

    house: House
    program: Program

    @property
    def url(self) -> str:
        return self.house.site_url


@pytest.fixture(scope="module")
def house(sqlite_bed: SQLiteBed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder, port, site_url = tmp_path_factory.mktemp("house"), running.unused_port(), _unused_site()
    world = World([SimulatedAccount(DEFAULT_APPID)], seed=1, answer="allow")
    with simulating(world) as wechat:
        settings = Settings(
            _env_file=None,
            data_dir=folder,
            database_url=sqlite_bed.copy(),
            secret_keys=[SECRET_KEY],
            metrics_token=METRICS_TOKEN,
            wechat_open_url=wechat,
            wechat_api_url=wechat,
        )
        running.furnish(settings.database)
        key = _add_site(settings.database, f"{site_url}/back")
        with (
            running.serve(settings, port, folder=folder),
            standing_before(f"http://127.0.0.1:{port}") as front,
        ):
            yield House(settings.database, front, site_url, key)


def _unused_site() -> str:
    return f"http://localhost:{running.unused_port()}"


def _add_site(database_url: str, return_url: str) -> str:
    database = Database(database_url)
    try:
        form = SiteForm(return_urls=[return_url], dev=True)
        made = database.write_now(sites.add, running.keys(), account="tea", name=NAME, form=form, actor="test")
        return made.api_key
    finally:
        database.close()


# Each gives what is run, with a folder of its own.
def _python(folder: Path, house: House) -> list[str]:
    return [sys.executable, str(EXAMPLES / "redeem.py")]


def _node(folder: Path, house: House) -> list[str]:
    return ["node", str(EXAMPLES / "redeem.mjs")]


def _java(folder: Path, house: House) -> list[str]:
    return ["java", str(EXAMPLES / "Redeem.java")]


def _php(folder: Path, house: House) -> list[str]:
    if "curl" not in subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout.split():
        pytest.skip("no curl extension of php: the example for it was not tried")
    return [
        "php",
        "-q",
        "-d",
        "error_log=/dev/stderr",
        "-S",
        house.site_url.removeprefix("http://"),
        str(EXAMPLES / "redeem.php"),
    ]


def _go(folder: Path, house: House) -> list[str]:
    built = str(folder / "redeem")
    env = os.environ | {"GOCACHE": str(folder / "cache"), "GOFLAGS": "-buildvcs=false"}
    subprocess.run(["go", "build", "-o", built, str(EXAMPLES / "redeem.go")], env=env, check=True)
    return [built]


COMMANDS: dict[str, Callable[[Path, House], list[str]]] = {
    "python": _python,
    "node": _node,
    "java": _java,
    "php": _php,
    "go": _go,
}


LANGUAGES = [
    pytest.param(name, marks=[] if name == "python" else machine.of_another_language(name)) for name in COMMANDS
]


@pytest.fixture(scope="module", params=LANGUAGES)
def example(
    request: pytest.FixtureRequest, house: House, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Example]:
    """The site of one language, once it answers."""
    folder = tmp_path_factory.mktemp(request.param)
    executable, *command = COMMANDS[request.param](folder, house)
    env = house.environment | {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with running.started(*command, env=env, folder=folder, executable=executable) as program:
        program.answers(f"{house.site_url}/")
        yield Example(house, program)


@pytest.fixture(autouse=True)
def front_as_ever(house: House) -> Iterator[None]:
    """What one test tells the front is over with it."""
    yield
    house.front.reset()


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def other_browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def curl(house: House) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """`curl("ticket")` is the script's end for the ticket."""
    machine.require("curl")
    shell = shutil.which("sh") or "/bin/sh"

    def redeem(ticket: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shell, str(EXAMPLES / "redeem.sh"), ticket],
            env=house.environment | {"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return redeem
