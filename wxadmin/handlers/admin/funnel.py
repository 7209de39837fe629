"""The way from start to redemption: how many came how far, where the others were lost, and how long it took."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wxadmin.handlers.admin.durations import spoken_ms
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Outcome, Stage
from wxadmin.queries.steps import Quantile, Step
from wxadmin.vocabulary import STAGES

WAY = (Stage.START, Stage.RETURN, Stage.EXCHANGE, Stage.HANDOFF, Stage.REDEEM)
TIMED = (Stage.RETURN, Stage.EXCHANGE, Stage.USERINFO, Stage.HANDOFF, Stage.REDEEM)
# The attempts that came so far, and those that came no further than the step before.
_REACHED = {Stage.START: None, Stage.HANDOFF: Outcome.SUCCEEDED.value}
_LOST = {Stage.RETURN: Outcome.ABANDONED.value, Stage.EXCHANGE: Outcome.FAILED.value}

Link = Callable[[str | None], str | None]
"""The list of the attempts with an outcome, of all where it is None; None for those who may not see them."""


@dataclass(frozen=True, slots=True)
class Rung:
    """`share` is of all that started, `lost` how many fewer than at the step before, None at the first; both shares are
    from 0 to 1. The addresses are those of the lists behind the numbers."""

    name: str
    events: int
    share: float | None
    lost: int | None
    lost_share: float | None
    href: str | None
    lost_href: str | None


@dataclass(frozen=True, slots=True)
class Timing:
    """`shares` are how many lay in each bucket of durations."""

    name: str
    timed: int
    median: str
    p95: str
    buckets: tuple[int, ...]


def rungs(steps: Mapping[Stage, Step], link: Link) -> list[Rung]:
    """From the first click to the site's redemption."""
    return [_rung(stage, before, steps, link) for before, stage in zip((None, *WAY), WAY, strict=False)]


def timings(steps: Mapping[Stage, Step], lang: Language) -> list[Timing]:
    """Median and 95th percentile by step; a dash where nothing was timed."""
    return [
        Timing(
            STAGES[stage],
            steps[stage].timed,
            spoken(steps[stage].quantile(0.5), lang),
            spoken(steps[stage].quantile(0.95), lang),
            tuple(steps[stage].durations),
        )
        for stage in TIMED
    ]


def lost(before: Step, here: Step) -> int:
    """None are lost where more came through than had come so far: they had done so before the span began."""
    return max(0, before.events - here.events)


def spoken(quantile: Quantile | None, lang: Language) -> str:
    if quantile is None:
        return "—"
    told = spoken_ms(quantile.ms, lang)
    return translator(lang).gettext(msgid("over %s")) % told if quantile.is_more else told


def _rung(stage: Stage, before: Stage | None, steps: Mapping[Stage, Step], link: Link) -> Rung:
    here, first = steps[stage], steps[WAY[0]]
    missing = lost(steps[before], here) if before else None
    return Rung(
        STAGES[stage],
        here.events,
        here.events / first.events if first.events else None,
        missing,
        missing / steps[before].events if before and missing is not None and steps[before].events else None,
        link(_REACHED[stage]) if stage in _REACHED else None,
        link(_LOST[stage]) if stage in _LOST else None,
    )
