"""Failures over time, the most frequent codes in colours of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wxadmin.handlers.admin import code_colours
from wxadmin.handlers.admin.charts import Bucket, Mark, Series, legend, stacked_bars
from wxadmin.handlers.admin.code_colours import COLOURED, REST
from wxadmin.i18n import Language, msgid, translator
from wxadmin.queries.failure_kinds import Kind
from wxadmin.wechat import errcodes


@dataclass(frozen=True, slots=True)
class CodeChart:
    """Both drawings with their legend, and the same numbers as a table."""

    wide: str
    narrow: str
    legend: str
    names: Sequence[str]
    buckets: Sequence[Bucket]


def draw(
    counts: Mapping[Kind, tuple[int, ...]],
    buckets: Sequence[tuple[str, str | None]],
    lang: Language,
    *,
    marks: Sequence[Mark] = (),
) -> CodeChart:
    """The counts by bucket; `buckets` are labels and the lists behind them, `marks` what happened meanwhile."""
    say = translator(lang).gettext
    by_code = _by_code(counts)
    coloured = list(by_code)[:COLOURED]
    layers = [by_code[code] for code in coloured]
    colours = code_colours.of(coloured)
    series = [
        Series(f"{code} {errcodes.find(code, _stage_of(counts, code)).title(lang)}", colours[code]) for code in coloured
    ]
    if rest := [by_code[code] for code in list(by_code)[COLOURED:]]:
        layers.append([sum(values) for values in zip(*rest, strict=True)])
        series.append(Series(say(msgid("Others")), REST))
    bars = [
        Bucket(label, href, tuple(layer[number] for layer in layers)) for number, (label, href) in enumerate(buckets)
    ]
    highest = max(bars, key=lambda bar: sum(bar.values))
    told = say(msgid("%(total)d failures; most at %(when)s: %(most)d.")) % {
        "total": sum(sum(bar.values) for bar in bars),
        "when": highest.label,
        "most": sum(highest.values),
    }
    title = say(msgid("Failures by errcode"))
    wide, narrow = (
        stacked_bars(bars, series, title=title, describe=told, wide=wide, marks=marks) for wide in (True, False)
    )
    return CodeChart(wide, narrow, legend(series), [one.name for one in series], bars)


def _by_code(counts: Mapping[Kind, tuple[int, ...]]) -> dict[str, list[int]]:
    """The counts of each code, its steps taken together, most frequent first."""
    codes: dict[str, list[int]] = {}
    for kind, values in counts.items():
        so_far = codes.get(kind.code, [0] * len(values))
        codes[kind.code] = [one + more for one, more in zip(so_far, values, strict=True)]
    return dict(sorted(codes.items(), key=lambda item: (-sum(item[1]), item[0])))


def _stage_of(counts: Mapping[Kind, tuple[int, ...]], code: str) -> str:
    """Where the code is met most, for its name."""
    return max((kind for kind in counts if kind.code == code), key=lambda kind: sum(counts[kind])).stage
