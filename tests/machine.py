"""What the machine of a test run may lack: skipped under a stated reason, or a failure where everything is required."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRE = "WXADMIN_TEST_REQUIRE"
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OF_PLAYWRIGHT = ".cache/ms-playwright/chromium-*/chrome-linux*/chrome"


class Missing(Exception):
    """The machine lacks something that some tests need; the text says what would help."""


def require(name: str) -> str:
    """The path of the program, such as `chromium`; without it the test is skipped, or fails where all is required."""
    try:
        return _FINDERS[name]()
    except Missing as missing:
        skip_or_fail(missing)


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


_FINDERS = {"chromium": _chromium}
