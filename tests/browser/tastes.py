"""In which width, theme and language a page is looked at: in all eight ways, or in two that have nothing in common."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

EVERY_TASTE = "WXADMIN_TEST_TASTES"
"""`all` has every page looked at in every taste, which takes four times as long."""

DESK, PHONE = (1280, 800), (360, 740)


@dataclass(frozen=True)
class Taste:
    width: int
    height: int
    theme: str
    lang: str

    def __str__(self) -> str:
        return f"{self.width}-{self.theme}-{self.lang}"


TASTES = [Taste(*size, theme, lang) for size, theme, lang in product((DESK, PHONE), ("light", "dark"), ("zh_CN", "en"))]


def in_tastes(name: str, pages: Iterable[Any]) -> pytest.MarkDecorator:
    """Parametrizes a test by `name` and `taste`: each page in two tastes that share neither width nor theme nor
    language, so that any two pages beside each other are seen in four, and all pages together in every one."""
    is_all = os.environ.get(EVERY_TASTE) == "all"
    pairs = [
        pytest.param(page, taste, id=f"{page}-{taste}")
        for number, page in enumerate(pages)
        for taste in (TASTES if is_all else _opposites(number))
    ]
    return pytest.mark.parametrize((name, "taste"), pairs)


def _opposites(number: int) -> tuple[Taste, Taste]:
    one = number % (len(TASTES) // 2)
    return TASTES[one], TASTES[-1 - one]
