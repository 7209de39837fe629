"""The page that a visitor sees when a login ends in anything but success."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import segno
from tornado.template import Loader

from wxadmin.handlers.static import icon
from wxadmin.handlers.visitor_kinds import CARRY, GO_BACK, WAIT, Kind, kind_of
from wxadmin.i18n import Language, html_lang, local_time, translator
from wxadmin.queries.notices import Shown

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}

SCANNABLE = 400  # characters that a phone still reads off a screen, at three pixels a sign

TEMPLATES = Loader(str(Path(__file__).parent.parent / "templates"))


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorPage:
    """What one page says. `at` is aware; `support_code` is shown as it comes (K7M2-Q9XD); `retry_after` in seconds.

    `restart_url` starts the login again. For gw_not_wechat it should be absolute: the visitor carries it to WeChat.
    """

    reason: str
    status: int
    lang: Language
    at: datetime
    zone: ZoneInfo
    site_title: str | None
    contact: str | None
    support_code: str | None
    request_id: str
    restart_url: str | None
    retry_after: int | None = None
    browser_family: str = ""
    notice: Shown | None = None


@dataclass(frozen=True, slots=True)
class _Words:
    """A page's three sentences in one language, and the same in brief."""

    lang: str
    title: str
    happened: str
    to_do: str

    @property
    def brief(self) -> str:
        return f"{self.title}{'. ' if self.lang == 'en' else '。'}{self.to_do}"


def headers(page: VisitorPage) -> dict[str, str]:
    """The response headers that go with a page."""
    waiting = {} if page.retry_after is None else {"Retry-After": str(page.retry_after)}
    return SECURITY_HEADERS | waiting | {"Content-Language": html_lang(page.lang)}


def render(page: VisitorPage, static_url: Callable[[str], str]) -> str:
    """The page as HTML: the visitor's language, with a line beneath for those who read the other one."""
    kind = kind_of(page.reason, page.browser_family)
    carried_url = page.restart_url if kind.carries else None
    return (
        TEMPLATES.load("visitor/page.html")
        .generate(
            page=page,
            lang=html_lang(page.lang),
            kind=kind,
            words=_words(page, kind, page.lang),
            other=_words(page, kind, "zh_CN" if page.lang == "en" else "en"),
            restart_url=page.restart_url if kind.restarts else None,
            carried_url=carried_url,
            qr=_qr(carried_url) if carried_url else None,
            time=local_time(page.at, page.zone),
            time_utc=page.at.astimezone(UTC).isoformat(timespec="seconds"),
            icon=icon,
            static_url=static_url,
            _=translator(page.lang).gettext,
        )
        .decode()
    )


def _words(page: VisitorPage, kind: Kind, lang: Language) -> _Words:
    gettext = translator(lang).gettext
    return _Words(html_lang(lang), gettext(kind.title), gettext(kind.happened), _to_do(page, kind, lang))


def _to_do(page: VisitorPage, kind: Kind, lang: Language) -> str:
    words = translator(lang)
    if kind.restarts and not page.restart_url:
        return words.gettext(GO_BACK)
    if kind.carries and page.restart_url:
        return words.gettext(CARRY)
    if kind.to_do == WAIT and page.retry_after:
        sentence = words.ngettext(
            "Please wait %(seconds)d second, then tap Continue.",
            "Please wait %(seconds)d seconds, then tap Continue.",
            page.retry_after,
        )
        return sentence % {"seconds": page.retry_after}
    return words.gettext(kind.to_do)


def _qr(url: str) -> str | None:
    """A QR code as inline SVG without a size, so that the stylesheet decides it; None where it would be too fine."""
    if len(url) > SCANNABLE:
        return None
    return str(segno.make(url, error="l", micro=False).svg_inline(omitsize=True, border=0, svgclass="qr"))
