"""Charts as inline SVG: they need no script, print well, and take their colours from charts.css."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Final
from unicodedata import east_asian_width

_TICKS = 4
_BAR_SHARE = 0.74
_BROADEST_BAR = 44
_LABEL_GAP = 24


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar: what its time is called, the list behind it, and a value for each series."""

    label: str
    href: str | None
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One layer of the bars; `colour` is 1 to 8, as charts.css numbers them."""

    name: str
    colour: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one moment: `place` counts in bars, 1.5 being the middle of the second. The words are
    for the pointer alone, so a list beneath has to say the same."""

    place: float
    words: str


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The paper of a drawing. A wide one scaled to a phone would have labels of five pixels, so there are two."""

    kind: str
    width: int
    height: int
    letter: float
    """How wide a Latin letter of a label is."""

    @property
    def top(self) -> float:
        return self.letter * 1.5

    @property
    def floor(self) -> float:
        return self.height - self.letter * 4


_WIDE: Final = _Sheet("wide", 840, 264, 7.2)
_NARROW: Final = _Sheet("narrow", 320, 210, 6.6)


def stacked_bars(
    buckets: Sequence[Bucket],
    series: Sequence[Series],
    *,
    title: str,
    describe: str,
    wide: bool,
    marks: Sequence[Mark] = (),
) -> str:
    """A bar for each bucket, one series upon the other, the first at the bottom.

    Put both drawings into one `<figure class="chart">`: the stylesheet shows the one that fits. The same numbers belong
    beneath as a table.
    """
    sheet = _WIDE if wide else _NARROW
    ticks = _ticks(max((sum(bucket.values) for bucket in buckets), default=0))
    left = (max(len(f"{tick:,}") for tick in ticks) + 1) * sheet.letter
    slot = (sheet.width - left) / max(len(buckets), 1)
    parts = [
        f'<svg class="bars {sheet.kind}" viewBox="0 0 {sheet.width} {sheet.height}" role="group">',
        f"<title>{escape(title)}</title><desc>{escape(describe)}</desc>",
        *_grid(sheet, ticks, left),
        *_labels(sheet, buckets, left, slot),
        *(
            _bar(sheet, bucket, series, x=left + number * slot, slot=slot, top=ticks[-1])
            for number, bucket in enumerate(buckets)
        ),
        *(_mark(sheet, mark, x=left + mark.place * slot) for mark in marks),
        "</svg>",
    ]
    return "".join(parts)


def legend(series: Sequence[Series]) -> str:
    """The names of the series beside their colours."""
    names = (f'<li><span class="swatch s{one.colour}"></span>{escape(one.name)}</li>' for one in series)
    return f'<ul class="legend">{"".join(names)}</ul>'


def sparkline(values: Sequence[int], *, title: str) -> str:
    """A small line without axes, for a table's row; the title says what it shows."""
    width, height = 120, 28
    top = max(values, default=0) or 1
    step = (width - 4) / max(len(values) - 1, 1)
    points = [(2 + step * number, height - 2 - (height - 4) * value / top) for number, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    end = f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="2"/>' if points else ""
    return (
        f'<svg class="sparkline" viewBox="0 0 {width} {height}" role="img"><title>{escape(title)}</title>'
        f'<polyline points="{line}"/>{end}</svg>'
    )


def share(part: int, whole: int, *, colour: int = 1) -> str:
    """A thin bar under a row's name; decoration, since the number stands beside it."""
    width = 100 * part / whole if whole else 0
    return (
        '<svg class="share" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rest" width="100" height="3"/><rect class="s{colour}" width="{width:.1f}" height="3"/></svg>'
    )


def _ticks(highest: int) -> list[int]:
    """Round numbers from 0 to the first at or above the highest value; whole, since all this counts."""
    rough = max(highest, 1) / _TICKS
    power = 10 ** floor(log10(rough))
    step = max(1, next(int(factor * power) for factor in (1, 2, 2.5, 5, 10) if factor * power >= max(rough, 1)))
    return [step * number for number in range(ceil(max(highest, 1) / step) + 1)]


def _y(sheet: _Sheet, value: float, top: int) -> float:
    return sheet.floor - (sheet.floor - sheet.top) * value / top


def _grid(sheet: _Sheet, ticks: list[int], left: float) -> Iterator[str]:
    for tick in ticks:
        y = _y(sheet, tick, ticks[-1])
        yield f'<path class="grid" d="M{left:.1f} {y:.1f}H{sheet.width}"/>'
        yield f'<text class="tick" x="{left - sheet.letter:.1f}" y="{y:.1f}" aria-hidden="true">{tick:,}</text>'


def _labels(sheet: _Sheet, buckets: Sequence[Bucket], left: float, slot: float) -> Iterator[str]:
    """As many labels as stand beside each other, counted from the newest bar."""
    broadest = max((_letters(bucket.label) for bucket in buckets), default=0) * sheet.letter
    every = ceil((broadest + _LABEL_GAP) / slot)
    for number, bucket in enumerate(buckets):
        if (len(buckets) - 1 - number) % every:
            continue
        half = _letters(bucket.label) * sheet.letter / 2
        x = min(left + (number + 0.5) * slot, sheet.width - half)
        y = sheet.height - sheet.letter
        yield f'<text class="time" x="{x:.1f}" y="{y:.1f}" aria-hidden="true">{escape(bucket.label)}</text>'


def _letters(text: str) -> int:
    """How many Latin letters wide the text is; Chinese ones count twice."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _bar(sheet: _Sheet, bucket: Bucket, series: Sequence[Series], *, x: float, slot: float, top: int) -> str:
    width, ground = min(slot * _BAR_SHARE, _BROADEST_BAR), sheet.floor - sheet.top
    parts = [
        f"<title>{escape(_said(bucket, series))}</title>",
        f'<rect class="hit" x="{x:.1f}" y="{sheet.top:.1f}" width="{slot:.1f}" height="{ground:.1f}"/>',
    ]
    below = 0
    for value, one in zip(bucket.values, series, strict=True):
        if value:
            y, height = _y(sheet, below + value, top), _y(sheet, below, top) - _y(sheet, below + value, top)
            parts.append(
                f'<rect class="s{one.colour}" x="{x + (slot - width) / 2:.1f}" y="{y:.1f}" '
                f'width="{width:.1f}" height="{height:.1f}"/>'
            )
            below += value
    inside = "".join(parts)
    if bucket.href is None:
        return f'<g class="bar" role="img" tabindex="0">{inside}</g>'
    return f'<a class="bar" href="{escape(bucket.href)}">{inside}</a>'


def _mark(sheet: _Sheet, mark: Mark, *, x: float) -> str:
    """A line with a flag, over the bars."""
    flag = f"M{x:.1f} {sheet.floor:.1f}V2l{sheet.letter:.1f} 4l-{sheet.letter:.1f} 4"
    return f'<g class="mark" aria-hidden="true"><title>{escape(mark.words)}</title><path d="{flag}"/></g>'


def _said(bucket: Bucket, series: Sequence[Series]) -> str:
    """The bar in words, a line for each series that has something; the tooltip shows the same lines."""
    named = [f"{one.name}: {value:,}" for value, one in zip(bucket.values, series, strict=True) if value]
    return "\n".join([f"{bucket.label}: {sum(bucket.values):,}", *reversed(named)])
