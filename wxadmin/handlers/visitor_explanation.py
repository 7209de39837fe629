"""The explanation page (授权说明页): before WeChat asks for consent, who wants to know what, and both ways on."""

from collections.abc import Callable
from dataclasses import dataclass

from wxadmin.handlers.static import icon
from wxadmin.handlers.visitor import TEMPLATES
from wxadmin.i18n import Language, html_lang, msgid, translator
from wxadmin.queries.notices import Shown

_TITLE = msgid("“%(site)s” asks for your WeChat nickname and picture")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`agree_url` goes on to WeChat, `guest_url` back to the site."""

    lang: Language
    site_title: str
    contact: str | None
    privacy_url: str | None
    agree_url: str
    guest_url: str
    notice: Shown | None = None


def render(page: Explanation, static_url: Callable[[str], str]) -> str:
    """The page as HTML: the visitor's language, with a line beneath for those who read the other one."""
    other: Language = "zh_CN" if page.lang == "en" else "en"
    return (
        TEMPLATES.load("visitor/explanation.html")
        .generate(
            page=page,
            lang=html_lang(page.lang),
            title=_title(page, page.lang),
            other_lang=html_lang(other),
            other_title=_title(page, other),
            icon=icon,
            static_url=static_url,
            _=translator(page.lang).gettext,
        )
        .decode()
    )


def _title(page: Explanation, lang: Language) -> str:
    return translator(lang).gettext(_TITLE) % {"site": page.site_title}
