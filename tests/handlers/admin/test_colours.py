"""The stylesheets' colours can be told apart by weak eyes, in both themes."""

import re
from itertools import product

import pytest

from wxadmin.handlers.static import static_root

TEXT = [
    *product(["ink", "muted", "brand", "bad"], ["page", "surface", "sunken"]),
    *[
        ("ink", "brand-soft"),
        ("brand", "brand-soft"),
        ("ok", "brand-soft"),
        ("on-brand", "brand"),
        ("on-brand", "brand-strong"),
    ],
    *[("ink", "wait-soft"), ("ink", "bad-soft"), ("bad", "bad-soft"), ("wait", "wait-soft"), ("stop", "stop-soft")],
]


def colours(sheet: str) -> dict[str, str]:
    css = (static_root() / "css" / sheet).read_text("utf-8")
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


THEMES = {"light": colours("colours.css"), "dark": colours("dark.css")}


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance of #rrggbb."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_colour_has_its_night_and_stands_nowhere_else() -> None:
    light, dark = ((static_root() / "css" / name).read_text("utf-8") for name in ("colours.css", "dark.css"))
    others = [path for path in (static_root() / "css").glob("*.css") if path.stem not in {"colours", "dark"}]

    stray = {path.name: re.findall(r"#[0-9a-f]{3,8}\b(?! \{)", path.read_text("utf-8")) for path in others}

    assert re.findall(r"--[\w-]+(?=:)", light) == re.findall(r"--[\w-]+(?=:)", dark)
    # What a phone's camera reads is dark on white at night as well.
    assert {name: found for name, found in stray.items() if found} == {"visitor.css": ["#ffffff"]}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("words", "ground"), TEXT)
def test_words_stand_out_from_their_ground(theme: str, words: str, ground: str) -> None:
    named = THEMES[theme]

    assert contrast(named[words], named[ground]) >= 5.2


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("series", range(1, 9))
def test_a_chart_stands_out_from_its_card(theme: str, series: int) -> None:
    named = THEMES[theme]

    assert contrast(named[f"s{series}"], named["surface"]) >= 3.2


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["surface", "page"])
def test_edges_of_controls_and_the_focus_ring_can_be_seen(theme: str, ground: str) -> None:
    named = THEMES[theme]

    assert contrast(named["line-strong"], named[ground]) >= 3
    assert contrast(named["focus"], named[ground]) >= 3
