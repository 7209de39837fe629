"""The demo as a process, a Chromium, and a visitor who complains about whatever its console complains about."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, ViewportSize, sync_playwright

from tests import ports, running
from wxadmin.settings import Settings

SCREENSHOTS = "WXADMIN_TEST_SCREENSHOTS"
# Playwright adds --headless. The others keep the browser within this machine, and let it run as root.
_CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SCREENS: dict[str, ViewportSize] = {
    "phone": {"width": 360, "height": 640},
    "desktop": {"width": 1280, "height": 800},
}


@dataclass(frozen=True, slots=True)
class Demo:
    gateway: str
    simulator: str
    shop: str


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


# Of the module's scope: while playwright is open, an event loop runs in this thread, which async tests cannot stand.
@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    port = ports.three_unused()
    env = running.environment(Settings(data_dir=folder))
    with running.started("-m", "wxadmin", "demo", "--port", str(port), env=env, folder=folder) as program:
        program.answers(f"http://127.0.0.1:{port}/readyz")
        yield Demo(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", f"http://localhost:{port + 2}")
        assert program.terminate() == 0
        assert "Traceback" not in program.output


@pytest.fixture(scope="module")
def chromium(require: Callable[[str], str]) -> Iterator[Browser]:
    program = require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=_SCREENS)
def visitor(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Visitor]:
    """Someone who speaks Chinese, on a phone and at a desk; nothing on their way may make the browser complain."""
    context = chromium.new_context(viewport=_SCREENS[request.param], locale="zh-CN")
    context.set_default_timeout(10_000)
    visitor = Visitor(context.new_page(), request.param)
    yield visitor
    context.close()
    assert visitor.complaints == []
