"""Errcodes by how often they were met, in the colours that the chart beside them has."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from wxadmin.handlers.admin import code_colours
from wxadmin.handlers.admin.code_colours import COLOURED, REST
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Stage
from wxadmin.queries.failure_kinds import Kind
from wxadmin.wechat import errcodes


@dataclass(frozen=True, slots=True)
class Rank:
    """`code` is empty for all others together; `share` is of all failures, from 0 to 1."""

    code: str
    title: str
    events: int
    share: float
    colour: int


def split(failures: Mapping[Kind, tuple[int, ...]]) -> tuple[dict[Kind, tuple[int, ...]], int]:
    """Those of logins, and how many renewals of tokens failed besides: no visitor notices one."""
    logins = {kind: values for kind, values in failures.items() if kind.stage != Stage.REFRESH}
    return logins, sum(sum(values) for kind, values in failures.items() if kind not in logins)


def ranked(counts: Mapping[Kind, tuple[int, ...]], lang: Language) -> list[Rank]:
    """The most frequent codes each by itself; `counts` are given with the most frequent first."""
    times: Counter[str] = Counter()
    stages: dict[str, str] = {}
    for kind, values in counts.items():
        times[kind.code] += sum(values)
        # What a code means depends on where it was met; it is called what it is where it is met most.
        stages.setdefault(kind.code, kind.stage)
    total = times.total()
    frequent = sorted(times.items(), key=lambda item: (-item[1], item[0]))
    colours = code_colours.of([code for code, _ in frequent[:COLOURED]])
    ranks = [
        Rank(code, errcodes.find(code, stages[code]).title(lang), events, events / total, colours[code])
        for code, events in frequent[:COLOURED]
    ]
    if rest := sum(events for _, events in frequent[COLOURED:]):
        others = translator(lang).gettext(msgid("Others"))
        ranks.append(Rank("", others, rest, rest / total, REST))
    return ranks
