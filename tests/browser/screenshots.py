"""`make screenshots`: the pictures of the documents, taken in a real Chromium from a demo and from a gateway as it is
set up for real. Each is there in both languages, light and dark."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from tests import machine, ports, running
from tests.browser.palette import Painter
from tests.chromium import launched
from wxadmin.demo.people import FILE_NAME
from wxadmin.settings import Settings

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"
LANGUAGES = {"en": "en-US", "zh_CN": "zh-CN"}
THEMES = ("light", "dark")
SCREEN, PHONE = (1280, 840), (390, 700)
_BELOW_A_CARD = 14
# Documents show pages at two thirds of their width at most, so that this is as sharp as a sharp screen.
_DOTS = 1.5
REAL_URL = "https://m.example.com"
PORT = 8000
_PATIENCE_S = 300.0
FAULT = {"endpoint": "exchange", "kind": "errcode", "errcode": 40029}


@dataclass(frozen=True, slots=True)
class Shot:
    """What a role sees at an address: the first screen, or from the top down to the end of a card."""

    name: str
    role: str
    path: str
    down_to: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """The demo, a gateway that is set up as for real, and the password of everyone on both."""

    demo: str
    simulator: str
    shop: str
    real: str
    password: str


SHOTS = [
    Shot("overview", "operator", "/admin/", "section.card:has(#ranking)"),
    Shot("failure", "operator", "/admin/failures/40125?range=30"),
    Shot("tokens", "operator", "/admin/tokens", "section.card:has(#forecast)"),
    Shot("users", "marketer", "/admin/users?scope=explicit"),
    Shot("site", "developer", "/admin/sites/shop", "section.card:has(#integrate)"),
]


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    program = machine.require("chromium")
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder)) as stage, launched(program) as browser:
        for lang, locale in LANGUAGES.items():
            Photographer(browser, stage, lang, locale).take_all()


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    # What is on pictures is what the documents say, as long as nobody else is there.
    port = PORT if all(map(is_unused, range(PORT, PORT + 3))) else ports.three_unused()
    real_port = running.unused_port()
    simulator = f"http://127.0.0.1:{port + 1}"
    env = running.environment(Settings(_env_file=None, data_dir=folder))
    with running.started("-m", "wxadmin", "demo", "--port", str(port), env=env, folder=folder) as demo:
        demo.answers(f"http://127.0.0.1:{port}/readyz", _PATIENCE_S)
        password = (folder / "demo" / FILE_NAME).read_text().strip()
        real = Settings(
            _env_file=None,
            data_dir=folder / "real",
            public_url=REAL_URL,
            wechat_open_url=simulator,
            wechat_api_url=simulator,
        )
        set_up(real, folder, password)
        with running.serve(real, real_port, folder=folder):
            addresses = (f"http://127.0.0.1:{port}", simulator, f"http://localhost:{port + 2}")
            yield Stage(*addresses, f"http://localhost:{real_port}", password)


def is_unused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def set_up(real: Settings, folder: Path, password: str) -> None:
    """What the documents tell an administrator to enter."""
    proof = folder / "MP_verify_0123456789abcdef.txt"
    proof.write_text("0123456789abcdef")
    account = ("--name", "main", "--appid", "wx0123456789abcdef", "--title", "云雾茶铺")
    commands = [
        (("account", "add", *account), "0123456789abcdef0123456789abcdef"),
        (("account", "set", "main", "--verify-file", str(proof)), ""),
        (("staff", "add", "admin", "--role", "admin"), password),
    ]
    for command, said in commands:
        made = running.run(*command, env=running.environment(real), folder=folder, said=said)
        assert made.returncode == 0, made.stderr


@dataclass(frozen=True, slots=True)
class Photographer:
    """Takes the pictures of one language."""

    browser: Browser
    stage: Stage
    lang: str
    locale: str

    def take_all(self) -> None:
        code = self.support_code()
        shots = [*SHOTS, Shot("attempt", "support", f"/admin/attempts/{code}")]
        for shot, theme in product(shots, THEMES):
            self.take(shot, self.stage.demo, theme)
        for theme in THEMES:
            self.take(
                Shot("account", "admin", "/admin/accounts/main", "section.card:has(#console)"), self.stage.real, theme
            )

    def take(self, shot: Shot, gateway: str, theme: str) -> None:
        with self.context(theme, SCREEN) as context:
            page = context.new_page()
            page.goto(f"{gateway}/admin/sign-in")
            page.locator("input[name=name]").fill(shot.role)
            page.locator("input[name=password]").fill(self.stage.password)
            page.locator("input[name=password]").press("Enter")
            page.wait_for_url(f"{gateway}/admin/")
            reply = page.goto(gateway + shot.path)
            assert reply is not None, page.url
            assert reply.ok, page.url
            if shot.down_to is not None:
                end = page.locator(shot.down_to).evaluate("card => card.getBoundingClientRect().bottom + scrollY")
                page.set_viewport_size({"width": SCREEN[0], "height": int(end) + _BELOW_A_CARD})
            self.keep(page, shot.name, theme)

    def support_code(self) -> str:
        """A visitor's login fails, and their page is the picture `visitor`; gives the code that they read there."""
        code = ""
        for theme in THEMES:
            with self.context(theme, PHONE) as context:
                page = context.new_page()
                httpx.post(f"{self.stage.simulator}/_sim/faults", json=FAULT, trust_env=False).raise_for_status()
                page.goto(self.stage.shop)
                page.locator("a[href*='snsapi_userinfo']").first.click()
                page.get_by_role("link", name="允许").click()
                code = page.locator("#support-code").inner_text()
                self.keep(page, "visitor", theme)
        return code

    @contextmanager
    def context(self, theme: str, screen: tuple[int, int]) -> Iterator[BrowserContext]:
        context = self.browser.new_context(
            viewport={"width": screen[0], "height": screen[1]},
            device_scale_factor=_DOTS,
            locale=self.locale,
            color_scheme="dark" if theme == "dark" else "light",
            storage_state=StorageState(cookies=[], origins=[]),
        )
        chosen = {"wxadmin_theme": theme, "wxadmin_lang": self.lang}
        for url, (name, value) in product((self.stage.demo, self.stage.real), chosen.items()):
            context.add_cookies([{"name": name, "value": value, "url": url}])
        yield context
        context.close()

    def keep(self, page: Page, name: str, theme: str) -> None:
        painter = self.browser.new_page()
        picture = Painter(painter).small(page.screenshot())
        painter.close()
        (IMAGES / f"{name}-{self.lang}-{theme}.png").write_bytes(picture)


if __name__ == "__main__":
    main()
