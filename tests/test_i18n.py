"""The catalogues hold what the pages say, no more and no less; a visitor gets the language they read."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from tornado.template import Loader

import wxadmin
from wxadmin.i18n import LANGUAGES, Language, best_language, html_lang, local_time, translator

PACKAGE = Path(wxadmin.__file__).parent
KEYWORDS = ["_", "gettext", "msgid", "ngettext"]
PLACEHOLDER = re.compile(r"%\(\w+\)\w")
WECHAT = "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 MicroMessenger/8.0.49(0x1800312f) NetType/WIFI Language/{}"


def texts_of_python(source: bytes) -> Iterator[str]:
    for _, _, texts, _ in extract_python(BytesIO(source), KEYWORDS, [], {"encoding": "utf-8"}):
        # A call with a variable yields nothing; one with several texts yields a tuple.
        yield from filter(None, texts if isinstance(texts, tuple) else [texts])


def texts_used(folder: str = "", templates: str = "", names: str = "*") -> set[str]:
    """Every text that the modules of a folder and its templates hand to the catalogue."""
    loader = Loader(str(PACKAGE / "templates"))
    sources = [path.read_bytes() for path in (PACKAGE / folder).rglob(f"{names}.py")]
    sources += [
        loader.load(path.relative_to(loader.root).as_posix()).code.encode()
        for path in (PACKAGE / "templates" / templates).rglob("*.html")
    ]
    return {text for source in sources for text in texts_of_python(source)}


def translations(lang: str) -> dict[str, list[str]]:
    """Msgids (singular and plural apart) with every form of their translation."""
    messages = []
    for file in (PACKAGE / "locale" / lang / "LC_MESSAGES").glob("*.po"):
        with file.open("rb") as source:
            messages += [message for message in read_po(source, locale=lang) if message.id]
    pairs = [(message.id, message.string) for message in messages]
    return {
        text: list(string) if isinstance(string, tuple) else [string]
        for ids, string in pairs
        for text in (ids if isinstance(ids, (tuple, list)) else [ids])
    }


def test_every_text_has_its_chinese_words() -> None:
    used = texts_used()

    translated = {text for text, forms in translations("zh_CN").items() if all(forms)}

    assert used - translated == set()


def test_every_text_of_the_visitors_pages_has_its_traditional_chinese_words() -> None:
    used = texts_used("handlers", "visitor", "visitor*")

    translated = {text for text, forms in translations("zh_TW").items() if all(forms)}

    assert len(used) > 40
    assert used - translated == set()


@pytest.mark.parametrize("lang", ["zh_CN", "zh_TW"])
def test_no_translation_has_outlived_its_text(lang: str) -> None:
    used = texts_used()

    catalogued = set(translations(lang))

    assert catalogued - used == set()


@pytest.mark.parametrize("lang", ["zh_CN", "zh_TW"])
def test_no_text_is_translated_in_two_ways(lang: str) -> None:
    """Of two files, one would win by its name, on the pages of both."""
    ways: dict[str, set[str]] = {}
    for file in (PACKAGE / "locale" / lang / "LC_MESSAGES").glob("*.po"):
        with file.open("rb") as source:
            for message in read_po(source, locale=lang):
                ways.setdefault(str(message.id), set()).add(str(message.string))

    assert {text: said for text, said in ways.items() if text and len(said) > 1} == {}


@pytest.mark.parametrize("lang", ["zh_CN", "zh_TW"])
def test_translations_fill_in_the_same_values(lang: str) -> None:
    catalogue = translations(lang)

    differing = {
        text
        for text, forms in catalogue.items()
        for form in forms
        if set(PLACEHOLDER.findall(form)) != set(PLACEHOLDER.findall(text))
    }

    assert differing == set()


@pytest.mark.parametrize("lang", ["zh_CN", "zh_TW"])
def test_chinese_sentences_use_full_width_punctuation(lang: str) -> None:
    forms = [form for forms in translations(lang).values() for form in forms]

    half_width = [form for form in forms if re.search(r"[\u4e00-\u9fff][,;:!?()]|[,;:!?()][\u4e00-\u9fff]", form)]

    assert half_width == []


def test_english_is_said_as_it_is_written() -> None:
    words = translator("en")

    one, many = (words.ngettext("%(n)d second", "%(n)d seconds", n) % {"n": n} for n in (1, 2))

    assert words.gettext("Continue") == "Continue"
    assert (one, many) == ("1 second", "2 seconds")


@pytest.mark.parametrize(("lang", "word"), [("zh_CN", "复制"), ("zh_TW", "複製"), ("en", "Copy")])
def test_a_catalogue_speaks_its_language(lang: Language, word: str) -> None:
    words = translator(lang)

    assert words.gettext("Copy") == word


@pytest.mark.parametrize(
    ("accept_language", "asked", "user_agent", "expected"),
    [
        (None, None, None, "zh_CN"),
        ("", "", "", "zh_CN"),
        ("zh-CN,zh;q=0.9", None, None, "zh_CN"),
        ("en-GB,en;q=0.9,zh;q=0.8", None, None, "en"),
        ("fr-FR,fr;q=0.9,en;q=0.8", None, None, "en"),
        ("fr-FR", None, None, "zh_CN"),
        ("zh-Hant-HK,zh;q=0.5", None, None, "zh_TW"),
        ("zh-MO", None, None, "zh_TW"),
        ("zh-Hans-HK", None, None, "zh_CN"),
        ("zh-SG", None, None, "zh_CN"),
        ("en;q=0.3, zh-TW;q=0.7", None, None, "zh_TW"),
        ("en;q=0,zh-HK", None, None, "zh_TW"),
        ("en;q=rubbish,*;q=0.1", None, None, "zh_CN"),
        ("zh-CN", "en", None, "en"),
        ("zh-CN", "zh-Hant", None, "zh_TW"),
        ("en", "klingon", None, "en"),
        ("en-US", None, WECHAT.format("zh_CN"), "zh_CN"),
        ("zh-CN", None, WECHAT.format("zh_HK"), "zh_TW"),
        ("zh-CN", None, WECHAT.format("en"), "en"),
        ("en", None, WECHAT.format("fr"), "en"),
        ("zh-CN", "zh_CN", WECHAT.format("en"), "zh_CN"),
    ],
)
def test_a_visitor_gets_the_language_that_says_most_about_them(
    accept_language: str | None, asked: str | None, user_agent: str | None, expected: Language
) -> None:
    chosen = best_language(accept_language, asked, user_agent)

    assert chosen == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Shanghai", "2026-11-20 16:34:12 UTC+8"),
        ("Asia/Kolkata", "2026-11-20 14:04:12 UTC+5:30"),
        ("America/St_Johns", "2026-11-20 05:04:12 UTC-3:30"),
        ("UTC", "2026-11-20 08:34:12 UTC"),
    ],
)
def test_times_are_told_in_the_viewers_zone_with_its_offset(zone: str, expected: str) -> None:
    at = datetime(2026, 11, 20, 8, 34, 12, tzinfo=UTC)

    assert local_time(at, ZoneInfo(zone)) == expected


def test_pages_name_their_language_as_browsers_do() -> None:
    assert [html_lang(lang) for lang in LANGUAGES] == ["zh-CN", "zh-TW", "en"]
