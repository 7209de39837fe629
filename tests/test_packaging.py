"""What is handed out: an sdist from which the wheel is built, and a wheel that works where there is no checkout."""

import os
import re
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sysconfig import get_path
from zipfile import ZipFile

import httpx
import pytest

from tests import ports
from wxadmin.wechat import errcodes

ROOT = Path(__file__).parent.parent
# Where the wheel keeps what lies beside the package in a checkout.
FOLDERS = {"wxadmin": "wxadmin", "migrations": "wxadmin/migrations", "static": "wxadmin/static"}
STYLESHEET = re.compile(r'rel="stylesheet" href="([^"]+)"')


@dataclass(frozen=True)
class Installed:
    """An environment that has the wheel, and a folder to work in."""

    bin: Path
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "WXADMIN_DATA_DIR": str(self.folder / "var")}

    def run(self, command: str, *arguments: str) -> str:
        return run(self.bin / command, *arguments, cwd=self.folder, env=self.env)

    @contextmanager
    def started(self, command: str, *arguments: str) -> Iterator[None]:
        """The command as a process, ended after the block; it must then have gone well."""
        with (self.folder / "output").open("wb") as output:
            words = [str(self.bin / command), *arguments]
            process = subprocess.Popen(words, cwd=self.folder, env=self.env, stdout=output, stderr=output)
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(30) == 0, (self.folder / "output").read_text()


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run("tar", "--extract", "--file", sdist, cwd=folder)
    return build("wheel", folder / sdist.name.removesuffix(".tar.gz"), folder)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment of its own, with what it depends on borrowed from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    # The environment of the tests has no pip: it was made by the one outside.
    outside = sys._base_executable  # type: ignore[attr-defined]
    run(outside, "-m", "pip", "--python", python, "install", "-qq", "--no-deps", "--no-index", wheel, cwd=folder)
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    (own / "borrowed.pth").write_text(get_path("purelib"))
    return Installed(python.parent, folder)


def test_the_wheel_holds_the_package_its_migrations_and_static_files_and_nothing_else(wheel: Path) -> None:
    expected = {place + name.removeprefix(folder) for folder, place in FOLDERS.items() for name in files(folder)}

    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert held == expected


def test_the_sdist_holds_what_a_developer_needs_and_nothing_that_was_made_here(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}

    assert {"Makefile", "constraints.txt", "pyproject.toml", "LICENSE", ".ci/run", "README.md"} <= held
    assert set(files("tests")) | set(files("docs")) <= held
    assert {name for name in held if re.match(r"(var|dist|\.venv|\.git)/|.*__pycache__", name)} == set()


def test_the_command_of_the_wheel_makes_a_database(installed: Installed) -> None:
    said = installed.run("wxadmin", "migrate")

    assert said.startswith("the database is at ")
    assert (installed.folder / "var" / "wxadmin.sqlite3").exists()


def test_the_wheel_is_what_runs_and_it_carries_the_catalogue_of_errcodes(installed: Installed) -> None:
    question = (
        "import wxadmin; from wxadmin.wechat import errcodes; print(wxadmin.__file__, len(errcodes.all_entries()))"
    )

    place, entries = installed.run("python", "-c", question).split()

    assert Path(place).is_relative_to(installed.folder)
    assert int(entries) == len(errcodes.all_entries())


def test_the_demo_of_the_wheel_shows_all_its_pages_with_their_styles(installed: Installed) -> None:
    port = ports.three_unused()
    gateway, simulator, shop = (f"http://127.0.0.1:{port + offset}" for offset in range(3))

    with installed.started("wxadmin", "demo", "--port", str(port), "--users", "0"), patient_client() as client:
        pages = [client.get(url) for url in (f"{gateway}/none", f"{simulator}/_sim/", f"{shop}/")]
        addresses = [page.url.join(address) for page in pages for address in STYLESHEET.findall(page.text)]
        styles = [client.get(address) for address in addresses]

    assert [page.status_code for page in pages] == [404, 200, 200]
    assert "没有找到这个页面" in pages[0].text
    assert [style.headers["Content-Type"].partition(";")[0] for style in styles] == ["text/css"] * 6


def build(target: str, source: Path, folder: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", folder, cwd=source)
    (built,) = folder.glob({"sdist": "*.tar.gz", "wheel": "*.whl"}[target])
    return built


def run(*command: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    """What the command says; its complaint where it fails."""
    words = [str(word) for word in command]
    ended = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def patient_client() -> httpx.Client:
    """A client that tries again, for up to a quarter of a minute, while nobody listens yet."""
    return httpx.Client(transport=httpx.HTTPTransport(retries=6), timeout=30)


def files(folder: str) -> list[str]:
    """The project's files below the folder, without what running it leaves there."""
    found = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return [path.relative_to(ROOT).as_posix() for path in found]
