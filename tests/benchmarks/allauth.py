"""Full logins a second, against django-allauth's weixin provider with one gunicorn worker."""

import asyncio
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx

from tests.benchmarks import visits
from tests.benchmarks.logins import logins_at
from tests.benchmarks.report import Report
from tests.benchmarks.rounds import Side, compare
from tests.benchmarks.servers import RIVALS, Place, Server, gateway, places, server
from tests.running import unused_port
from wxadmin.simulator import DEFAULT_APPID

GOAL = 20
FOLDER = Path(tempfile.gettempdir()) / "wxadmin-bench-allauth"
"""An environment of its own, kept for the next run; to be deleted by hand."""
_PACKAGES = ("django", "django-allauth[socialaccount]", "gunicorn")
_PYTHON = FOLDER / "bin" / "python"
_READY = FOLDER / "ready"
_PATIENCE_S = 300
_WELCOME = "/welcome"
_VERSIONS = """
from importlib.metadata import version
print(", ".join(f"{name} {version(name)}" for name in ("Django", "django-allauth", "gunicorn")))
"""


def run(report: Report) -> None:
    try:
        _install(report)
    except (OSError, subprocess.SubprocessError) as error:
        report.skip("allauth", f"{' '.join(_PACKAGES)} cannot be installed: {_last_words(error)}")
        return
    report.note(f"allauth: beside {_versions()}")
    for place in places(report, "allauth"):
        with gateway(place) as serving, _site(place) as site:
            asyncio.run(visits.prove(serving, place.site_key))
            _prove(site)
            # The provider asks for the profile at each login, so both do.
            ours = logins_at(serving, place, f"full logins/s with profile, {place.store}", scope="snsapi_userinfo")
            compare(report, ours, _logins_at(site, place), goal=GOAL)


def _install(report: Report) -> None:
    if _READY.exists():
        return
    report.note(f"making an environment with {', '.join(_PACKAGES)} in {FOLDER}")
    venv.create(FOLDER, clear=True, symlinks=True)
    # Debian's environments have no pip of their own: the one outside installs into this.
    pip: list[str | Path] = [Path(sys.base_prefix) / "bin" / "python3", "-m", "pip", "--python", _PYTHON]
    install = [*pip, "install", "--quiet", "--disable-pip-version-check", *_PACKAGES]
    subprocess.run(install, capture_output=True, text=True, check=True, timeout=_PATIENCE_S)
    _READY.touch()


def _last_words(error: Exception) -> str:
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
    return (said.strip().splitlines() or [str(error)])[-1]


def _versions() -> str:
    return subprocess.run([_PYTHON, "-c", _VERSIONS], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def _site(place: Place) -> Iterator[Server]:
    """The site with tables of its own, in SQLite as Django sets it up."""
    env = {"HOME": str(place.folder), "PYTHONDONTWRITEBYTECODE": "1", **place.environment}
    subprocess.run([_PYTHON, RIVALS / "weixin_site.py"], env=env, cwd=place.folder, check=True)
    port = unused_port()
    command = ("-m", "gunicorn", "--workers", "1", "--bind", f"127.0.0.1:{port}", "--log-level", "warning")
    where = ("--pythonpath", str(RIVALS), "weixin_site:application")
    with server(*command, *where, port=port, folder=place.folder, env=env, executable=str(_PYTHON)) as site:
        yield site


def _prove(site: Server) -> None:
    """That logins there are real: the site knows who came."""
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=_PATIENCE_S) as http:
        answer = http.get(_start(site), headers={"X-Sim-Person": str(visits.SOMEBODY.number)})
    assert answer.text == visits.SOMEBODY.openid(DEFAULT_APPID), answer


def _logins_at(site: Server, place: Place) -> Side:
    visit = partial(visits.log_in, start=_start(site), to=_WELCOME)
    return Side("django-allauth, logins/s", visit, {"site": site.program, "WeChat": place.wechat.program})


def _start(site: Server) -> str:
    return f"{site.url}/accounts/weixin/login/"
