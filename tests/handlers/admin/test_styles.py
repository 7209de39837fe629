"""The stylesheets say nothing of what no page has."""

import re
from pathlib import Path

import pytest

import wxadmin
from wxadmin.handlers.static import static_root

SHEETS = sorted((static_root() / "css").glob("*.css"))
PACKAGE = Path(wxadmin.__file__).parent
# A class may be put together of its beginning and a value.
MADE = {f"s{number}" for number in range(1, 9)} | {"tone-go", "tone-wait"}


def words_of_pages() -> set[str]:
    """Whatever can be a class in the templates, and in the modules and scripts that write into pages."""
    sources = [*PACKAGE.rglob("*.html"), *(PACKAGE / "handlers").rglob("*.py"), *static_root().rglob("*.js")]
    return {word for path in sources for word in re.findall(r"[\w-]+", path.read_text("utf-8"))}


def classes_of(sheet: Path) -> set[str]:
    rules = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
    selectors = re.findall(r"([^{};]+)\{", rules)
    return {name for selector in selectors for name in re.findall(r"\.([a-z][\w-]*)", selector)}


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_class_of_a_stylesheet_is_on_some_page(sheet: Path) -> None:
    assert classes_of(sheet) - words_of_pages() - MADE == set()


def test_each_stylesheet_is_asked_for() -> None:
    asked = words_of_pages()

    assert [sheet.name for sheet in SHEETS if sheet.stem not in asked] == []
