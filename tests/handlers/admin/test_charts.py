"""Charts say in words and in lengths what they were given, and nothing that they were not."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxadmin.handlers.admin import charts
from wxadmin.handlers.admin.charts import Bucket, Mark, Series, legend, share, sparkline, stacked_bars

INVALID = Series("40029 code 无效", 1)
USED = Series("40163 code 已被使用", 2)


def drawn(*buckets: Bucket, series: tuple[Series, ...] = (INVALID, USED), wide: bool = True) -> ElementTree.Element:
    """The drawing as a browser reads it."""
    return ElementTree.fromstring(stacked_bars(buckets, series, title="失败次数", describe="共 12 次", wide=wide))


def heights(bar: ElementTree.Element) -> dict[str, float]:
    return {rect.get("class", ""): float(rect.get("height", "0")) for rect in bar.findall("rect")}


def test_a_bar_leads_to_its_list_and_says_its_numbers_newest_layer_first() -> None:
    bucket = Bucket("11-18", "/admin/attempts?from=2026-11-18&code=40029", (1200, 34))

    bar = drawn(bucket).find("a")

    assert bar is not None
    assert bar.get("href") == bucket.href
    assert bar.findtext("title") == "11-18: 1,234\n40163 code 已被使用: 34\n40029 code 无效: 1,200"


def test_layers_are_as_high_as_their_values_and_stand_upon_each_other() -> None:
    bar = drawn(Bucket("11-18", "/", (30, 10))).find("a")

    assert bar is not None
    lower, upper = (bar.find(f"rect[@class='{name}']") for name in ("s1", "s2"))
    assert lower is not None
    assert upper is not None
    assert heights(bar)["s1"] == pytest.approx(3 * heights(bar)["s2"], abs=0.2)
    top_of_lower = float(lower.get("y", "0"))
    assert float(upper.get("y", "0")) + heights(bar)["s2"] == pytest.approx(top_of_lower, abs=0.2)


def test_a_mark_stands_at_its_moment_over_the_bars_and_is_left_to_the_pointer() -> None:
    bars = [Bucket(f"{hour}:00", None, (hour, 0)) for hour in (1, 2, 3, 4)]
    drawing = ElementTree.fromstring(
        stacked_bars(bars, (INVALID, USED), title="", describe="", wide=True, marks=[Mark(1.5, "21:58 <AppSecret>")])
    )

    (mark,) = drawing.findall("g[@class='mark']")

    path = mark.find("path")
    assert path is not None
    second = drawing.findall("g[@class='bar']")[1].find("rect[@class='hit']")
    assert second is not None
    middle = float(second.get("x", "0")) + float(second.get("width", "0")) / 2
    assert float(path.get("d", "")[1:].split()[0]) == pytest.approx(middle, abs=0.2)
    assert (mark.get("aria-hidden"), mark.findtext("title")) == ("true", "21:58 <AppSecret>")


def test_nothing_is_drawn_for_a_zero() -> None:
    bar = drawn(Bucket("11-18", "/", (0, 10))).find("a")

    assert bar is not None
    assert set(heights(bar)) == {"hit", "s2"}
    assert bar.findtext("title") == "11-18: 10\n40163 code 已被使用: 10"


def test_a_bar_without_a_list_is_no_link_but_can_be_reached() -> None:
    drawing = drawn(Bucket("11-18", None, (1, 0)))

    bar = drawing.find("g")

    assert drawing.find("a") is None
    assert bar is not None
    assert (bar.get("role"), bar.get("tabindex")) == ("img", "0")


def test_title_and_description_come_first() -> None:
    drawing = drawn(Bucket("11-18", "/", (1, 2)))

    assert [(part.tag, part.text) for part in drawing[:2]] == [("title", "失败次数"), ("desc", "共 12 次")]


def test_words_of_others_stay_words() -> None:
    evil = '"><script>alert(1)</script>'

    drawing = drawn(Bucket(evil, f"/?q={evil}", (1,)), series=(Series(evil, 1),))

    assert drawing.find(".//script") is None
    assert "<script" not in legend([Series(evil, 1)]) + sparkline([1], title=evil)
    assert drawing.findtext("a/title") == f"{evil}: 1\n{evil}: 1"


@pytest.mark.parametrize("wide", [True, False])
def test_labels_do_not_touch_and_the_newest_is_among_them(*, wide: bool) -> None:
    days = [Bucket(f"11-{day:02}", "/", (day, 0)) for day in range(1, 31)]

    labels = drawn(*days, wide=wide).findall("text[@class='time']")

    places = sorted(float(label.get("x", "0")) for label in labels)
    assert labels[-1].text == "11-30"
    assert min(right - left for left, right in pairwise(places)) > 5 * charts._NARROW.letter


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), max_size=90), st.booleans())
def test_whatever_is_counted_stays_on_the_paper(values: list[tuple[int, int]], wide: bool) -> None:
    drawing = drawn(*(Bucket(str(number), "/", pair) for number, pair in enumerate(values)), wide=wide)

    _, _, width, height = map(float, drawing.get("viewBox", "").split())
    for rect in drawing.iter("rect"):
        x, y, w, h = (float(rect.get(name, "nan")) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + w <= width + 0.2
        assert y + h <= height


@given(st.integers(0, 10**9))
def test_the_scale_is_round_whole_and_just_above_the_highest(highest: int) -> None:
    ticks = charts._ticks(highest)

    steps = {right - left for left, right in pairwise(ticks)}
    assert ticks[0] == 0
    assert ticks[-1] >= highest
    assert len(ticks) <= 6
    assert len(steps) == 1
    assert str(steps.pop()).rstrip("0") in {"1", "2", "25", "5"}


def test_a_trend_is_highest_where_its_value_is() -> None:
    drawing = ElementTree.fromstring(sparkline([0, 5, 10], title="近 7 日"))

    line = drawing.find("polyline")

    assert line is not None
    heights = [float(point.split(",")[1]) for point in line.get("points", "").split()]
    assert heights == [26, 14, 2]
    assert (drawing.get("role"), drawing.findtext("title")) == ("img", "近 7 日")


@pytest.mark.parametrize("values", [[], [0], [0, 0], [7]])
def test_a_trend_of_next_to_nothing_is_drawn_as_well(values: list[int]) -> None:
    drawing = ElementTree.fromstring(sparkline(values, title="trend"))

    assert len(drawing.findall("circle")) == min(len(values), 1)


@pytest.mark.parametrize(("part", "whole", "width"), [(1, 4, "25.0"), (4, 4, "100.0"), (0, 0, "0.0")])
def test_a_share_is_as_long_as_its_part(part: int, whole: int, width: str) -> None:
    bar = ElementTree.fromstring(share(part, whole, colour=3)).find("rect[@class='s3']")

    assert bar is not None
    assert bar.get("width") == width


def test_the_legend_names_each_series_beside_its_colour() -> None:
    items = ElementTree.fromstring(legend([INVALID, USED])).findall("li")

    assert ["".join(item.itertext()) for item in items] == [INVALID.name, USED.name]
    assert [swatch.get("class") for item in items for swatch in item] == ["swatch s1", "swatch s2"]
