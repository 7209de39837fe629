"""What the machine of a test run may lack: skipped under a stated reason, or a failure where everything is required."""

import os
import shutil
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRE = "WXADMIN_TEST_REQUIRE"
# The first is a Chromium without windows of its own, which a page takes half as long to open in.
_CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PACKAGES_OF_SHELLS = {"sqlite3": "sqlite3", "psql": "postgresql-client", "pg_dump": "postgresql-client", "jq": "jq"}
_PACKAGES_OF_SHELLS |= dict.fromkeys(("sha256sum", "wc"), "coreutils")
_OF_PLAYWRIGHT = ".cache/ms-playwright/chromium-*/chrome-linux*/chrome"


class Missing(Exception):
    """The machine lacks something that some tests need; the text says what would help."""


def require(name: str) -> str:
    """The path of the program, such as `chromium`; without it the test is skipped, or fails where all is required."""
    try:
        return _FINDERS[name]()
    except Missing as missing:
        skip_or_fail(missing)


def of_another_language(name: str) -> list[pytest.MarkDecorator]:
    """The marks of tests that run a program such as `go`. Without it they are skipped even where all is required, since
    no part of wxadmin needs it: what it runs is an example for those who have it."""
    return [] if shutil.which(name) else [pytest.mark.skip(f"no {name}: the example for it was not tried")]


def skip_or_fail(missing: Missing) -> NoReturn:
    """Ends the test that needs what is missing."""
    if os.environ.get(REQUIRE) == "all":
        pytest.fail(f"{missing} ({REQUIRE}=all)", pytrace=False)
    pytest.skip(str(missing))


def _chromium() -> str:
    installed = [found for name in _CHROMIUMS if (found := shutil.which(name))]
    downloaded = sorted(str(path) for path in Path.home().glob(_OF_PLAYWRIGHT))
    if not installed + downloaded:
        raise Missing("no Chromium: install Debian's chromium, or run `playwright install chromium`")
    return (installed + downloaded)[0]


def _curl() -> str:
    if found := shutil.which("curl"):
        return found
    raise Missing("no curl: install Debian's curl")


def _shell_of(package: str, name: str) -> str:
    if found := shutil.which(name):
        return found
    raise Missing(f"no {name}: install Debian's {package}")


def _soffice() -> str:
    if found := shutil.which("soffice"):
        return found
    raise Missing("no LibreOffice: install Debian's libreoffice-calc")


_SHELLS = {name: partial(_shell_of, package, name) for name, package in _PACKAGES_OF_SHELLS.items()}
_FINDERS = {**_SHELLS, "chromium": _chromium, "curl": _curl, "soffice": _soffice}
