"""The demo as a process, a Chromium, and a visitor who complains about whatever its console complains about."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, ViewportSize

from tests import ports, running
from tests.chromium import launched
from wxadmin.settings import Settings

SCREENSHOTS = "WXADMIN_TEST_SCREENSHOTS"
_PATIENCE_S = 120.0
_SCREENS: dict[str, ViewportSize] = {
    "phone": {"width": 360, "height": 640},
    "desktop": {"width": 1280, "height": 800},
}


@dataclass(frozen=True, slots=True)
class Demo:
    """`said` is what it printed once it served, `folder` the one that it was started in."""

    gateway: str
    simulator: str
    shop: str
    folder: Path
    said: str


class Visitor:
    """A person at a browser of their own. `complaints` is what its console said of errors and refused content."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self._name = name
        self._refused: set[str] = set()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._answered)

    def look(self, name: str) -> None:
        """The page fits the screen in width; a screenshot is kept where a folder for them is named."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), self.page.url
        if folder := os.environ.get(SCREENSHOTS):
            self.page.screenshot(path=Path(folder) / f"{name}-{self._name}.png", full_page=True)

    def _answered(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.status >= 400:
            self._refused.add(response.url)

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium reports the status of a page that says what went wrong; that page is what its test is about.
        is_the_pages_status = message.location["url"] in self._refused and "the server responded" in message.text
        if message.type in {"error", "warning"} and not is_the_pages_status:
            self.complaints.append(message.text)


@contextmanager
def playing(folder: Path, *options: str, host: str = "127.0.0.1", shop_host: str = "localhost") -> Iterator[Demo]:
    """`wxadmin demo` with these options, once it has said where it is."""
    port = ports.three_unused()
    env = running.environment(Settings(data_dir=folder))
    with running.started("-m", "wxadmin", "demo", "--port", str(port), *options, env=env, folder=folder) as program:
        # It says so once it serves; before, it writes down weeks of what its people did.
        running.until(lambda: "Ctrl-C" in program.output or program.process.poll() is not None, _PATIENCE_S)
        assert program.process.poll() is None, program.output
        gateway = f"http://{host}:{port}"
        simulator, shop = f"http://{host}:{port + 1}", f"http://{shop_host}:{port + 2}"
        yield Demo(gateway, simulator, shop, folder, program.output)
        assert program.terminate() == 0
        assert "Traceback" not in program.output


# Of the module's scope: while playwright is open, an event loop runs in this thread, which async tests cannot stand.
@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with playing(tmp_path_factory.mktemp("demo"), "--users", "100") as demo:
        yield demo


@pytest.fixture(scope="module")
def chromium(require: Callable[[str], str]) -> Iterator[Browser]:
    with launched(require("chromium")) as browser:
        yield browser


@pytest.fixture(params=_SCREENS)
def visitor(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Visitor]:
    """Someone who speaks Chinese, on a phone and at a desk; nothing on their way may make the browser complain."""
    context = chromium.new_context(viewport=_SCREENS[request.param], locale="zh-CN")
    context.set_default_timeout(10_000)
    # Somebody with an ordinary nickname: drawn at random it is, now and then, one made to break programs, or none.
    person = {"name": "wxsim_person", "value": "501", "domain": "127.0.0.1", "path": "/connect"}
    context.add_cookies([person])  # type: ignore[list-item]
    visitor = Visitor(context.new_page(), request.param)
    yield visitor
    context.close()
    assert visitor.complaints == []
